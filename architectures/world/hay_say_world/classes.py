"""Which frames speak, which of them with a voice, and how quiet each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from hay_say_world.arrays import Flags, Floats

_ACTIVE_ABOVE = 0.15            # of the way from the 3rd to the 95th percentile of loudness
_DEEPEST = 60.0 / 10 * np.log(10) * np.sqrt(60)     # 60 dB in the unit of c0: no silence counts as deeper
_QUIET_FROM, _QUIET_TO = 0.12, 0.27                 # of the way from the 5th to the 95th percentile
_SMOOTHING_FRAMES = 2.0


@dataclass(frozen=True, slots=True)
class FrameClasses:
    """Flags over all frames (T,): `voiced` and `unvoiced` exclude each other, and pauses are neither."""

    voiced: Flags
    unvoiced: Flags

    @property
    def active(self) -> Flags:
        return self.voiced | self.unvoiced


def classify(loudness: Floats, f0_hz: Floats) -> FrameClasses:
    """Sort frames by c0 (T,) and f0 (T,).

    Pauses are in no class: that keeps room noise out of the statistics of consonants.
    """
    held = _held(loudness)
    low, high = np.percentile(held, [3, 95])
    active = held > low + _ACTIVE_ABOVE * (high - low)
    return FrameClasses(active & (f0_hz > 0), active & (f0_hz <= 0))


def voiced_share(f0_hz: Floats) -> Floats:
    """The voicing flag (T,) smoothed over a few frames, 0..1: how far a frame belongs to the voiced class."""
    return _smooth((f0_hz > 0).astype(np.float64))


def presence(loudness: Floats) -> Floats:
    """0 in pauses, 1 in speech (T,), smooth: how far frames may be changed so that noise is left alone."""
    held = _held(loudness)
    low, high = np.percentile(held, [5, 95])
    span = max(high - low, 1e-9)
    rising = np.clip(((held - low) / span - _QUIET_FROM) / (_QUIET_TO - _QUIET_FROM), 0.0, 1.0)
    return _smooth(rising)


def _smooth(shares: Floats) -> Floats:
    return np.clip(gaussian_filter1d(shares, _SMOOTHING_FRAMES, mode="nearest"), 0.0, 1.0)


def _held(loudness: Floats) -> Floats:
    """Loudness, no deeper than 60 dB below its 95th percentile."""
    levels = loudness.astype(np.float64)
    return np.maximum(levels, np.percentile(levels, 95) - _DEEPEST)
