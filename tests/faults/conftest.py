from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.household import STARTERS, Household, wait_until


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The artifact of a run in which nobody was killed."""
    household = make_household(tmp_path_factory.mktemp("undisturbed"))
    try:
        STARTERS["hay-say"](household)
        wait_until(lambda: household.states() == ["succeeded"], 60, "the undisturbed job did not finish")
        return household.artifacts()[0]
    finally:
        household.end()


def make_household(folder: Path) -> Household:
    home, work = folder / "home", folder / "work"
    work.mkdir(parents=True)
    return Household(home, work, uuid.uuid4().hex)


