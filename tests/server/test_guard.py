"""Jupyter's login, authorizer, XSRF and host name stand in front of every verb of every route."""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import JupyterServerAuthWarning
from tornado import web

from hay_say_lab.domain.host import record_path
from hay_say_lab.server.extension import HaySayLabApp
from hay_say_lab.server.forwarder import Forwarder
from tests.server.conftest import Fetch

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READING = ("GET", "HEAD")


class ReadersOnly(Authorizer):
    """Lets everybody look and nobody do; remembers what it was asked."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return action == "read"


def _body(verb: str) -> dict[str, Any]:
    return {"body": b"{}", "headers": {"Content-Type": "application/json"}} if verb in ("POST", "PUT", "PATCH") else {}


def _wrappings(function: Any) -> list[str]:
    """The files of a function's decorators, outermost first."""
    found = []
    while hasattr(function, "__wrapped__"):
        found.append(Path(inspect.getsourcefile(function.__code__) or "").name)
        function = function.__wrapped__
    return found


def test_no_endpoint_is_without_a_guard(jp_configurable_serverapp: Any) -> None:
    """Jupyter's own check, which looks at every handler that an extension adds."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", JupyterServerAuthWarning)
        app: ServerApp = jp_configurable_serverapp()
    unguarded = [str(warning.message) for warning in seen if "endpoints without" in str(warning.message)]
    assert not unguarded
    assert isinstance(app.extension_manager.extension_points["hay_say_lab"].app, HaySayLabApp)


def test_jupyters_check_would_find_an_unguarded_endpoint(jp_serverapp: ServerApp) -> None:
    class Open(web.RequestHandler):
        def get(self) -> None:
            self.finish("anybody")

    with pytest.warns(JupyterServerAuthWarning, match="GET of Open"):
        jp_serverapp.web_app.add_handlers(".*$", [(r"/open", Open)])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_every_handler_carries_both_decorators(verb: str) -> None:
    app = HaySayLabApp()
    app.initialize_settings()
    app.initialize_handlers()
    assert [handler for _, handler, _ in app.handlers] == [Forwarder]
    for _, handler, _ in app.handlers:
        assert handler.auth_resource == "hay_say_lab"
        wrapped = _wrappings(getattr(handler, verb.lower()))
        assert wrapped == ["web.py", "decorator.py"], "not @authenticated first and @authorized second"


def test_only_options_is_left_to_jupyter() -> None:
    assert set(Forwarder.SUPPORTED_METHODS) - set(VERBS) == {"OPTIONS"}


@pytest.mark.parametrize("verb", VERBS)
async def test_a_stranger_gets_nothing(verb: str, fetch: Fetch) -> None:
    for path in ("/voices", "/jobs", "/clips", "/events", "/health", "/nowhere"):
        answer = await fetch(path, verb, login=False, **_body(verb))
        assert answer.code == 403, (verb, path)
        if verb != "HEAD":
            assert json.loads(answer.body)["code"] == "forbidden"


@pytest.mark.parametrize("host", ["evil.test", "evil.test:80", "169.254.1.1"])
async def test_a_foreign_host_name_is_refused(host: str, fetch: Fetch) -> None:
    for path in ("/voices", "/events", "/nowhere"):
        assert (await fetch(path, headers={"Host": host})).code == 403
    assert (await fetch("/jobs", "POST", headers={"Host": host})).code == 403


async def test_options_never_reaches_the_host(fetch: Fetch) -> None:
    answer = await fetch("/jobs", "OPTIONS", login=False)
    assert answer.code in (200, 204)
    assert not answer.body


@pytest.fixture
def cookies(jp_serverapp: ServerApp, jp_asyncio_loop: Any, http_server_client: Any, jp_auth_header: Any, jp_base_url: str) -> dict[str, str]:
    """What a browser holds after it opened Jupyter: a login cookie, and the XSRF cookie."""

    async def visit() -> dict[str, str]:
        answer = await http_server_client.fetch(f"{jp_base_url}api/status", headers=jp_auth_header)
        login = {part.partition("=")[0]: part.partition("=")[2].partition(";")[0]
                 for part in answer.headers.get_list("Set-Cookie")}  # fmt: skip
        page = await http_server_client.fetch(f"{jp_base_url}login?next=x", raise_error=False, follow_redirects=False)
        xsrf = {part.partition("=")[0]: part.partition("=")[2].partition(";")[0]
                for part in page.headers.get_list("Set-Cookie")}  # fmt: skip
        return login | xsrf

    return jp_asyncio_loop.run_until_complete(visit())


def _as_header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def test_a_browser_that_does_not_prove_where_it_comes_from_is_refused(
    fetch: Fetch, cookies: dict[str, str], home: Path
) -> None:
    """given a logged-in browser, when a page makes it post without the XSRF token, then nothing is done"""
    assert "_xsrf" in cookies
    headers = {"Cookie": _as_header(cookies), "Content-Type": "application/json"}
    for path in ("/jobs", "/preflight", "/voices", "/drain"):
        answer = await fetch(path, "POST", login=False, body=b"{}", headers=headers)
        assert answer.code == 403, path
    refused = await fetch("/clips", "POST", login=False, body=b"RIFF", headers=headers | {"Content-Type": "audio/wav"})
    assert refused.code == 403
    assert (await fetch("/voices/x:y", "DELETE", login=False, headers=headers)).code == 403


async def test_a_browser_that_proves_it_gets_through(fetch: Fetch, cookies: dict[str, str]) -> None:
    headers = {"Cookie": _as_header(cookies), "Content-Type": "application/json", "X-XSRFToken": cookies["_xsrf"]}
    answer = await fetch("/preflight", "POST", login=False, body=b'{"steps": []}', headers=headers)
    assert answer.code == 200
    assert json.loads(answer.body)["problems"]


async def test_a_page_of_another_origin_is_refused(fetch: Fetch, cookies: dict[str, str]) -> None:
    for origin in ("http://evil.test", "null"):
        headers = {"Cookie": _as_header(cookies), "Origin": origin, "X-XSRFToken": cookies["_xsrf"]}
        assert (await fetch("/jobs", "POST", login=False, body=b"{}", headers=headers)).code in (403, 404)
        assert (await fetch("/voices", login=False, headers=headers)).code in (403, 404)


class TestAnAuthorizerThatDeniesWrites:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        ReadersOnly.asked.clear()
        jp_server_config["ServerApp"]["authorizer_class"] = ReadersOnly
        return jp_server_config

    async def test_reading_passes_and_every_writing_verb_is_refused(self, fetch: Fetch) -> None:
        """In this order: a decorator that remembered the first action would let the second through."""
        assert (await fetch("/voices")).code == 200
        for verb in VERBS:
            answer = await fetch("/voices", verb, **_body(verb))
            assert (answer.code == 403) == (verb not in READING), verb
        assert (await fetch("/voices")).code == 200
        assert {resource for _, resource in ReadersOnly.asked} == {"hay_say_lab"}

    async def test_an_upload_is_refused_before_its_first_byte_goes_on(self, fetch: Fetch, shared_host: Any) -> None:
        before = shared_host.objects()
        answer = await fetch("/clips", "POST", body=b"RIFF" * 1000, headers={"Content-Type": "audio/wav"})
        assert answer.code == 403
        assert shared_host.objects() == before
        assert not [name for name in shared_host.left_in_scratch() if "upload" in name]


class TestStarting:
    @pytest.fixture
    def home(self, data_home: Path) -> Path:
        return data_home

    async def test_jupyters_start_and_a_look_start_no_host(self, fetch: Fetch, home: Path) -> None:
        for path in ("/health", "/ready"):
            answer = await fetch(path)
            assert answer.code == 503
            assert json.loads(answer.body)["code"] == "host_unreachable"
            assert json.loads(answer.body)["retry"] == "safe"
        assert not record_path(home).exists()
        assert list(home.iterdir()) == []
