"""The grain of a vocoder's noise: unvoiced sound that was measured in noise and made of noise is twice as uneven.

A vocoder reads the spectrum of an s or a breath off one stretch of noise, whose every band is a little louder or softer
by chance, and colours other noise with it, which has a chance of its own. It is heard as a wateriness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

_BANDS, _TOP_HZ = 40, 8000.0        # on the mel scale
_SPREAD_BANDS = 2.0                 # a mouth shapes noise no finer than this (standard deviation)
_MOST_DB = 6.0
_SMALLEST_POWER = 1e-14


def less_grain(
    spectrum: numpy.ndarray, hertz: numpy.ndarray, sample_rate: int, amounts: numpy.ndarray
) -> numpy.ndarray:
    """What must be added to a spectrum (F, T) at `hertz` (F,) so that in each frame the bands lie nearer to their
    neighbours, by a share of `amounts` (T,) 0..1. Frames of amount 0 get zeros."""
    import numpy
    from scipy.ndimage import gaussian_filter1d

    from hay_say_lab.audio.picture import hz_to_mel, mel_to_hz

    change = numpy.zeros_like(spectrum)
    frames = numpy.flatnonzero(amounts > 0.0)
    if not len(frames):
        return change
    edges = mel_to_hz(numpy.linspace(0.0, hz_to_mel(min(_TOP_HZ, sample_rate / 2)), _BANDS + 2))
    rising = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    weights = numpy.clip(numpy.minimum(rising, falling), 0.0, None)                     # (F, bands)
    for band in numpy.flatnonzero(weights.sum(axis=0) <= 0.0):
        weights[numpy.abs(hertz - edges[band + 1]).argmin(), band] = 1.0
    power = (numpy.abs(spectrum[:, frames]) ** 2).T @ (weights / weights.sum(axis=0))   # (t, bands)
    level_db = 10.0 * numpy.log10(power + _SMALLEST_POWER)
    grain_db = level_db - gaussian_filter1d(level_db, _SPREAD_BANDS, axis=1, mode="nearest")
    gain_db = numpy.clip(-amounts[frames, None] * grain_db, -_MOST_DB, _MOST_DB)
    between = numpy.array([numpy.interp(hertz, edges, numpy.pad(row, 1)) for row in numpy.eye(_BANDS)])     # (bands, F)
    change[:, frames] = (10.0 ** (gain_db @ between / 20.0) - 1.0).T * spectrum[:, frames]
    return change
