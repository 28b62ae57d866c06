"""Rate and channel conversion: a file of any shape -> a mono clip; a clip -> the rate that a contract takes."""

from __future__ import annotations

from pathlib import Path

from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.manifest import AudioContract

BLOCK_FRAMES = 1 << 16


def decode(path: Path) -> Clip:
    """Any file that libsndfile reads -> mono float32 at its own rate (channels averaged).

    Block by block, so that many channels never lie in memory together.
    """
    import numpy
    import soundfile

    with soundfile.SoundFile(path) as file:
        blocks = []
        while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
            blocks.append(block[:, 0] if file.channels == 1 else block.mean(axis=1))
        return Clip(numpy.concatenate(blocks or [numpy.zeros(0, numpy.float32)]), file.samplerate)


def resample(clip: Clip, sample_rate: int) -> Clip:
    """To another rate, soxr VHQ; the length becomes round(N * sample_rate / clip.sample_rate) exactly."""
    import numpy
    import soxr

    if sample_rate == clip.sample_rate:
        return clip
    frames = round(len(clip.samples) * sample_rate / clip.sample_rate)
    samples = soxr.resample(clip.samples, clip.sample_rate, sample_rate, quality="VHQ")[:frames]
    padded = numpy.zeros(frames, dtype=numpy.float32)
    padded[: len(samples)] = samples
    return Clip(padded, sample_rate)


def rate_within(sample_rate: int, contract: AudioContract) -> int:
    """The nearest rate that a contract takes: unchanged where it fits."""
    return min(max(sample_rate, contract.lowest_rate), contract.highest_rate)
