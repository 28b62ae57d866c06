"""Level: half as loud in, half as loud out; and no peak above the ceiling, gently."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from hay_say_world.level import CEILING, hold_peaks, level_exponent, match, rms, scaled

RATE = 16_000


@pytest.mark.parametrize("peak", [1e-4, 0.3, 0.5, 0.999, 1.0, 40.0, 1e30])
def test_levels_are_normalised_by_a_power_of_two_and_back_without_a_trace(peak: float) -> None:
    samples = (peak * np.sin(np.arange(100))).astype(np.float32)
    samples *= np.float32(peak) / np.abs(samples).max()
    exponent = level_exponent(samples)
    level = scaled(samples, exponent)
    assert 0.5 <= np.abs(level).max() <= 1.0
    assert np.array_equal(scaled(level, -exponent), samples)


def test_silence_has_no_level() -> None:
    assert level_exponent(np.zeros(5, dtype=np.float32)) == 0


def test_what_stays_below_the_ceiling_is_left_alone() -> None:
    samples = np.full(100, 0.9, dtype=np.float32)
    assert hold_peaks(samples, RATE) == 1.0
    assert (samples == np.float32(0.9)).all()


def test_one_small_peak_is_held_and_the_rest_keeps_its_level() -> None:
    samples = (0.5 * np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)).astype(np.float32)
    before = samples.copy()
    samples[8000] = 1.2
    gain = hold_peaks(samples, RATE)
    assert np.abs(samples).max() <= CEILING
    assert gain == pytest.approx(CEILING / 1.2, rel=1e-3)
    assert np.array_equal(samples[:7600], before[:7600])
    assert np.array_equal(samples[8400:], before[8400:])


def test_a_large_excess_is_shared_by_the_whole_clip() -> None:
    samples = np.full(RATE, 0.1, dtype=np.float32)
    samples[8000] = 3.8
    gain = hold_peaks(samples, RATE)
    assert np.abs(samples).max() <= CEILING
    assert gain == pytest.approx(0.25, rel=1e-3)
    assert samples[0] == pytest.approx(0.1 * 0.25 * 10 ** (3 / 20), rel=1e-3)     # all but 3 dB of it


def test_peaks_where_its_own_parts_meet_are_held_alike() -> None:
    part = 2**20
    samples = np.full(2 * part + 5000, 0.1, dtype=np.float32)
    places = [0, part - 1, part, part + 3000, 2 * part + 1, len(samples) - 1]
    samples[places] = 1.2
    whole = samples.copy()
    # given the gain that each sample needs, smoothed over the whole clip at once
    reach = RATE // 100
    needed = minimum_filter1d(CEILING / np.maximum(np.abs(whole), CEILING), 2 * reach + 1, mode="nearest")
    gain = uniform_filter1d(needed.astype(np.float64), 2 * reach + 1, mode="nearest")
    # when peaks are held part by part
    hold_peaks(samples, RATE)
    # then it is the same
    assert np.abs(samples).max() <= CEILING
    assert np.abs(samples - whole * gain).max() < 1e-6


def test_loudness_is_matched_but_not_without_bounds() -> None:
    model = np.full(100, 0.2, dtype=np.float32)
    near, far, silent = (np.full(100, level, dtype=np.float32) for level in (0.3, 1e-4, 0.0))
    for samples in (near, far, silent):
        match(samples, model)
    assert rms(near) == pytest.approx(0.2)
    assert rms(far) == pytest.approx(1e-4 * 10 ** (12 / 20), rel=1e-3)
    assert not silent.any()
