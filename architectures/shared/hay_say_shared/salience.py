"""Pitch out of a salience picture: 360 bins of 20 cents, from 31.7 Hz on."""

from __future__ import annotations

import numpy

BINS = 360
CENTS_PER_BIN = 20.0
LOWEST_CENTS = 1997.3794084376191       # above 10 Hz: the middle of bin 0
THRESHOLD = 0.03                        # what the highest bin must pass for a frame to count as voiced
_REACH = 4                              # bins to each side of the highest one that the pitch is averaged over


def pitch_of(salience: numpy.ndarray, threshold: float = THRESHOLD) -> numpy.ndarray:
    """Salience (T, 360), 0..1 -> f0 (T,) float64 in Hz, 0 where no bin passes the threshold.

    The mean of the nine bins around the highest one (the first of equals), weighted by their salience, in cents above
    10 Hz. A frame of zeros is unvoiced.
    """
    centre = salience.argmax(axis=1)
    places = centre[:, None] + numpy.arange(-_REACH, _REACH + 1)            # (T, 9)
    inside = (places >= 0) & (places < BINS)
    weights = numpy.take_along_axis(salience, places.clip(0, BINS - 1), axis=1).astype(numpy.float64) * inside
    cents = (weights * (LOWEST_CENTS + CENTS_PER_BIN * places)).sum(axis=1) / numpy.maximum(weights.sum(axis=1), 1e-300)
    voiced = salience.max(axis=1) > threshold
    return numpy.where(voiced, 10.0 * 2.0 ** (cents / 1200.0), 0.0)
