"""Second-order filter sections, by R. Bristow-Johnson, Cookbook formulae for audio equalizer biquad coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import Sound

if TYPE_CHECKING:
    import numpy

SHELF_Q = math.sqrt(0.5)            # no overshoot at the shelf's edge


def peak_section(sample_rate: int, hertz: float, decibels: float, q: float) -> list[float]:
    """A bell: `decibels` at `hertz`, as (b0, b1, b2, a0, a1, a2) with a0 = 1."""
    amplitude, cosine, alpha = _parts(sample_rate, hertz, decibels, q)
    return _normal(
        [1 + alpha * amplitude, -2 * cosine, 1 - alpha * amplitude],
        [1 + alpha / amplitude, -2 * cosine, 1 - alpha / amplitude],
    )


def shelf_section(sample_rate: int, hertz: float, decibels: float, high: bool) -> list[float]:
    """A shelf: `decibels` well below `hertz`, or well above it where `high`; half of them at `hertz`."""
    amplitude, cosine, alpha = _parts(sample_rate, hertz, decibels, SHELF_Q)
    side = -1.0 if high else 1.0
    slope = 2 * math.sqrt(amplitude) * alpha
    up, down = amplitude + 1, amplitude - 1
    return _normal(
        [
            amplitude * (up - side * down * cosine + slope),
            side * 2 * amplitude * (down - side * up * cosine),
            amplitude * (up - side * down * cosine - slope),
        ],
        [
            up + side * down * cosine + slope,
            -side * 2 * (down + side * up * cosine),
            up + side * down * cosine - slope,
        ],
    )


def butterworth_sections(sound: Sound, hertz: float, kind: str, slope_db: int) -> list[list[float]]:
    """A Butterworth "highpass" or "lowpass" whose slope is 12, 24 or 48 dB per octave; -3 dB at `hertz`."""
    from scipy.signal import butter

    order = slope_db // 6
    sections: list[list[float]] = butter(order, hertz, kind, fs=sound.sample_rate, output="sos").tolist()
    return sections


def filtered(sound: Sound, sections: list[list[float]]) -> Iterator[numpy.ndarray]:
    """The samples through all sections, from rest, block by block."""
    import numpy
    from scipy.signal import sosfilt

    state = numpy.zeros((len(sections), 2))
    for block in sound.unchanged():
        wet, state = sosfilt(sections, block, zi=state)
        yield wet


def _parts(sample_rate: int, hertz: float, decibels: float, q: float) -> tuple[float, float, float]:
    """(A, cos w0, alpha) of the cookbook."""
    turn = 2 * math.pi * hertz / sample_rate
    return 10 ** (decibels / 40), math.cos(turn), math.sin(turn) / (2 * q)


def _normal(above: list[float], below: list[float]) -> list[float]:
    return [value / below[0] for value in (*above, *below)]
