"""A full and a read-only disk at places in the code that write. `make faults KILLS=n` meets every one of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.rough import RoughDisk
from tests.faults.sites import Rounds, Site

pytestmark = pytest.mark.compiler
SITES_OF_AN_ACT = 2
SEED = 1


def test_whatever_writes_ends_well_or_with_a_typed_error_and_succeeds_when_there_is_room_again(
    tmp_path: Path, rough_of: Callable[[Path], RoughDisk]
) -> None:
    home = tmp_path / "home"
    rounds = Rounds(home, rough_of(home))
    dice = random.Random(SEED)
    met = []
    try:
        for act in rounds.acts:
            calls = rounds.calls_of(act)
            likely = dice.choices([key for key in calls if calls[key]], k=SITES_OF_AN_ACT)
            sites = [Site(act, error, place, dice.randint(1, calls[error, place])) for error, place in likely]
            met += [rounds.meet(site) for site in sites]
        met += [rounds.meet(Site("start", "read-only", "home", nth)) for nth in (1, 2)]
        verdict = rounds.verdict()
    finally:
        rounds.host.process.kill()

    assert rounds.wrong == []
    assert verdict.clean, verdict.notes
    assert sum(met) >= 0.5 * len(met), "the same act makes about as many calls each time: drawn from those, most are met"
