"""Vocal tracts: formants move as told, and an imposed move is measured again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hay_say_lab.plugin import Clip, Result
from hay_say_world.analysis import envelope_of
from hay_say_world.classes import classify
from hay_say_world.frames import cut
from hay_say_world.pitch import habit_of
from hay_say_world.profile import load
from hay_say_world.survey import SPECTRAL_MARGIN_SECONDS, Survey
from hay_say_world.tract import estimate_warp
from hay_say_world.warp import HIGHEST, LOWEST, warp_envelope, warped_hz


@pytest.mark.parametrize("alpha", [LOWEST, 0.9, 1.1, HIGHEST])
def test_the_axis_is_stretched_below_and_fixed_at_both_ends(alpha: float) -> None:
    hz = np.linspace(0, 8000, 801)
    origin = warped_hz(hz, alpha, 8000.0)
    assert origin[0] == 0.0
    assert origin[-1] == pytest.approx(8000.0)
    assert (np.diff(origin) > 0).all()
    assert origin[hz <= 5000] == pytest.approx(hz[hz <= 5000] / alpha)


@pytest.mark.parametrize("alpha", [0.85, 1.18])
def test_a_resonance_moves_by_the_factor(alpha: float) -> None:
    hz = np.linspace(0, 8000, 513)
    envelope = np.exp(-(((hz - 2000) / 100) ** 2))[None, :] + 1e-6
    assert hz[warp_envelope(envelope, alpha, 16_000)[0].argmax()] == pytest.approx(2000 * alpha, abs=16)


def test_a_factor_of_one_changes_nothing() -> None:
    envelope = np.random.default_rng(0).random((3, 513))
    assert warp_envelope(envelope, 1.0, 16_000) is envelope


@pytest.mark.parametrize("alpha", [0.85, 0.92, 1.1, 1.18])
@pytest.mark.parametrize("speaker", ["giant", "woman", "machine"])
def test_an_imposed_warp_is_recovered_within_three_hundredths(
    speaker: str,
    alpha: float,
    source: Callable[[str], Clip],
    fitted: Callable[[str], Path],
    convert: Callable[..., Result],
    hear: Callable[[Clip], Survey],
) -> None:
    # given a speaker's other words, made with formants moved by alpha and the pitch left as it is
    heard, profile = hear(source(speaker)), load(fitted(speaker))
    moved = convert("controls", source(speaker), formant_shift=alpha).clip
    assert moved is not None
    # when the way back to the speaker's own profile is measured
    stretch = cut(moved.samples, moved.sample_rate, 0, heard.frames, SPECTRAL_MARGIN_SECONDS)
    classes = classify(heard.loudness, heard.f0_hz)
    estimate = estimate_warp(
        envelope_of(stretch, heard.f0_hz, heard.fft_size)[classes.voiced],
        moved.sample_rate,
        habit_of(heard.f0_hz[classes.voiced & heard.pitched]),
        profile.pitch,
        profile.tract,
    )
    # then it is the inverse of what was imposed
    assert estimate.measured
    assert 1.0 / estimate.alpha == pytest.approx(alpha, abs=0.03)


def test_too_little_voice_leaves_formants_alone(fitted: Callable[[str], Path]) -> None:
    profile = load(fitted("machine"))
    estimate = estimate_warp(np.ones((59, 513)), 16_000, profile.pitch, profile.pitch, profile.tract)
    assert (estimate.alpha, estimate.measured) == (1.0, False)
