"""Pitch by WORLD's Harvest and StoneMask (M. Morise, 2017), block by block. Sound is (N,) at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable

import numpy

SAMPLE_RATE = 16_000
HOP = 160
_BLOCK = 300                # frames: about half a second of computing
_MARGIN = 50                # frames around a block, which Harvest's own contours need

Tell = Callable[[float], None]


def pitch(
    sound: numpy.ndarray, *, low_hz: float = 50.0, high_hz: float = 1100.0, tell: Tell | None = None
) -> numpy.ndarray:
    """f0 (N // 160 + 1,) float64 in Hz, 0 where unvoiced. tell: called with the share done; it may raise to stop."""
    import pyworld

    frames = len(sound) // HOP + 1
    f0_hz = numpy.zeros(frames)
    for first in range(0, frames, _BLOCK):
        last = min(first + _BLOCK, frames)
        left, right = max(0, first - _MARGIN), min(frames, last + _MARGIN)
        part = sound[left * HOP : right * HOP].astype(numpy.float64)
        if len(part) > HOP:
            rough, moments = pyworld.harvest(part, SAMPLE_RATE, f0_floor=low_hz, f0_ceil=high_hz, frame_period=10.0)
            fine = pyworld.stonemask(part, rough, moments, SAMPLE_RATE)[first - left : last - left]
            f0_hz[first : first + len(fine)] = fine
        if tell is not None:
            tell(last / frames)
    return f0_hz
