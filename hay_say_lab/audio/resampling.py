"""Another sample rate, block by block: a checkpoint comes in between, and no second copy lies in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hay_say_lab.audio.progress import Checkpoint, unwatched
from hay_say_lab.audio.scratch import blocks, zeros

if TYPE_CHECKING:
    import numpy


def resampled(
    samples: numpy.ndarray,
    sample_rate: int,
    new_rate: int,
    quality: Literal["HQ", "VHQ"] = "HQ",
    checkpoint: Checkpoint = unwatched,
) -> numpy.ndarray:
    """Samples (N,) -> float32 (round(N * new_rate / sample_rate),); the same array where the rate stays."""
    import numpy
    import soxr

    if sample_rate == new_rate:
        return samples.astype(numpy.float32, copy=False)
    stream = soxr.ResampleStream(sample_rate, new_rate, 1, dtype="float32", quality=quality)
    whole = zeros(round(len(samples) * new_rate / sample_rate))
    filled = 0
    for start, end in blocks(len(samples)):
        if start:                   # a short clip is done before anybody could ask
            checkpoint(start / len(samples), "resampling")
        stretch = samples[start:end].astype(numpy.float32)
        made = stream.resample_chunk(stretch, last=end == len(samples))[: len(whole) - filled]
        whole[filled : filled + len(made)] = made
        filled += len(made)
    return whole
