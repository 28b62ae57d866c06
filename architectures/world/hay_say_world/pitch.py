"""Pitch as a speaker's habit: where it lies and how far it moves, robust against a tracker's octave jumps.

Habits are taken from frames that have a pitch and are not breath alone: trackers guess in those, nobody hears
a pitch in them, and counting them moves the median of a hoarse voice by up to 50 cents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hay_say_world.arrays import Floats

_NARROWEST_SPREAD = 0.03        # of log f0; a monotone source must not be torn apart
_RATIO_LIMITS = (0.6, 1.6)
_FITTED_LIMITS_HZ = (50.0, 700.0)
_SUNG_LIMITS_HZ = (30.0, 2000.0)    # what WORLD can synthesise at every rate here


@dataclass(frozen=True, slots=True)
class PitchHabit:
    """Median of log f0 (f0 in Hz), its spread (1.4826 x median absolute deviation), frames counted."""

    log_median: float
    spread: float
    count: int

    @property
    def median_hz(self) -> float:
        return math.exp(self.log_median)


def habit_of(f0_hz: Floats) -> PitchHabit | None:
    """The habit in the voiced frames of f0 (T,), 0 where unvoiced; None where no frame is voiced."""
    voiced = np.log(f0_hz[f0_hz > 0].astype(np.float64))
    if not len(voiced):
        return None
    median = float(np.median(voiced))
    return PitchHabit(median, 1.4826 * float(np.median(np.abs(voiced - median))), len(voiced))


@dataclass(frozen=True, slots=True)
class PitchMap:
    """log f0 -> centre + ratio (log f0 - source) where voiced, within bounds, then `semitones` higher."""

    source: float
    centre: float
    ratio: float
    semitones: float
    bounded: bool

    def apply(self, f0_hz: Floats) -> Floats:
        """f0 (T,) in Hz, 0 where unvoiced, stays 0 there."""
        voiced = f0_hz > 0
        log_f0 = self.centre + self.ratio * (np.log(np.where(voiced, f0_hz, 1.0)) - self.source)
        if self.bounded:
            log_f0 = np.clip(log_f0, *np.log(_FITTED_LIMITS_HZ))
        log_f0 = np.clip(log_f0 + self.semitones * math.log(2.0) / 12.0, *np.log(_SUNG_LIMITS_HZ))
        return np.where(voiced, np.exp(log_f0), 0.0)


def pitch_map(
    source: PitchHabit | None, target: PitchHabit | None, semitones: float, span: float
) -> PitchMap:
    """How pitch is mapped: `target` None keeps the source's habit, `span` scales the movement around it.

    With a target: median onto median, spread onto spread (ratio within 0.6..1.6), tracker errors held to
    50..700 Hz.
    """
    if source is None:
        return PitchMap(0.0, 0.0, 1.0, semitones, bounded=False)
    if target is None:
        return PitchMap(source.log_median, source.log_median, span, semitones, bounded=False)
    ratio = float(np.clip(target.spread / max(source.spread, _NARROWEST_SPREAD), *_RATIO_LIMITS))
    return PitchMap(source.log_median, target.log_median, ratio * span, semitones, bounded=True)
