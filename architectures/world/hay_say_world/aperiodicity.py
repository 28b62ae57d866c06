"""How much of a voice is breath: D4C's aperiodicity, kept by its few free values per frame.

D4C measures the aperiodicity at multiples of 3 kHz, takes -60 dB at 0 Hz and 0 dB at the Nyquist frequency,
and interpolates linearly in dB. Only the measured values are kept here, and which frames are all
breath.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hay_say_world.arrays import Flags, Floats

_SPACING_HZ = 3000.0
_HIGHEST_HZ = 15000.0
_AT_ZERO_DB = -60.0
_ALL_BREATH = 1.0 - 1e-12       # WORLD's own value for a frame of noise
_BREATH_STEP = 4.0              # breath +-1 takes the decibels to a quarter or to four times


@dataclass(frozen=True, slots=True)
class Aperiodicity:
    """Measured levels (T, A) in dB at 3, 6, ... kHz, and which frames (T,) are breath alone."""

    levels_db: Floats
    all_breath: Flags

    def spectrum(self, first: int, last: int, sample_rate: int, bins: int, breath: float) -> Floats:
        """Amplitude aperiodicity (T, F), 0..1, of frames first..last.

        `breath` -1..1 scales the decibels by 4 ** -breath: 1 is a whisper with a tone in it, -1 a clean buzz.
        """
        bins_hz = np.linspace(0.0, sample_rate / 2, bins)
        nodes_hz = _nodes_hz(sample_rate)
        spread = np.stack([np.interp(bins_hz, nodes_hz, row) for row in np.eye(len(nodes_hz))])
        levels = _AT_ZERO_DB * spread[0] + self.levels_db[first:last].astype(np.float64) @ spread[1:-1]
        amplitude = np.minimum(10.0 ** (levels * _BREATH_STEP**-breath / 20.0), _ALL_BREATH)
        amplitude[self.all_breath[first:last]] = _ALL_BREATH
        return amplitude


def measured_count(sample_rate: int) -> int:
    """How many levels A D4C measures at a sample rate."""
    return int(min(_HIGHEST_HZ, sample_rate / 2 - _SPACING_HZ) / _SPACING_HZ)


def condense(amplitude: Floats, sample_rate: int) -> Aperiodicity:
    """D4C's spectrum (T, F) -> the values it was interpolated from (to 0.1 dB: the nodes lie between two
    bins).
    """
    bins = amplitude.shape[1]
    position = _nodes_hz(sample_rate)[1:-1] / (sample_rate / 2) * (bins - 1)
    left = position.astype(int)
    share = position - left
    levels = 20.0 * np.log10(np.maximum(amplitude, 1e-6))
    kept = levels[:, left] * (1.0 - share) + levels[:, left + 1] * share
    return Aperiodicity(kept.astype(np.float32), amplitude[:, 0] > 0.5)


def _nodes_hz(sample_rate: int) -> Floats:
    return np.append(np.arange(measured_count(sample_rate) + 1) * _SPACING_HZ, sample_rate / 2)
