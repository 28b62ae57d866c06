"""From spectral envelopes to mel cepstra and back.

60 triangular mel bands of the WORLD power envelope, natural logarithm, orthonormal cosine transform, 30
coefficients (60 and 30 are measured choices: order 16 loses similarity, more than 30 gains none). A
coefficient's unit is that of natural log power; c0 is sqrt(60) times the mean log band power.

Bands reach from 0 Hz to a *top* that need not be the Nyquist frequency: see `profile` for why.
"""

from __future__ import annotations

import numpy as np

from hay_say_world.arrays import Floats
from hay_say_world.warp import warped_hz

BANDS = 60
COEFFICIENTS = 30
_POINTS = 4096          # fine grid on which the triangles are laid out before they are gathered into bins
_BAND_FLOOR = 1e-13     # power; far below the rounding noise of 16-bit audio (8e-11)


def mel(hz: Floats) -> Floats:
    """Hz -> mel, O'Shaughnessy's formula 2595 log10(1 + f / 700)."""
    return 2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0)


def hz_of_mel(mels: Floats) -> Floats:
    return 700.0 * (10.0 ** (np.asarray(mels) / 2595.0) - 1.0)


def band_centres_hz(top_hz: float) -> Floats:
    """Centres (B,) of the bands below `top_hz`, equally spaced in mel."""
    return hz_of_mel(np.linspace(0.0, float(mel(np.array(top_hz))), BANDS + 2))[1:-1]


def filterbank(top_hz: float, sample_rate: int, bins: int, alpha: float = 1.0) -> Floats:
    """Weights (F, B) that turn a power envelope (T, F) of 0..sample_rate/2 into mean band powers (T, B).

    The envelope counts as linear between its bins, so that rates and FFT sizes agree. With `alpha` the bands
    are those of the envelope warped by that factor (see `warp`).
    """
    nyquist_hz = sample_rate / 2
    edges = hz_of_mel(np.linspace(0.0, float(mel(np.array(top_hz))), BANDS + 2))
    points_hz = (np.arange(_POINTS) + 0.5) / _POINTS * top_hz
    segment = np.clip(np.searchsorted(edges, points_hz, side="right") - 1, 0, BANDS)
    rising = (points_hz - edges[segment]) / (edges[segment + 1] - edges[segment])
    position = np.clip(warped_hz(points_hz, alpha, nyquist_hz) / nyquist_hz * (bins - 1), 0.0, bins - 1.0)
    left = np.minimum(position.astype(int), bins - 2)
    right_share = position - left
    weights = np.zeros((bins, BANDS + 2))
    # A point in segment s lies on the falling side of triangle s - 1 and on the rising side of triangle s.
    # Columns are triangles shifted by one, so that the half triangles at both ends have a place to fall.
    for column, share in ((segment, 1.0 - rising), (segment + 1, rising)):
        np.add.at(weights, (left, column), share * (1.0 - right_share))
        np.add.at(weights, (left + 1, column), share * right_share)
    bank = weights[:, 1:-1]
    return bank / bank.sum(axis=0)


def log_bands(envelope: Floats, bank: Floats) -> Floats:
    """Power envelope (T, F) -> natural log of the band powers (T, B), floored in digital silence."""
    return np.log(np.maximum(envelope @ bank, _BAND_FLOOR))


def cosine_basis(bands: int = BANDS, coefficients: int = COEFFICIENTS) -> Floats:
    """Orthonormal DCT-II (B, C): `bands @ basis` are cepstra, `cepstra @ basis.T` are bands again."""
    band = np.arange(bands)[:, None] + 0.5
    basis = np.sqrt(2.0 / bands) * np.cos(np.pi / bands * band * np.arange(coefficients)[None, :])
    basis[:, 0] = np.sqrt(1.0 / bands)
    return basis


def cepstra(envelope: Floats, bank: Floats, coefficients: int = COEFFICIENTS) -> Floats:
    """Power envelope (T, F) -> mel cepstra (T, C)."""
    return log_bands(envelope, bank) @ cosine_basis(BANDS, coefficients)


def lift(top_hz: float, sample_rate: int, bins: int) -> Floats:
    """Matrix (B, F) that spreads band values over frequency bins, linearly in Hz between the bands' centres.

    Below the first centre the first value holds. Where the bands end well below the Nyquist frequency,
    nothing is known of the highest bins: the values fade over the last tenth of the bands into the mean over
    the upper half of the known range, and stay there, so that a recording's roll-off at its own top does not
    reach further up.
    """
    nyquist_hz = sample_rate / 2
    centres = band_centres_hz(top_hz)
    bins_hz = np.linspace(0.0, nyquist_hz, bins)
    spread = np.stack([np.interp(bins_hz, centres, row) for row in np.eye(BANDS)])
    if top_hz < 0.98 * nyquist_hz:
        known = (bins_hz >= 0.5 * top_hz) & (bins_hz <= 0.9 * top_hz)
        plateau = spread[:, known].mean(axis=1, keepdims=True)
        beyond = np.clip((bins_hz / top_hz - 0.9) / 0.1, 0.0, 1.0)
        spread = spread * (1.0 - beyond) + plateau * beyond
    return spread
