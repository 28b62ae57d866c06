"""Which frames speak, which of them with a voice, and how quiet each is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from hay_say_world.arrays import Flags, Floats
from hay_say_world.frames import thinned

_ACTIVE_ABOVE = 0.15            # of the way from the 3rd to the 95th percentile of loudness
_DEEPEST = 60.0 / 10 * np.log(10) * np.sqrt(60)     # 60 dB in the unit of c0: no silence counts as deeper
_QUIET_FROM, _QUIET_TO = 0.12, 0.27                 # of the way from the 5th to the 95th percentile
_SMOOTHING_FRAMES, _SMOOTHING_REACH = 2.0, 8
_BLOCK_FRAMES = 10_000


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
    low, high = np.percentile(_held(thinned(loudness), _floor(loudness)), [3, 95])
    active = loudness > low + _ACTIVE_ABOVE * (high - low)      # no floor is needed: `low` is not below it
    return FrameClasses(active & (f0_hz > 0), active & (f0_hz <= 0))


def voiced_share(f0_hz: Floats) -> Floats:
    """The voicing flag (T,) smoothed over a few frames, 0..1: how far a frame belongs to the voiced class."""
    return _smooth(len(f0_hz), lambda frames: (f0_hz[frames] > 0).astype(np.float64))


def presence(loudness: Floats) -> Floats:
    """0 in pauses, 1 in speech (T,), smooth: how far frames may be changed so that noise is left alone."""
    floor = _floor(loudness)
    low, high = np.percentile(_held(thinned(loudness), floor), [5, 95])
    span = max(high - low, 1e-9)

    def rising(frames: slice) -> Floats:
        level = (_held(loudness[frames], floor) - low) / span
        return np.clip((level - _QUIET_FROM) / (_QUIET_TO - _QUIET_FROM), 0.0, 1.0)

    return _smooth(len(loudness), rising)


def _smooth(frames: int, shares: Callable[[slice], Floats]) -> Floats:
    """Shares (T,) smoothed: (T,) float32, block by block."""
    smooth = np.empty(frames, np.float32)
    for first in range(0, frames, _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, frames)
        low, high = max(first - _SMOOTHING_REACH, 0), min(last + _SMOOTHING_REACH, frames)
        around = gaussian_filter1d(shares(slice(low, high)), _SMOOTHING_FRAMES, mode="nearest", radius=_SMOOTHING_REACH)
        smooth[first:last] = np.clip(around[first - low : last - low], 0.0, 1.0)
    return smooth


def _floor(loudness: Floats) -> float:
    """60 dB below the 95th percentile."""
    return float(np.percentile(thinned(loudness).astype(np.float64), 95) - _DEEPEST)


def _held(loudness: Floats, floor: float) -> Floats:
    """Loudness as float64, no deeper than the floor."""
    return np.maximum(loudness.astype(np.float64), floor)
