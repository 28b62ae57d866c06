"""What a host that somebody else runs gets from us, and what the browser gets from it (`HAY_SAY_URL`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.host import record_path
from tests.server.browser import browser
from tests.server.conftest import Fetch
from tests.server.recorder import TOKEN, Recorder, Told, closing
from tests.service.running_host import PREFIX

JSON = {"Content-Type": "application/json"}
PASSES = {"accept", "content-length", "content-type", "idempotency-key", "if-none-match", "if-range", "last-event-id", "range"}
OURS = {"authorization", "connection", "host"}


@pytest.fixture
def recorder(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Recorder]:
    made = Recorder(base="/services/voice/")
    jp_asyncio_loop.run_until_complete(made.serve())
    yield made
    jp_asyncio_loop.run_until_complete(made.stop())


@pytest.fixture
def home(recorder: Recorder, data_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HAY_SAY_URL", recorder.url)
    monkeypatch.setenv("HAY_SAY_TOKEN", TOKEN)
    return data_home


async def test_only_what_is_named_reaches_the_host(
    fetch: Fetch, recorder: Recorder, jp_auth_header: dict[str, str]
) -> None:
    """Cookies, Jupyter's token, XSRF and anything that could name an owner stay here."""
    token = jp_auth_header["Authorization"].removeprefix("token ")
    secrets = {
        "Cookie": "_xsrf=1|secret; username-x=secret",
        "X-XSRFToken": "secret",
        "Referer": "http://localhost/secret",
        "X-Forwarded-User": "secret",
        "X-Hay-Say-Owner": "secret",
        "Remote-User": "secret",
        "Proxy-Authorization": "Basic secret",
        "TE": "secret",
        "User-Agent": "secret",
    }
    passing = {"Accept": "application/json", "Range": "bytes=0-1", "If-Range": '"x"', "If-None-Match": '"y"', "Last-Event-ID": "7"}
    query = f"limit=3&token={token}&_xsrf=secret&state=failed&to%6ben={token}"
    await fetch(f"/jobs?{query}", login=False, headers=secrets | passing)
    await fetch("/jobs", "POST", body=b"{}", headers=secrets | JSON)
    await fetch("/clips", "POST", body=b"RIFF", headers=secrets | {"Content-Type": "audio/wav"})
    assert len(recorder.calls) == 3
    for heard in recorder.calls:
        assert set(heard.headers) <= PASSES | OURS
        assert heard.headers["authorization"] == f"Bearer {TOKEN}"
        assert heard.headers["host"] == f"127.0.0.1:{recorder.port}"
        assert "secret" not in str(heard)
        assert token not in str(heard)
    looked = recorder.calls[0]
    assert looked.uri == f"/services/voice{PREFIX}/jobs?limit=3&state=failed"
    assert {name: looked.headers[name.lower()] for name in passing} == passing


async def test_only_what_is_named_comes_back(fetch: Fetch, recorder: Recorder) -> None:
    kept = {"Content-Type": "audio/wav", "ETag": '"e"', "Retry-After": "3", "Content-Disposition": "attachment",
            "Content-Security-Policy": "sandbox", "Cache-Control": "private", "Accept-Ranges": "bytes"}  # fmt: skip
    recorder.answers.append(Told(headers=kept | {"Set-Cookie": "a=b", "Server": "x", "Access-Control-Allow-Origin": "*", "Refresh": "0"}))
    answer = await fetch("/artifacts/x")
    assert all(value in answer.headers.get_list(name) for name, value in kept.items())
    assert "Refresh" not in answer.headers
    assert answer.headers.get("Access-Control-Allow-Origin") != "*"
    assert not [cookie for cookie in answer.headers.get_list("Set-Cookie") if cookie.startswith("a=")]
    assert answer.headers["Server"] != "x"


