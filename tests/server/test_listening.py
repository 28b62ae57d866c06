"""The event stream and the long poll, through Jupyter."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from tests.server.browser import browser
from tests.server.conftest import Fetch
from tests.service.running_host import PREFIX, RunningHost, speak

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def stream_head(jp_auth_header: dict[str, str]) -> dict[str, str]:
    return {**jp_auth_header, **STREAM}


@pytest.fixture
def events_path(jp_base_url: str) -> str:
    return f"{jp_base_url.rstrip('/')}{PREFIX}/events"


async def _submitted(host: RunningHost, **settings: Any) -> str:
    return await asyncio.to_thread(host.submit, speak("one", settings=settings))


async def test_events_arrive_while_they_happen_and_the_stream_can_be_resumed(
    http_server: Any, jp_http_port: int, stream_head: dict[str, str], events_path: str, shared_host: RunningHost
) -> None:
    async with browser(jp_http_port) as first:
        await first.send("GET", events_path, stream_head)
        await first.head()
        assert first.status == 200
        assert first.headers["content-type"].startswith("text/event-stream")
        assert "no-transform" in first.headers["cache-control"]
        assert first.headers["x-accel-buffering"] == "no"
        news = first.news()
        assert (await anext(news))["event"] == "hello"
        job = await _submitted(shared_host)
        kinds, numbers = [], []
        async for event in news:
            if event.get("event") == "job" and event["data"]["job"] == job:
                kinds.append(event["data"]["kind"])
                numbers.append(int(event["id"]))
                if kinds[-1] == "finished":
                    break
        assert kinds == ["queued", "started", "stage_done", "started", "finished"]
        assert numbers == sorted(numbers)
    async with browser(jp_http_port) as second:
        await second.send("GET", events_path, {**stream_head, "Last-Event-ID": str(numbers[1])})
        await second.head()
        again = []
        async for event in second.news():
            if event.get("event") == "job" and event["data"]["job"] == job:
                again.append(int(event["id"]))
                if len(again) == 3:
                    break
        assert again == numbers[2:]


async def test_a_browser_that_leaves_is_noticed_by_the_host(
    http_server: Any, jp_http_port: int, stream_head: dict[str, str], events_path: str, fetch: Fetch
) -> None:
    """given as many streams as the host allows, when one browser leaves, then there is room for another"""
    async with asyncio.timeout(30):
        stack = []
        for _ in range(6):
            context = browser(jp_http_port)
            one = await context.__aenter__()
            stack.append((context, one))
            await one.send("GET", events_path, stream_head)
            await one.head()
            assert one.status == 200
        full = await fetch("/events", headers=STREAM)
        assert full.code == 429
        assert json.loads(full.body)["code"] == "full"
        assert int(full.headers["Retry-After"]) >= 1
        stack[0][1].leave()
        left_at = time.monotonic()
        while True:
            async with browser(jp_http_port) as another:
                await another.send("GET", events_path, stream_head)
                await another.head()
                if another.status == 200:
                    break
        assert time.monotonic() - left_at < 20
        for context, _ in stack:
            await context.__aexit__(None, None, None)


async def test_a_long_poll_wakes_when_something_happens(fetch: Fetch, shared_host: RunningHost) -> None:
    last = json.loads((await fetch("/events")).body)["last"]
    began = time.monotonic()
    poll = asyncio.ensure_future(fetch(f"/events?after={last}&wait=20"))
    await asyncio.sleep(0.3)
    assert not poll.done()
    job = await _submitted(shared_host)
    answer = json.loads((await poll).body)
    assert time.monotonic() - began < 20, "it need not wait to its end"
    assert job in {event["job"] for event in answer["events"]}
    assert answer["last"] > last
