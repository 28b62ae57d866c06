"""A Jupyter server with the extension in it, strict about logins, in front of real hosts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from tests.service.running_host import PREFIX, RunningHost, start_host

Fetch = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture(scope="session")
def shared_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A host for all tests that do it no harm."""
    host = start_host(tmp_path_factory.mktemp("shared") / "home")
    yield host
    host.end()


@pytest.fixture
def home(shared_host: RunningHost, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data home that Jupyter knows; modules that kill hosts name another."""
    monkeypatch.setenv("HAY_SAY_HOME", str(shared_host.home))
    return shared_host.home


@pytest.fixture
def jp_server_config(home: Path) -> dict[str, Any]:
    return {
        "ServerApp": {
            # the terminals' own websocket is what Jupyter warns about
            "jpserver_extensions": {"hay_say_lab": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
            "reraise_server_extension_failures": True,
        }
    }


@pytest.fixture
def fetch(jp_serverapp: Any, http_server_client: AsyncHTTPClient, jp_auth_header: dict[str, str], jp_base_url: str) -> Fetch:
    """Call a route through Jupyter: `path` behind the prefix, sent as it is. `login` False: without the token."""

    async def call(path: str, method: str = "GET", *, login: bool = True, **how: Any) -> HTTPResponse:
        headers = {**(jp_auth_header if login else {}), **how.pop("headers", {})}
        if method == "POST":
            how.setdefault("body", b"")
        return await http_server_client.fetch(
            f"{jp_base_url.rstrip('/')}{PREFIX}{path}",
            method=method,
            headers=headers,
            raise_error=False,
            request_timeout=60,
            follow_redirects=False,
            **how,
        )

    return call