async def test_a_new_job_gets_a_key_so_that_it_can_be_asked_for_again(fetch: Fetch, recorder: Recorder) -> None:
    await fetch("/jobs", "POST", body=b"{}", headers=JSON)
    await fetch("/jobs", "POST", body=b"{}", headers=JSON)
    await fetch("/jobs", "POST", body=b"{}", headers=JSON | {"Idempotency-Key": "mine"})
    await fetch("/preflight", "POST", body=b"{}", headers=JSON)
    keys = [heard.headers.get("idempotency-key") for heard in recorder.calls]
    assert keys[0] and keys[1] and keys[0] != keys[1]       # noqa: PT018
    assert keys[2:] == ["mine", None]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/voices"), ("POST", "/jobs"), ("POST", "/preflight"), ("POST", "/jobs/x/cancel")],
)
async def test_a_call_that_does_nothing_twice_is_made_again(method: str, path: str, fetch: Fetch, recorder: Recorder) -> None:
    """given a host that ends while it answers, when the call can be repeated, then the browser sees one answer"""
    recorder.answers += [Told(head=False), Told(status=200, body=b'{"second": true}')]
    answer = await fetch(path, method, **({"body": b"{}", "headers": JSON} if method == "POST" else {}))
    assert json.loads(answer.body) == {"second": True}
    first, second = recorder.calls
    assert first.headers.get("idempotency-key") == second.headers.get("idempotency-key")
    assert bytes(first.body) == bytes(second.body)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/voices"), ("POST", "/jobs/x/retry"), ("POST", "/jobs/x/release"), ("DELETE", "/voices/x")]
)
async def test_what_may_have_happened_is_not_done_again(method: str, path: str, fetch: Fetch, recorder: Recorder) -> None:
    recorder.answers += [Told(head=False)]
    answer = await fetch(path, method, **({"body": b"{}", "headers": JSON} if method == "POST" else {}))
    assert answer.code == 503
    assert json.loads(answer.body)["code"] == "host_lost"
    assert json.loads(answer.body)["retry"] == "after_fix"
    assert len(recorder.calls) == 1


async def test_what_a_closed_door_refused_is_asked_again_whatever_it_is(fetch: Fetch, recorder: Recorder) -> None:
    recorder.answers += [closing(), closing()]
    answer = await fetch("/voices", "POST", body=b"{}", headers=JSON)
    assert answer.code == 200
    assert len(recorder.calls) == 3


async def test_another_503_is_the_browsers(fetch: Fetch, recorder: Recorder) -> None:
    recorder.answers += [Told(503, b'{"code": "unavailable"}')]
    answer = await fetch("/voices")
    assert (answer.code, json.loads(answer.body)) == (503, {"code": "unavailable"})


