"""Hosts come and go behind Jupyter: calls find one, a crash is mended, an idle end is left alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.host import HostRecord, process_alive, read_record
from tests.server.browser import browser
from tests.server.conftest import Fetch
from tests.service.running_host import PREFIX, gone, speak, until
from tests.service.sounds import noise

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def home(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data home without a host; whoever hosts it in the end is ended."""
    monkeypatch.setenv("HAY_SAY_IDLE_SECONDS", "60")
    yield data_home
    record = read_record(data_home)
    if record is not None and process_alive(record.pid):
        os.kill(record.pid, signal.SIGTERM)
        until(lambda: gone(record.pid), 20, "the host did not end")


@pytest.fixture
def supervisor(jp_serverapp: Any) -> Any:
    return jp_serverapp.extension_manager.extension_points["hay_say_lab"].app.supervisor


def _host(home: Path) -> HostRecord:
    record = read_record(home)
    assert record is not None
    return record


def _hosts_served(home: Path) -> int:
    return (home / "logs" / "host.log").read_text().count(" serves port ")


async def _killed(home: Path) -> HostRecord:
    """Kill the host; returns once it is gone."""
    record = _host(home)
    os.kill(record.pid, signal.SIGKILL)
    await _until(lambda: gone(record.pid), 10)
    return record


async def _until(condition: Callable[[], Any], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def _queued(fetch: Fetch, seconds_of_work: float) -> str:
    request = speak("one two three four", settings={"seconds_of_work": seconds_of_work})
    answer = await fetch("/jobs", "POST", body=json.dumps(request), headers=JSON)
    assert answer.code == 201, answer.body
    return str(json.loads(answer.body)["id"])


async def _ended(fetch: Fetch, job: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            seen = json.loads((await fetch(f"/jobs/{job}")).body)
            if seen["state"] in ("succeeded", "failed", "cancelled", "quarantined"):
                return dict(seen)
            await asyncio.sleep(0.05)


async def test_many_first_calls_start_one_host(fetch: Fetch, home: Path) -> None:
    answers = await asyncio.gather(*(fetch("/voices") for _ in range(20)))
    assert {answer.code for answer in answers} == {200}
    assert _hosts_served(home) == 1
    assert (await fetch("/health")).code == 200


async def test_a_killed_host_is_replaced_and_the_calls_and_the_job_go_on(fetch: Fetch, home: Path) -> None:
    job = await _queued(fetch, seconds_of_work=2)
    last = json.loads((await fetch("/events")).body)["last"]
    waiting = asyncio.ensure_future(fetch(f"/events?after={last + 100}&wait=3"))
    await asyncio.sleep(0.1)
    killed = await _killed(home)
    answers = await asyncio.gather(*(fetch(f"/jobs/{job}") for _ in range(5)), waiting)
    assert {answer.code for answer in answers} == {200}
    assert _host(home).host_id != killed.host_id
    assert (await _ended(fetch, job))["state"] == "succeeded"
    story = json.loads((await fetch(f"/events?after=0&job={job}")).body)["events"]
    assert [event["kind"] for event in story].count("finished") == 1


async def test_a_browser_that_leaves_while_a_host_starts_is_not_listened_to(
    fetch: Fetch, home: Path, http_server: Any, jp_http_port: int, jp_auth_header: dict[str, str], jp_base_url: str
) -> None:
    """given no host, when seven browsers ask for news and leave before one is there, then no place is taken"""
    for _ in range(7):
        async with browser(jp_http_port) as one:
            await one.send("GET", f"{jp_base_url.rstrip('/')}{PREFIX}/events?wait=30", jp_auth_header)
            await asyncio.sleep(0.05)
    assert (await fetch("/voices")).code == 200
    assert (await fetch("/events")).code == 200


async def test_a_crash_with_unfinished_jobs_is_mended_without_a_call(fetch: Fetch, home: Path) -> None:
    await _queued(fetch, seconds_of_work=20)
    killed = await _killed(home)
    await _until(lambda: (found := read_record(home)) is not None and found.host_id != killed.host_id, 20)
    assert process_alive(_host(home).pid)


async def test_after_a_crash_with_nothing_to_do_no_host_is_kept(fetch: Fetch, home: Path, supervisor: Any) -> None:
    assert (await fetch("/voices")).code == 200
    await _killed(home)
    await _until(lambda: read_record(home) is None, 20)     # somebody looked, and put the house in order
    await asyncio.sleep(1.5)
    assert read_record(home) is None
    assert _hosts_served(home) == 1
    assert supervisor.watching
    assert (await fetch("/voices")).code == 200
    assert _hosts_served(home) == 2


async def test_an_idle_end_is_left_alone_until_the_next_call(
    fetch: Fetch, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAY_SAY_IDLE_SECONDS", "0.5")
    assert (await fetch("/voices")).code == 200
    pid = _host(home).pid
    await _until(lambda: gone(pid), 20)
    assert read_record(home) is None
    for _ in range(15):
        assert (await fetch("/health")).code == 503
        await asyncio.sleep(0.1)
    assert _hosts_served(home) == 1
    assert (await fetch("/voices")).code == 200
    assert _hosts_served(home) == 2


async def test_a_host_that_closes_its_door_hands_over_unnoticed(fetch: Fetch, home: Path) -> None:
    """given a host that drains, when calls and an upload come, then the next host answers them"""
    assert (await fetch("/voices")).code == 200
    first = _host(home)
    assert (await fetch("/drain", "POST")).code == 202
    sound = noise(1.0)
    sent, queued, looked = await asyncio.gather(
        fetch("/clips", "POST", body=sound, headers={"Content-Type": "audio/wav"}),
        fetch("/jobs", "POST", body=json.dumps(speak()), headers=JSON),
        fetch("/voices"),
    )
    assert (sent.code, queued.code, looked.code) == (201, 201, 200)
    await _until(lambda: gone(first.pid), 20)
    assert _host(home).host_id != first.host_id
    assert _hosts_served(home) == 2


async def test_jupyters_end_is_quick_and_never_ends_the_host(fetch: Fetch, home: Path, jp_serverapp: Any) -> None:
    assert (await fetch("/voices")).code == 200
    app = jp_serverapp.extension_manager.extension_points["hay_say_lab"].app
    assert app.supervisor.watching
    began = time.monotonic()
    await app.stop_extension()
    assert time.monotonic() - began < 15, "it waits for no host"
    assert not app.supervisor.watching
    assert process_alive(_host(home).pid)


async def test_a_host_that_cannot_start_is_told_and_not_tried_for_ever(fetch: Fetch, home: Path) -> None:
    (home / "registry").mkdir()
    (home / "registry" / "voices.json").write_text("{ broken")
    answer = await fetch("/voices")
    assert answer.code == 503
    error = json.loads(answer.body)
    assert error["code"] == "host_unreachable"
    assert "exit status 1" in error["message"]
    assert str(home) not in error["message"]


