"""Pitch: where a speaker lies, how far a speaker moves, and how one is brought to another."""

from __future__ import annotations

import numpy as np
import pytest

from hay_say_world.pitch import PitchHabit, habit_of, pitch_map


def contour(median_hz: float, spread: float, frames: int = 2001) -> np.ndarray:
    """f0 (T,) with a normal distribution of log f0; every fourth frame unvoiced."""
    f0 = median_hz * np.exp(spread * np.random.default_rng(1).standard_normal(frames))
    f0[::4] = 0.0
    return f0


def test_the_habit_ignores_unvoiced_frames_and_octave_jumps() -> None:
    clean = contour(120.0, 0.15)
    wild = clean.copy()
    wild[1:400:10] *= 2.0
    wild[5:400:12] *= 0.5
    for f0 in (clean, wild):
        habit = habit_of(f0)
        assert habit is not None
        assert habit.median_hz == pytest.approx(120.0, rel=0.02)
        assert habit.spread == pytest.approx(0.15, rel=0.1)
        assert habit.count == 1500


def test_a_clip_without_voice_has_no_habit_and_keeps_its_silence() -> None:
    assert habit_of(np.zeros(10)) is None
    assert not pitch_map(None, None, 12.0, 1.0).apply(np.zeros(10)).any()


def test_median_goes_onto_median_and_spread_onto_spread() -> None:
    source, target = habit_of(contour(200.0, 0.10)), habit_of(contour(110.0, 0.14))
    made = habit_of(pitch_map(source, target, 0.0, 1.0).apply(contour(200.0, 0.10)))
    assert made is not None
    assert target is not None
    assert made.log_median == pytest.approx(target.log_median, abs=1e-6)
    assert made.spread == pytest.approx(target.spread, rel=1e-6)


@pytest.mark.parametrize(
    ("source", "target", "ratio"), [(0.4, 0.05, 0.6), (0.05, 0.4, 1.6), (0.001, 0.045, 1.5)]
)
def test_the_spread_is_never_forced_too_far(source: float, target: float, ratio: float) -> None:
    made = pitch_map(PitchHabit(5.0, source, 100), PitchHabit(4.5, target, 100), 0.0, 1.0)
    assert made.ratio == pytest.approx(ratio)


def test_semitones_and_range_act_around_the_median() -> None:
    f0 = contour(200.0, 0.1)
    habit = habit_of(f0)
    shifted = habit_of(pitch_map(habit, None, -12.0, 1.0).apply(f0))
    flat = habit_of(pitch_map(habit, None, 0.0, 0.0).apply(f0))
    lively = habit_of(pitch_map(habit, None, 0.0, 2.0).apply(f0))
    assert habit is not None
    assert shifted is not None
    assert flat is not None
    assert lively is not None
    assert shifted.median_hz == pytest.approx(habit.median_hz / 2)
    assert flat.spread == pytest.approx(0.0, abs=1e-9)
    assert lively.spread == pytest.approx(2 * habit.spread)


def test_tracker_errors_are_held_within_what_a_fitted_voice_can_do() -> None:
    source, target = PitchHabit(np.log(200.0), 0.1, 9), PitchHabit(np.log(110.0), 0.3, 9)
    made = pitch_map(source, target, 0.0, 1.0).apply(np.array([30.0, 2000.0]))
    assert made == pytest.approx([50.0, 700.0])


def test_without_tricks_the_pitch_stays_as_it_is() -> None:
    f0 = contour(200.0, 0.1)
    assert pitch_map(habit_of(f0), None, 0.0, 1.0).apply(f0) == pytest.approx(f0)
