"""A pitch curve on its way into the synthesizer: gaps, semitones, a curve drawn by hand, and coarse steps.

f0 is (T,) float64 in Hz, a value every 10 ms, 0 where unvoiced.
"""

from __future__ import annotations

import numpy

FRAMES_PER_SECOND = 100
LOWEST_HZ, HIGHEST_HZ = 50.0, 1100.0
STEPS = 255                     # coarse pitch is 1..255


def mel(hertz: numpy.ndarray | float) -> numpy.ndarray:
    return 1127.0 * numpy.log(1.0 + numpy.asarray(hertz, dtype=numpy.float64) / 700.0)


def filled(f0_hz: numpy.ndarray) -> numpy.ndarray:
    """Unvoiced frames bridged by straight lines, the ends held; a curve without any pitch stays as it is."""
    voiced = numpy.flatnonzero(f0_hz > 0)
    if not len(voiced):
        return f0_hz.copy()
    return numpy.interp(numpy.arange(len(f0_hz)), voiced, f0_hz[voiced])


def shifted(f0_hz: numpy.ndarray, semitones: float) -> numpy.ndarray:
    return f0_hz * 2.0 ** (semitones / 12.0)


def coarse(f0_hz: numpy.ndarray) -> numpy.ndarray:
    """(T,) int64: steps of equal size in mel between 50 and 1100 Hz, 1..255; unvoiced frames have 1."""
    low, high = mel(LOWEST_HZ), mel(HIGHEST_HZ)
    heard = mel(f0_hz)
    steps = numpy.where(heard > 0, (heard - low) * (STEPS - 1) / (high - low) + 1.0, 0.0)
    return numpy.rint(steps.clip(1, STEPS)).astype(numpy.int64)


def fitted(f0_hz: numpy.ndarray, frames: int) -> numpy.ndarray:
    """Cut or filled up with unvoiced frames to so many."""
    if len(f0_hz) >= frames:
        return f0_hz[:frames]
    return numpy.pad(f0_hz, (0, frames - len(f0_hz)))


def median_of_three(f0_hz: numpy.ndarray) -> numpy.ndarray:
    """Each value replaced by the middle one of itself and its neighbours, zeros outside."""
    padded = numpy.pad(f0_hz, 1)
    return numpy.median(numpy.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)


def drawn_over(f0_hz: numpy.ndarray, seconds: numpy.ndarray, hertz: numpy.ndarray) -> numpy.ndarray:
    """A curve with what was drawn by hand in it: points at `seconds` (P,), joined by straight lines, replace the frames
    from the first point to the last one. A point of 0 Hz makes the frames from it to the next point unvoiced."""
    if not len(seconds):
        return f0_hz.copy()
    first = max(0, int(numpy.ceil(seconds[0] * FRAMES_PER_SECOND - 1e-9)))
    last = min(len(f0_hz), int(numpy.floor(seconds[-1] * FRAMES_PER_SECOND + 1e-9)) + 1)
    if last <= first:
        return f0_hz.copy()
    moments = numpy.arange(first, last) / FRAMES_PER_SECOND
    drawn = numpy.interp(moments, seconds, hertz)
    before = numpy.searchsorted(seconds, moments + 1e-9, side="right").clip(1, len(seconds)) - 1
    after = numpy.minimum(before + 1, len(seconds) - 1)
    exact = numpy.abs(seconds[before] - moments) < 1e-9
    silent = (hertz[before] <= 0) | ((hertz[after] <= 0) & ~exact)
    made = f0_hz.copy()
    made[first:last] = numpy.where(silent, 0.0, drawn)
    return made
