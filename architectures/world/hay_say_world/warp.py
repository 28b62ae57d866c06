"""Stretching the frequency axis: the length of a vocal tract, imposed on an envelope or estimated from two.

`alpha` above 1 moves formants up by that factor. The axis is stretched linearly up to 85 % of the Nyquist
frequency and then bent so that the Nyquist frequency stays where it is.
"""

from __future__ import annotations

import numpy as np

from hay_say_world.arrays import Floats

LOWEST, HIGHEST = 0.78, 1.28
_KNEE = 0.85


def warped_hz(hz: Floats, alpha: float, nyquist_hz: float) -> Floats:
    """Where in the given envelope the warped envelope's value at `hz` comes from; both in Hz."""
    knee = _KNEE * nyquist_hz * min(1.0, alpha)
    beyond = knee / alpha + (hz - knee) * (nyquist_hz - knee / alpha) / (nyquist_hz - knee)
    return np.where(hz <= knee, hz / alpha, beyond)


def warp_envelope(envelope: Floats, alpha: float, sample_rate: int) -> Floats:
    """Power envelope (T, F) with its formants moved by `alpha`."""
    if alpha == 1.0:
        return envelope
    bins = envelope.shape[1]
    nyquist_hz = sample_rate / 2
    position = warped_hz(np.linspace(0.0, nyquist_hz, bins), alpha, nyquist_hz) / nyquist_hz * (bins - 1)
    left = np.clip(position.astype(int), 0, bins - 2)
    share = (position - left).astype(envelope.dtype)
    return envelope[:, left] * (1 - share) + envelope[:, left + 1] * share
