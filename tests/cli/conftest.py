"""One data home for all tests of a test process, so that they share a host; whoever needs a fresh one gets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.hosts import end_host


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    yield home
    end_host(home)


@pytest.fixture
def hay_say(shared_home: Path, tmp_path: Path) -> Shell:
    """`hay-say` in an empty folder."""
    return Shell(shared_home, tmp_path)


@pytest.fixture
def fresh_hay_say(tmp_path: Path) -> Iterator[Shell]:
    """`hay-say` as on its first day: an empty data home, no host."""
    folder = tmp_path / "here"
    folder.mkdir()
    yield Shell(tmp_path / "home", folder)
    end_host(tmp_path / "home")
