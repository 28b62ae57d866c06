"""Each control is heard, over its whole range and in the right direction."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy
import pytest

from hay_say_espeak_ng.manifest import CONTROLS
from hay_say_lab.domain.control import Number

TEXT = "The birch canoe slid on the smooth planks, and the juice of lemons makes fine punch."


def seconds(result: object) -> float:
    return result.clip.seconds  # type: ignore[attr-defined]


def test_a_higher_rate_is_shorter_all_the_way(say: Callable) -> None:
    durations = [seconds(say(TEXT, rate_wpm=rate)) for rate in (80, 120, 175, 250, 350, 450)]
    assert all(slower > 1.15 * faster for slower, faster in pairwise(durations))


def test_the_rate_is_roughly_words_per_minute(say: Callable) -> None:
    result = say(TEXT * 5, rate_wpm=175)
    words = len(TEXT.split()) * 5
    assert 60 * words / seconds(result) == pytest.approx(175, rel=0.25)


def test_a_higher_pitch_is_higher_all_the_way(say: Callable, median_pitch_hz: Callable) -> None:
    pitches = [median_pitch_hz(say(TEXT, pitch=pitch).clip) for pitch in (0, 25, 50, 75, 99)]
    assert all(higher > 1.1 * lower for lower, higher in pairwise(pitches))


def test_a_wider_range_raises_the_peaks_of_the_melody(say: Callable, pitch_track_hz: Callable) -> None:
    spreads = []
    for pitch_range in (0, 25, 50, 75, 99):
        low, high = numpy.percentile(pitch_track_hz(say(TEXT, pitch_range=pitch_range).clip), [5, 95])
        spreads.append(high / low)
    assert spreads[0] < 1.1
    assert all(wider > narrower for narrower, wider in pairwise(spreads))


def test_the_word_gap_is_added_between_words(say: Callable) -> None:
    words = len(TEXT.split())
    none, small, large = (seconds(say(TEXT, word_gap=gap)) for gap in (0, 5, 20))
    assert small - none > 0.03 * (words - 2)
    assert large - none > 0.15 * (words - 2)


def test_the_word_gap_becomes_pauses_in_the_timings(say: Callable) -> None:
    timings = say("one two three", word_gap=20).documents["timings"]
    pauses = [p for p in timings["phonemes"] if not p["ipa"] and p["end"] - p["start"] > 0.1 * 22_050]
    assert len(pauses) == 3         # the gap follows every word, the last one too


def test_volume_scales_the_samples_and_zero_is_silent(say: Callable) -> None:
    levels = [float(numpy.sqrt(numpy.mean(say(TEXT, volume=v).clip.samples ** 2))) for v in (0, 50, 100, 150)]
    assert levels[0] == 0.0
    assert levels[1] == pytest.approx(levels[2] / 2, rel=0.1)
    assert levels[3] == pytest.approx(levels[2] * 1.5, rel=0.1)


def test_a_variant_changes_the_voice(say: Callable, median_pitch_hz: Callable) -> None:
    assert median_pitch_hz(say(TEXT, variant="f3").clip) > 1.5 * median_pitch_hz(say(TEXT).clip)


@pytest.mark.parametrize("control", [c for c in CONTROLS if isinstance(c, Number)], ids=lambda c: c.name)
def test_the_ends_of_every_number_are_spoken(say: Callable, control: Number) -> None:
    for value in (control.low, control.high):
        assert seconds(say("one two", **{control.name: int(value)})) > 0.2
