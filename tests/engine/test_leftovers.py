"""What cancelled jobs leave is bounded: by number and by age; by size where the budgets are kept (test_pruner)."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hay_say_lab.engine.leftovers import MOST_LEFT, SECONDS_LEFT, Leftovers
from hay_say_lab.storage.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def _leave(home: Home, name: str, age_seconds: float, count_bytes: int = 10) -> None:
    folder = home.leftovers / name
    folder.mkdir(parents=True)
    (folder / "000000.npz").write_bytes(bytes(count_bytes))
    os.utime(folder, (time.time() - age_seconds,) * 2)


def _left(home: Home) -> list[str]:
    return sorted(path.name for path in home.leftovers.iterdir())


def test_the_oldest_of_many_go(home: Home) -> None:
    for number in range(MOST_LEFT + 3):
        _leave(home, f"{number:02d}", age_seconds=number)
    Leftovers(home, lambda job: None).swept()
    assert _left(home) == [f"{number:02d}" for number in range(MOST_LEFT)]


def test_what_is_old_goes(home: Home) -> None:
    _leave(home, "old", SECONDS_LEFT + 60)
    _leave(home, "young", SECONDS_LEFT - 60)
    Leftovers(home, lambda job: None).swept()
    assert _left(home) == ["young"]


def test_a_home_without_any_is_fine(home: Home) -> None:
    Leftovers(home, lambda job: None).swept()
    assert not home.leftovers.exists()