@pytest.mark.parametrize(
    "told",
    [
        Told(200, b"<script>alert(1)</script>", {"Content-Type": "text/html"}),
        Told(302, b"", {"Location": "http://evil.test/", "Content-Type": "application/json"}),
        Told(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
    ],
    ids=["a page", "a redirect", "a proxy's error"],
)
async def test_what_no_host_would_answer_is_not_passed_on(told: Told, fetch: Fetch, recorder: Recorder) -> None:
    recorder.answers.append(told)
    answer = await fetch("/voices")
    assert answer.code == 503
    error = json.loads(answer.body)
    assert error["code"] == "host_unreachable"
    assert error["problems"][0]["field"] == "HAY_SAY_URL"
    assert b"evil" not in answer.body
    assert b"<" not in answer.body
    assert "Location" not in answer.headers


async def test_a_token_that_the_host_does_not_know_is_this_servers_fault_not_the_persons(fetch: Fetch, recorder: Recorder) -> None:
    refusal = Told(401, b'{"code": "unauthorized"}')
    recorder.answers.extend([refusal] * 1000)
    answer = await fetch("/voices")
    assert answer.code == 503
    assert "token" in json.loads(answer.body)["message"]
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("told", [True, False], ids=["of a length", "in chunks"])
async def test_half_an_answer_does_not_look_like_a_whole_one(
    told: bool, http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    recorder.answers.append(Told(body=b"0123456789", headers={"Content-Type": "audio/wav"}, cut=True, length=told))
    async with browser(jp_http_port) as one:
        await one.send("GET", f"{jp_base_url.rstrip('/')}{PREFIX}/artifacts/x", jp_auth_header)
        await one.head()
        assert one.status == 200
        with pytest.raises(asyncio.IncompleteReadError):
            await (one.body() if told else one.chunks())
    assert len(recorder.calls) == 1


async def test_an_event_stream_may_end_anywhere(
    http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    """The browser comes back with the number of the last event that it saw."""
    recorder.answers.append(Told(body=b"id: 1\n\n", headers={"Content-Type": "text/event-stream"}, cut=True, length=False))
    async with browser(jp_http_port) as one:
        await one.send("GET", f"{jp_base_url.rstrip('/')}{PREFIX}/events", jp_auth_header)
        await one.head()
        assert [await one.chunk(), await one.chunk()] == [b"id: 1\n\n", b""]


async def test_an_upload_reaches_the_host_while_it_is_being_sent(
    http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    head = {**jp_auth_header, "Content-Type": "audio/wav", "Content-Length": "2000000"}
    async with browser(jp_http_port) as one:
        await one.send("POST", f"{jp_base_url.rstrip('/')}{PREFIX}/clips", head)
        one.writer.write(b"a" * 1_000_000)
        async with asyncio.timeout(10):
            while not recorder.calls or len(recorder.calls[0].body) < 1_000_000:
                await asyncio.sleep(0.01)
        one.writer.write(b"b" * 1_000_000)
        await one.head()
        assert one.status == 200
    assert bytes(recorder.calls[0].body) == b"a" * 1_000_000 + b"b" * 1_000_000
    assert recorder.calls[0].headers["content-length"] == "2000000"


async def test_an_upload_without_a_length_is_passed_in_chunks(
    http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    head = {**jp_auth_header, "Content-Type": "audio/wav", "Transfer-Encoding": "chunked"}
    async with browser(jp_http_port) as one:
        await one.send("POST", f"{jp_base_url.rstrip('/')}{PREFIX}/clips", head)
        for piece in (b"RIFF", b"wave"):
            one.writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        one.writer.write(b"0\r\n\r\n")
        await one.head()
        assert one.status == 200
    assert bytes(recorder.calls[0].body) == b"RIFFwave"


async def test_a_host_that_reads_slowly_slows_the_sender(
    http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    """Nothing piles up in Jupyter: what is not read by the host is not taken from the browser."""
    recorder.reading.clear()
    head = {**jp_auth_header, "Content-Type": "audio/wav", "Content-Length": str(200 << 20)}
    async with browser(jp_http_port) as one:
        await one.send("POST", f"{jp_base_url.rstrip('/')}{PREFIX}/clips", head)
        taken_mb = 0
        with contextlib.suppress(TimeoutError):
            while taken_mb < 200:
                one.writer.write(b"\0" * (1 << 20))
                await asyncio.wait_for(one.writer.drain(), 1.0)
                taken_mb += 1
        assert taken_mb < 50
        recorder.reading.set()


async def test_a_browser_that_reads_slowly_slows_the_host_and_one_that_leaves_ends_it(
    http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    recorder.answers.append(Told(headers={"Content-Type": "audio/wav"}))
    async with browser(jp_http_port) as one:
        await one.send("GET", f"{jp_base_url.rstrip('/')}{PREFIX}/endless", jp_auth_header)
        await one.head()
        sent = -1
        async with asyncio.timeout(20):
            while sent != recorder.blocks_sent:         # until everything between the two is full
                sent = recorder.blocks_sent
                await asyncio.sleep(0.5)
        assert sent * (1 << 18) < 50 << 20
        assert not recorder.left.is_set()
        one.leave()
        await asyncio.wait_for(recorder.left.wait(), 5)


async def test_an_upload_that_is_given_up_is_given_up_at_the_host(
    http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    head = {**jp_auth_header, "Content-Type": "audio/wav", "Content-Length": "2000000"}
    async with browser(jp_http_port) as one:
        await one.send("POST", f"{jp_base_url.rstrip('/')}{PREFIX}/clips", head)
        one.writer.write(b"a" * 1000)
        async with asyncio.timeout(10):
            while not recorder.calls:
                await asyncio.sleep(0.01)
        one.leave()
        await asyncio.wait_for(recorder.left.wait(), 5)


async def test_a_browser_that_leaves_after_an_early_answer_leaves_nothing_behind(
    http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str, recorder: Recorder
) -> None:
    """given a host that answers before the upload is complete, when the browser gives up, then so does the forwarder"""
    recorder.refusing = True
    before = asyncio.all_tasks()
    head = {**jp_auth_header, "Content-Type": "audio/wav", "Content-Length": "2000000"}
    async with browser(jp_http_port) as one:
        await one.send("POST", f"{jp_base_url.rstrip('/')}{PREFIX}/clips", head)
        one.writer.write(b"a" * 100_000)
        await asyncio.sleep(0.3)
        assert recorder.calls
        one.leave()
    async with asyncio.timeout(5):
        while {task for task in asyncio.all_tasks() - before if "_read" in repr(task.get_coro()) and not task.done()}:
            await asyncio.sleep(0.02)


async def test_nobody_starts_or_looks_after_a_host_that_somebody_else_runs(
    fetch: Fetch, recorder: Recorder, home: Path, jp_serverapp: Any, jp_asyncio_loop: Any
) -> None:
    assert (await fetch("/voices")).code == 200
    app = jp_serverapp.extension_manager.extension_points["hay_say_lab"].app
    assert not app.supervisor.watching
    await recorder.stop()
    answer = await fetch("/voices")
    assert answer.code == 503
    assert json.loads(answer.body)["code"] == "host_unreachable"
    assert not record_path(home).exists()
