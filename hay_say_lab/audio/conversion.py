"""Rate and channel conversion: a file of any shape -> a mono clip; a clip -> the rate that a contract takes."""

from __future__ import annotations

from pathlib import Path

from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.manifest import AudioContract


def decode(path: Path) -> Clip:
    """Any file that libsndfile reads -> mono float32 at its own rate (channels averaged)."""
    import soundfile

    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return Clip(mono, sample_rate)


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
