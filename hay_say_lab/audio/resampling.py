"""Another sample rate inside a long computation: block by block, so that a checkpoint comes in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hay_say_lab.audio.progress import Checkpoint, unwatched

if TYPE_CHECKING:
    import numpy

_BLOCK_SECONDS = 20


def resampled(
    samples: numpy.ndarray,
    sample_rate: int,
    new_rate: int,
    quality: Literal["HQ", "VHQ"] = "HQ",
    checkpoint: Checkpoint = unwatched,
) -> numpy.ndarray:
    """Samples (N,) -> float32 (round(N * new_rate / sample_rate),)."""
    import numpy
    import soxr

    if sample_rate == new_rate:
        return samples.astype(numpy.float32)
    stream = soxr.ResampleStream(sample_rate, new_rate, 1, dtype="float32", quality=quality)
    whole = numpy.zeros(round(len(samples) * new_rate / sample_rate), dtype=numpy.float32)
    filled, block = 0, _BLOCK_SECONDS * sample_rate
    for start in range(0, len(samples), block):
        checkpoint(start / len(samples), "resampling")
        stretch = samples[start : start + block].astype(numpy.float32)
        made = stream.resample_chunk(stretch, last=start + block >= len(samples))[: len(whole) - filled]
        whole[filled : filled + len(made)] = made
        filled += len(made)
    return whole
