"""The bad server, and a fetcher that may call it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hay_say_lab.library.addresses import Rules
from hay_say_lab.library.fetch import Fetched, Fetcher, Item, Limits
from hay_say_lab.library.patience import Patience
from hay_say_lab.library.web import Web
from tests.library.bad_server import Canary, Stage, bad_server, canary

QUICK = Patience(tries=3, first_wait_seconds=0.005, longest_wait_seconds=0.5)
LIMITS = Limits(most_bytes=1 << 22, patience=QUICK)


@pytest.fixture(scope="session")
def _server() -> Iterator[Stage]:
    with bad_server() as stage:
        yield stage


@pytest.fixture
def server(_server: Stage) -> Stage:
    _server.acts.clear()
    _server.seen.clear()
    return _server


@pytest.fixture
def bird() -> Iterator[Canary]:
    with canary() as made:
        yield made


@pytest.fixture
def web(server: Stage) -> Web:
    return Web(Rules(trusted=frozenset({server.url})), silence_seconds=0.5)


@pytest.fixture
def fetcher(web: Web) -> Fetcher:
    return Fetcher(web, LIMITS)


Fetch = Callable[..., Fetched]


@pytest.fixture
def fetch(fetcher: Fetcher, tmp_path: Path) -> Fetch:
    """Fetch an item (or a URL) to `tmp_path / 'in' / 'file'`."""

    def run(item: Item | str, by: Fetcher = fetcher) -> Fetched:
        (tmp_path / "in").mkdir(exist_ok=True)
        asked = Item(item, "model.pth") if isinstance(item, str) else item
        return by.fetch(asked, tmp_path / "in" / "file", lambda done, total: None, threading.Event())

    return run


@pytest.fixture
def left(tmp_path: Path) -> Callable[[], list[str]]:
    return lambda: sorted(path.name for path in (tmp_path / "in").iterdir())
