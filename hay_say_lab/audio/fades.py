"""A sound that comes out of silence and goes back into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.scratch import copied

if TYPE_CHECKING:
    import numpy


def fade(samples: numpy.ndarray, sample_rate: int, in_seconds: float, out_seconds: float) -> numpy.ndarray:
    """Samples (N,) with a raised-cosine ramp at either end: the first and last samples are silent.

    A ramp longer than the clip takes the whole clip. Both 0 give the same array back.
    """
    rising, falling = (min(round(seconds * sample_rate), len(samples)) for seconds in (in_seconds, out_seconds))
    if not rising and not falling:
        return samples
    faded = copied(samples)
    if rising:
        faded[:rising] *= _ramp(rising)
    if falling:
        faded[-falling:] *= _ramp(falling)[::-1]
    return faded


def _ramp(count: int) -> numpy.ndarray:
    """(count,) float32 from 0 upwards, short of 1."""
    import numpy

    return (0.5 - 0.5 * numpy.cos(numpy.pi * numpy.arange(count) / count)).astype(numpy.float32)
