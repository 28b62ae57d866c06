"""Lanes by weight: the interactive one first, none starved, none paid for the time it had nothing to do."""

from __future__ import annotations

from collections import Counter

import pytest

from hay_say_lab.engine.lanes import WEIGHTS, Lanes


def _served(lanes: Lanes, waiting: set[str], ticks: int, seconds: dict[str, float] | None = None) -> Counter[str]:
    """Simulated ticks: each serves one stage of the first lane in order and charges what it took."""
    served: Counter[str] = Counter()
    for _ in range(ticks):
        lane = lanes.order(waiting)[0]
        served[lane] += 1
        lanes.charge(lane, (seconds or {}).get(lane, 1.0))
    return served


def test_the_first_turn_is_the_interactive_lanes() -> None:
    assert Lanes().order(set(WEIGHTS))[0] == "interactive"


def test_against_batch_the_interactive_lane_gets_eight_turns_of_ten() -> None:
    assert _served(Lanes(), {"interactive", "batch"}, 100) == {"interactive": 80, "batch": 20}


def test_every_lane_gets_its_share_and_none_starves() -> None:
    served = _served(Lanes(), set(WEIGHTS), 120)
    assert served == {"interactive": 80, "batch": 20, "download": 10, "maintenance": 10}


def test_shares_are_of_seconds_not_of_stages() -> None:
    served = _served(Lanes(), {"interactive", "batch"}, 300, {"interactive": 0.5, "batch": 5.0})
    assert served["interactive"] * 0.5 / (served["batch"] * 5.0) == pytest.approx(4.0, rel=0.1)


def test_a_lane_alone_gets_every_turn() -> None:
    assert _served(Lanes(), {"maintenance"}, 10) == {"maintenance": 10}


def test_a_lane_that_slept_is_not_paid_for_its_sleep() -> None:
    lanes = Lanes()
    _served(lanes, {"interactive"}, 1000)

    after = _served(lanes, {"interactive", "batch"}, 100)

    assert 15 <= after["batch"] <= 25, "an hour without batch jobs earns no hour of batch alone"


def test_a_lane_that_worked_alone_is_not_punished_for_it() -> None:
    lanes = Lanes()
    _served(lanes, {"batch"}, 1000)
    assert _served(lanes, {"interactive", "batch"}, 100)["batch"] >= 15


def test_a_stage_that_waited_for_long_costs_its_lane_half_for_each_five_minutes() -> None:
    lanes = Lanes()
    for waited, cost in ((0.0, 5.0), (300.0, 2.5), (600.0, 1.25)):
        before = lanes.owed("batch")
        lanes.charge("batch", 10.0, waited)
        assert lanes.owed("batch") - before == pytest.approx(cost)


def test_only_lanes_with_work_are_ordered() -> None:
    assert Lanes().order(set()) == []
    assert Lanes().order({"batch", "download"}) == ["batch", "download"]
