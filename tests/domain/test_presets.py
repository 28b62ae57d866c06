"""Presets as settings: by name in their own architecture, by meaning in another one, and nothing is changed silently."""

from __future__ import annotations

from typing import Any

import pytest

from hay_say_lab.domain.control import Choice, Number, Toggle, control_from_json
from hay_say_lab.domain.meaning import MEANINGS, converted
from hay_say_lab.domain.preset import Preset, carry, senses_of

HERE = (
    Number("pitch_semitones", "semitones", -24, 24, 0, 0.5, help="", means="pitch"),
    Number("formant_shift", "times", 0.5, 2, None, 0.01, help="", means="formant"),
    Number("rate_wpm", "words per minute", 80, 450, 175, 1, help="", means="speed"),
    Number("level", "percent", 0, 200, 100, 1, help="", means="energy"),
    Toggle("fit", True, help="", means="fit_pitch"),
    Choice("method", ("harvest", "dio"), "harvest", help="", means="f0_method"),
    Number("knob", "points", 0, 10, 0, help=""),
)
THERE = (
    Number("transpose", "semitones", -12, 12, 0, 1, help="", means="pitch"),
    Number("gender", "semitones", -12, 12, 0, help="", means="formant"),
    Number("speed", "times", 0.1, 5, 1, 0.01, help="", means="speed"),
    Number("loud", "times", 0, 1.5, 1, 0.01, help="", means="energy"),
    Choice("f0", ("rmvpe", "harvest"), "rmvpe", help="", means="f0_method"),
)


def _carried(settings: dict[str, Any], architecture: str = "there") -> tuple[dict[str, Any], dict[str, str]]:
    preset = Preset("convert", "here", settings, senses_of(HERE, settings))
    found = carry(preset, architecture, THERE if architecture == "there" else HERE)
    return found.settings, {left.setting: left.why for left in found.left_out}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"pitch_semitones": -3.0}, {"transpose": -3}),             # one unit; whole where the other one is
        ({"formant_shift": 2.0}, {"gender": 12.0}),                 # a ratio of frequencies in semitones
        ({"level": 110}, {"loud": 1.1}),                            # percent to times, without dust
        ({"method": "harvest"}, {"f0": "harvest"}),                 # a word that both know
    ],
)
def test_what_means_the_same_is_carried_over(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    assert _carried(settings) == (expected, {})


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"knob": 3}, "alone"),                                     # it means nothing elsewhere
        ({"fit": True}, "fit_pitch"),                               # the other one has no such control
        ({"rate_wpm": 120}, "words per minute"),                    # no exact way to a ratio
        ({"pitch_semitones": 20}, "from -12 to 12"),                # out of the other's range: not cut silently
        ({"pitch_semitones": 0.5}, "whole"),                        # not rounded silently
        ({"method": "dio"}, "one of"),                              # a word that the other does not know
        ({"level": 200}, "from 0 to 1.5"),
    ],
)
def test_what_cannot_be_carried_over_is_listed_with_the_reason(settings: dict[str, Any], why: str) -> None:
    carried, left_out = _carried(settings)
    assert carried == {}
    assert why in left_out[next(iter(settings))]


def test_in_its_own_architecture_everything_is_carried_over_by_name() -> None:
    settings = {"pitch_semitones": 20, "knob": 3, "fit": False, "rate_wpm": 120, "formant_shift": None}
    assert _carried(settings, "here") == (settings, {})


def test_a_setting_that_an_architecture_lost_is_listed() -> None:
    carried, left_out = _carried({"gone": 1, "knob": 2}, "here")
    assert carried == {"knob": 2}
    assert "any more" in left_out["gone"]


def test_what_is_converted_comes_back() -> None:
    for value, meaning, unit, other in ((1.2, "formant", "times", "semitones"), (0.3, "breath", "share", "percent")):
        there = converted(value, meaning, unit, other)
        assert there is not None
        assert converted(there, meaning, other, unit) == pytest.approx(value)


def test_a_ratio_that_is_no_frequency_is_no_semitones() -> None:
    assert converted(2.0, "energy", "times", "semitones") is None
    assert converted(0.0, "pitch", "times", "semitones") is None


def test_a_preset_survives_json_and_its_version_is_its_content() -> None:
    settings = {"pitch_semitones": -3.0, "fit": True, "formant_shift": None, "method": "dio"}
    preset = Preset("convert", "here", settings, senses_of(HERE, settings), "warm")
    assert Preset.from_json(preset.as_json()) == preset
    assert Preset.from_json(preset.as_json()).id == preset.id != Preset("convert", "here", settings).id


def test_a_control_with_a_meaning_of_its_own_is_refused_and_the_others_survive_json() -> None:
    with pytest.raises(ValueError, match="no meaning"):
        Toggle("fit", True, help="", means="magic")
    for control in HERE:
        assert control_from_json(control.as_json()).means == control.means
    assert all(text.islower() and help_text for text, help_text in MEANINGS.items())
