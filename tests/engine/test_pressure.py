"""A full queue: bounds, reasons, and a time to come again that is measured."""

from __future__ import annotations

import pytest

from hay_say_lab.engine.pressure import LONGEST_RETRY_SECONDS, UNKNOWN_RETRY_SECONDS, Depth, Pressure
from hay_say_lab.errors import Full


def test_below_its_bounds_a_queue_takes_what_comes() -> None:
    Pressure(10, 100).check("ann", 9, 99, 0.0)


@pytest.mark.parametrize(
    ("of_one", "of_all", "words"),
    [(10, 10, "You have 10 jobs waiting"), (3, 100, "All together have 100 jobs waiting")],
)
def test_at_a_bound_the_reason_is_told_in_words(of_one: int, of_all: int, words: str) -> None:
    with pytest.raises(Full, match=words) as refusal:
        Pressure(10, 100).check("ann", of_one, of_all, 0.0)
    assert refusal.value.retry_after_seconds == UNKNOWN_RETRY_SECONDS


def test_when_to_come_again_follows_from_how_fast_jobs_leave() -> None:
    pressure = Pressure(10, 100)
    for second in range(0, 60, 5):
        pressure.left("bob", float(second))
    for second in range(0, 60, 20):
        pressure.left("ann", float(second))

    with pytest.raises(Full, match="About 3 of yours leave a minute") as of_one:
        pressure.check("ann", 10, 0, 60.0)
    with pytest.raises(Full, match="About 15 leave a minute") as of_all:
        pressure.check("ann", 0, 100, 60.0)

    assert of_one.value.retry_after_seconds == 20.0
    assert of_all.value.retry_after_seconds == 4.0


def test_what_left_long_ago_says_nothing_of_now() -> None:
    pressure = Pressure()
    pressure.left("ann", 0.0)
    assert pressure.per_minute(60.0) == 1.0
    assert pressure.per_minute(301.0) == 0.0


def test_nobody_is_sent_away_for_ever() -> None:
    pressure = Pressure(0)
    pressure.left("ann", 0.0)
    for now in (299.0, 0.0):
        with pytest.raises(Full) as refusal:
            pressure.check("ann", 1, 1, now)
        assert 1.0 <= (refusal.value.retry_after_seconds or 0.0) <= LONGEST_RETRY_SECONDS


def test_the_depth_is_counted_now_and_then_and_never_told_too_low() -> None:
    counts: list[int] = []

    def count() -> int:
        counts.append(len(counts))
        return 100 * len(counts)

    depth = Depth(count)
    assert depth.at(0.0) == 100
    depth.one_more()
    assert depth.at(0.5) == 101
    assert depth.at(1.0) == 200
    assert len(counts) == 2
