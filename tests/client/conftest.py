"""One real host for the tests of a module in one process, and a relay in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hay_say_lab import Lab
from hay_say_lab.client.hosting import Hosting
from tests.client.relay import TOKEN, Relay
from tests.hosts import end_host


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data home whose host, if a test starts one, ends with the module."""
    home = tmp_path_factory.mktemp("home")
    yield home
    end_host(home)


@pytest.fixture
def lab(home: Path) -> Lab:
    return Lab(home)


@pytest.fixture
def relay(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """The host of `home` behind a relay, which is where HAY_SAY_URL points."""
    relay = Relay(Hosting(home).address())
    monkeypatch.setenv("HAY_SAY_URL", relay.url)
    monkeypatch.setenv("HAY_SAY_TOKEN", TOKEN)
    yield relay
    relay.close()


@pytest.fixture
def far(relay: Relay, tmp_path: Path) -> Lab:
    """A laboratory that knows its host by HAY_SAY_URL alone; its own data home is another one, and empty."""
    return Lab(tmp_path / "elsewhere")
