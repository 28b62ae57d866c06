"""What the answers of blind tests say, held against scipy."""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import binomtest, t

from hay_say_lab.client.listening import Listening, guessing, student, wilson


def _abx(correct: bool) -> dict[str, Any]:
    return {"kind": "abx", "order": ["a", "b"], "hidden": "a", "choice": "a" if correct else "b", "scores": None, "seconds": 1.0}


def _ab(choice: str) -> dict[str, Any]:
    return {"kind": "ab", "order": ["b", "a"], "hidden": None, "choice": choice, "scores": None, "seconds": 1.0}


def _mushra(**scores: float) -> dict[str, Any]:
    return {"kind": "mushra", "order": list(scores), "hidden": None, "choice": None, "scores": scores, "seconds": 1.0}


@pytest.mark.parametrize(("hits", "answers"), [(0, 1), (1, 1), (7, 10), (12, 16), (50, 100)])
def test_guessing_and_the_interval_of_a_share_are_scipys(hits: int, answers: int) -> None:
    reference = binomtest(hits, answers, 0.5, alternative="greater")
    interval = binomtest(hits, answers).proportion_ci(0.95, method="wilson")
    assert guessing(hits, answers) == pytest.approx(reference.pvalue, rel=1e-9)
    assert wilson(hits, answers) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-12)


def test_the_interval_of_a_mean_is_scipys_and_one_value_has_none() -> None:
    values = [20.0, 55.0, 60.0, 90.0]
    mean, deviation = 56.25, 28.686524130097517
    assert student(values) == pytest.approx(t.interval(0.95, 3, loc=mean, scale=deviation / 2))
    assert student([50.0]) == (None, None)


def test_each_kind_of_test_has_its_lines() -> None:
    # given
    trials = [_ab("a"), _ab("a"), _ab("b"), *[_abx(True)] * 9, _abx(False), _mushra(a=80, b=20), _mushra(a=60, b=40)]
    # when
    lines = {(line.test, line.take): line for line in Listening(trials).lines()}
    # then
    assert lines["ab", "a"].value == pytest.approx(2 / 3)
    assert lines["ab", "b"].answers == 3
    assert lines["abx", "a | b"].p == pytest.approx(11 / 1024)
    assert lines["mushra", "a"].value == 70
    assert lines["mushra", "b"].low is not None


def test_no_answers_give_no_lines() -> None:
    assert Listening(()).lines() == []
