from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.household import STARTERS, Household, wait_until
from tests.faults.rough import RoughDisk, built, control_of


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


@pytest.fixture(scope="session")
def rough_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("rough"))


@pytest.fixture
def rough_of(rough_library: Path, tmp_path: Path) -> Callable[[Path], RoughDisk]:
    """A rough disk of its own for a data home."""
    for file in (rough_library, control_of(rough_library)):
        shutil.copy(file, tmp_path)
    return lambda home: RoughDisk(tmp_path.resolve() / rough_library.name, home)


def make_household(folder: Path) -> Household:
    home, work = folder / "home", folder / "work"
    work.mkdir(parents=True)
    return Household(home, work, uuid.uuid4().hex)


