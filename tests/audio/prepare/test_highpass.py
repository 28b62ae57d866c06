"""The high-pass takes what lies below and moves nothing in time."""

from __future__ import annotations

import numpy
import pytest
from scipy.signal import butter, sosfiltfilt

from hay_say_lab.audio.highpass import high_pass
from tests.audio.prepare.speech import SAMPLE_RATE, noise


def sine(hertz: float, seconds: float = 3.0) -> numpy.ndarray:
    return numpy.sin(2 * numpy.pi * hertz * numpy.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE).astype(numpy.float32)


@pytest.mark.parametrize(
    ("hertz", "gain_db", "tolerance_db"),
    # |H|^2 of a second-order Butterworth: 1 / (1 + (cutoff / f)^4); in dB, since it passes twice
    [(20.0, -48.2, 0.5), (40.0, -24.6, 0.2), (80.0, -6.02, 0.05), (160.0, -0.53, 0.02), (1000.0, 0.0, 0.01)],
)
def test_the_slope_is_that_of_the_formula(hertz: float, gain_db: float, tolerance_db: float) -> None:
    given = sine(hertz)
    inner = slice(SAMPLE_RATE, 2 * SAMPLE_RATE)
    passed = high_pass(given, SAMPLE_RATE, 80.0)
    measured = 20 * numpy.log10(passed[inner].std() / given[inner].std())
    assert measured == pytest.approx(gain_db, abs=tolerance_db)


def test_what_passes_is_not_moved_in_time() -> None:
    given = noise(SAMPLE_RATE, 0.1)
    passed = high_pass(given, SAMPLE_RATE, 200.0)
    lags = numpy.correlate(passed[500:-500], given, mode="valid")
    assert lags.argmax() == 500


def test_dc_is_gone() -> None:
    given = sine(440.0) + 0.5
    passed = high_pass(given, SAMPLE_RATE, 80.0)
    assert abs(passed[5000:-5000].mean()) < 1e-4


def test_blocks_do_not_show() -> None:
    """A clip of three blocks (of 20 s), held against scipy's filter over the whole of it."""
    given = noise(50 * 8_000, 0.2)
    whole = sosfiltfilt(butter(2, 60.0, "highpass", fs=8_000, output="sos"), given.astype(float))
    numpy.testing.assert_allclose(high_pass(given, 8_000, 60.0)[8_000:-8_000], whole[8_000:-8_000], atol=1e-6)
