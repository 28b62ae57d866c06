"""A control judges values, and the fix it offers with a problem really mends it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hay_say_lab.domain.control import (
    Choice,
    Control,
    Number,
    Text,
    Toggle,
    check_settings,
    control_from_json,
    with_defaults,
)
from tests.domain.json_patch import patched

PITCH = Number("pitch", unit="semitones", low=-36, high=36, default=0.0, help="Shift.")
BEEPS = Number("beeps", unit="beeps", low=1, high=8, default=1, step=1, help="How many.")
ODD = Number("odd", unit="parts", low=0, high=7.5, default=1, step=1, help="Whole, up to a limit that is not.")
OWN = Number("floor", unit="Hz", low=40, high=400, default=None, help="Found in the material unless given.")
METHOD = Choice("method", values=("harvest", "dio"), default="harvest", help="How.")
GUARD = Toggle("guard", default=True, help="On or off.")
TUNE = Text("tune", default="ceg", longest=5, help="Notes.")
ALL: tuple[Control, ...] = (PITCH, BEEPS, ODD, OWN, METHOD, GUARD, TUNE)


def _case(part: Any) -> str:
    return ascii(getattr(part, "name", part))[:24]


FIT = [
    (PITCH, 0), (PITCH, -36), (PITCH, 36.0), (PITCH, 0.001), (PITCH, -0.0),
    (BEEPS, 1), (BEEPS, 8.0),                   # a whole number may arrive as 8.0: JavaScript has no other
    (ODD, 7), (OWN, None), (OWN, 40), (METHOD, "dio"), (GUARD, False),
    (TUNE, ""), (TUNE, "abcde"), (TUNE, "ä漢🦜"),
]  # fmt: skip

UNFIT = [
    (PITCH, 36.001), (PITCH, -37), (PITCH, 1e308), (PITCH, 10**400), (PITCH, -(10**400)),   # 10**400: no float holds it
    (PITCH, "3"), (PITCH, True), (PITCH, None), (PITCH, [1]), (PITCH, {}),
    (PITCH, float("nan")), (PITCH, float("inf")), (PITCH, float("-inf")),
    (BEEPS, 1.5), (BEEPS, 0), (BEEPS, 9), (BEEPS, 8.4), (BEEPS, 0.4), (BEEPS, -2.5),        # both broken and out of range
    (ODD, 7.5), (ODD, 7.2), (ODD, 99),          # the nearest whole number that is allowed is 7
    (OWN, 39), (OWN, "forty"),
    (METHOD, "DIO"), (METHOD, ""), (METHOD, None), (METHOD, 1), (METHOD, ["dio"]),
    (GUARD, 1), (GUARD, 0), (GUARD, "true"), (GUARD, None),
    (TUNE, "abcdef"), (TUNE, 3), (TUNE, None),
    (TUNE, "a\x00b"), (TUNE, "a\nb"), (TUNE, "\ud800"),     # neither a control character nor half a letter is text
]  # fmt: skip


@pytest.mark.parametrize(("control", "value"), FIT, ids=_case)
def test_a_fit_value_has_no_problem(control: Control, value: Any) -> None:
    assert check_settings((control,), {control.name: value}, "settings") == []


@pytest.mark.parametrize(("control", "value"), UNFIT, ids=_case)
def test_each_fix_of_an_unfit_value_mends_it_by_itself(control: Control, value: Any) -> None:
    request = {"steps": [{"task": "convert", "settings": {control.name: value}}]}

    problems = check_settings((control,), request["steps"][0]["settings"], "steps.0.settings")

    assert problems
    for problem in problems:
        assert problem.field == f"steps.0.settings.{control.name}"
        assert control.name in problem.message
        assert len(problem.message) < 300, "a message is read by people, whatever was sent"
        assert problem.fix.label
        mended = patched(request, problem.fix.patch)["steps"][0]["settings"]
        assert check_settings((control,), mended, "steps.0.settings") == []


@pytest.mark.parametrize("name", ["speed", "pitch.shift", "a/b", "~", "", "pitch "])
def test_an_unknown_setting_can_be_left_out_by_one_click_whatever_its_name(name: str) -> None:
    request = {"steps": [{"settings": {name: 1, "pitch": 0}}]}

    (problem,) = check_settings(ALL, request["steps"][0]["settings"], "steps.0.settings")

    assert "pitch" in problem.message, "it says what is known"
    assert patched(request, problem.fix.patch) == {"steps": [{"settings": {"pitch": 0}}]}


def test_all_problems_of_all_settings_come_at_once() -> None:
    wrong = {"pitch": 99, "beeps": "two", "method": "yin", "guard": 1, "tune": "abcdef", "speed": 1}

    problems = check_settings(ALL, wrong, "s")

    assert [problem.field for problem in problems] == [f"s.{name}" for name in wrong]


@given(st.floats() | st.integers())
@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
def test_a_number_is_either_fit_or_has_a_fix_that_mends_it(value: float) -> None:
    for control in (PITCH, BEEPS, ODD):
        for problem in check_settings((control,), {control.name: value}, "s"):
            mended = patched({"s": {control.name: value}}, problem.fix.patch)["s"]
            assert check_settings((control,), mended, "s") == []


def test_defaults_fill_what_was_not_said_and_numbers_get_their_kind() -> None:
    filled = with_defaults(ALL, {"pitch": 3, "beeps": 4.0})

    assert filled == {
        "pitch": 3.0, "beeps": 4, "odd": 1, "floor": None, "method": "harvest", "guard": True, "tune": "ceg",
    }  # fmt: skip
    assert isinstance(filled["pitch"], float)
    assert isinstance(filled["beeps"], int)


def test_complete_settings_have_no_problem_and_stay_as_they_are() -> None:
    filled = with_defaults(ALL, {})

    assert check_settings(ALL, filled, "s") == []
    assert with_defaults(ALL, filled) == filled


@pytest.mark.parametrize("control", ALL, ids=lambda control: control.name)
def test_a_control_survives_the_wire(control: Control) -> None:
    there = control.as_json()
    back = control_from_json(there)

    assert type(back) is type(control)
    assert back.as_json() == there
    for value in (0, 0.5, 99, "dio", "abcdef", True, None):
        assert list(back.check(value, "f")) == list(control.check(value, "f"))
