"""How often one owner may change something: so many a minute, evenly."""

from __future__ import annotations

import pytest

from hay_say_lab.domain.profile import LOCAL, PROFILES
from hay_say_lab.errors import Full
from hay_say_lab.service.pace import Pace


def _taken(pace: Pace, owner: str, now: float) -> int:
    count = 0
    while True:
        try:
            pace.check(owner, now)
        except Full:
            return count
        count += 1


def test_a_minute_holds_what_the_profile_says_and_fills_up_evenly() -> None:
    pace = Pace(PROFILES["public"])
    most = PROFILES["public"].changes_per_minute or 0
    assert _taken(pace, "ann", 0.0) == most
    assert _taken(pace, "bob", 0.0) == most, "each for themselves"
    assert _taken(pace, "ann", 15.0) == most // 4
    assert _taken(pace, "ann", 1e6) == most, "no more than a minute's is saved"


def test_on_ones_own_machine_nobody_counts() -> None:
    pace = Pace(LOCAL)
    for _ in range(10_000):
        pace.check("ann", 0.0)


def test_calls_that_were_refused_do_not_count() -> None:
    pace = Pace(PROFILES["public"])
    _taken(pace, "ann", 0.0)
    for _ in range(50):
        with pytest.raises(Full) as refused:
            pace.check("ann", 0.0)
        assert 0 < (refused.value.retry_after_seconds or 0) <= 0.5
    pace.check("ann", 1.0)
