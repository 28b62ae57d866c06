"""The browser's driver runs an event loop of its own in the main thread: pytest-jupyter's must keep away from it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """In place of pytest-jupyter's: it would close the driver's loop behind the first test."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """In place of pytest-jupyter's: the server of these tests is a process of its own, ended by `lab_page`."""
