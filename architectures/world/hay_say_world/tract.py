"""How much longer one speaker's vocal tract is than another's: the warp that makes one sound like the other.

The source's mel cepstra, warped by each factor of a grid, are scored under a Gaussian mixture of the
target's. Mean and variance of each coefficient are taken out per speaker and per factor first; otherwise the
search runs to the edge of the grid, because stretching smooths an envelope, and a smoother envelope is
likelier. Bands below 5 kHz only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hay_say_world.arrays import Floats
from hay_say_world.melbands import band_centres_hz, cosine_basis, filterbank, log_bands
from hay_say_world.mixture import DiagonalMixture, fit_mixture
from hay_say_world.pitch import PitchHabit
from hay_say_world.warp import HIGHEST, LOWEST

_TOP_HZ = 8000.0
_HIGHEST_BAND_HZ = 5000.0
_ORDER = 15                     # c1..c15
_STEP = 0.02
_PRIOR = 10.0                   # nats per squared log factor away from what the pitches let expect
_PRIOR_POWER, _PRIOR_LIMIT = 0.25, 0.2
_COMPONENTS = 24
_FRAMES_PER_COMPONENT = 30
_MOST_FRAMES = 1500
_LEAST_FRAMES = 60


@dataclass(frozen=True, slots=True)
class WarpEstimate:
    """The factor that moves the source's formants onto the target's, and where it came from."""

    alpha: float
    frames: int
    measured: bool


def tract_model(envelopes: Floats, sample_rate: int) -> DiagonalMixture:
    """A mixture over the normalised cepstra of a speaker's voiced envelopes (n, F)."""
    features = _normalised(_features(_thinned(envelopes, 4 * _MOST_FRAMES), sample_rate, 1.0))
    components = max(1, min(_COMPONENTS, len(features) // _FRAMES_PER_COMPONENT))
    return fit_mixture(features, components)[0]


def estimate_warp(
    envelopes: Floats,
    sample_rate: int,
    source: PitchHabit | None,
    target: PitchHabit,
    model: DiagonalMixture,
) -> WarpEstimate:
    """Warp of voiced source envelopes (n, F) towards a target; 1 where there is too little to go by."""
    if source is None or len(envelopes) < _LEAST_FRAMES:
        return WarpEstimate(1.0, len(envelopes), measured=False)
    heard = _thinned(envelopes, _MOST_FRAMES)
    higher = target.log_median - source.log_median
    expected = float(np.clip(_PRIOR_POWER * higher, -_PRIOR_LIMIT, _PRIOR_LIMIT))
    grid = np.arange(LOWEST, HIGHEST + _STEP / 2, _STEP)
    scores = np.array(
        [
            model.mean_log_likelihood(_normalised(_features(heard, sample_rate, float(alpha))))
            - _PRIOR * (np.log(alpha) - expected) ** 2
            for alpha in grid
        ]
    )
    return WarpEstimate(_peak(grid, scores), len(heard), measured=True)


def _features(envelopes: Floats, sample_rate: int, alpha: float) -> Floats:
    """c1..c15 (n, 15) of the bands below 5 kHz, warped by alpha."""
    low = band_centres_hz(_TOP_HZ) < _HIGHEST_BAND_HZ
    bank = filterbank(_TOP_HZ, sample_rate, envelopes.shape[1], alpha)[:, low]
    reached = int(np.flatnonzero(bank.any(axis=1))[-1]) + 1
    envelopes, bank = envelopes[:, :reached], bank[:reached]
    basis = cosine_basis(int(low.sum()), _ORDER + 1)[:, 1:]
    return log_bands(envelopes, bank.astype(envelopes.dtype)).astype(np.float64) @ basis


def _normalised(features: Floats) -> Floats:
    return (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-6)


def _thinned(rows: Floats, most: int) -> Floats:
    """At most `most` rows, evenly spread."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _peak(grid: Floats, scores: Floats) -> float:
    """Place of the highest score, between grid points by a parabola through it and its neighbours."""
    best = int(scores.argmax())
    if best in (0, len(grid) - 1):
        return float(grid[best])
    before, here, after = scores[best - 1 : best + 2]
    bend = before - 2.0 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(grid[best] + np.clip(shift, -0.5, 0.5) * _STEP)
