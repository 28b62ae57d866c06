"""Events as they are heard: streams that can be resumed, long polls that wake, bounds on both."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hay_say_lab.service.door import MOST_STREAMS
from hay_say_lab.service.events import HEARTBEAT_SECONDS
from tests.service.conftest import ADAM, ALICE, BOB, OLGA
from tests.service.running_host import PREFIX, RunningHost, speak, until


class Stream:
    """A server-sent stream; iterating gives its blocks as dicts, comments as {'': text}."""

    def __init__(self, host: RunningHost, token: str, last: int | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=HEARTBEAT_SECONDS + 10)
        head = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last is not None:
            head["Last-Event-ID"] = str(last)
        self.connection.request("GET", f"{PREFIX}/events", headers=head)
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def __iter__(self) -> Iterator[dict[str, str]]:
        block: dict[str, str] = {}
        while line := self.answer.readline().decode():
            if line == "\n":
                yield block
                block = {}
            else:
                name, _, value = line.rstrip("\n").partition(":")
                block[name] = value.strip()

    def of(self, job: str, event: str = "job") -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
        for block in self:
            if block.get("event") == event:
                data = json.loads(block["data"])
                if data["job"] == job:
                    yield block, data

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture
def listen(host: RunningHost) -> Iterator[Any]:
    with contextlib.ExitStack() as opened:

        def begin(token: str, last: int | None = None) -> Stream:
            stream = Stream(host, token, last)
            opened.callback(stream.close)
            return stream

        yield begin


def _told_until(stream: Stream, job: str, kind: str) -> list[tuple[int, str]]:
    told = []
    for block, data in stream.of(job):
        told.append((int(block["id"]), data["kind"]))
        assert data["number"] == int(block["id"])
        if data["kind"] == kind:
            break
    return told


def test_a_stream_tells_a_jobs_story_and_goes_on_where_it_was_left(host: RunningHost, listen: Any) -> None:
    first = listen(ALICE)
    job = host.submit(speak("one two"), token=ALICE)
    story = _told_until(first, job, "finished")
    assert [kind for _, kind in story] == ["queued", "started", "stage_done", "started", "finished"]
    first.close()
    for heard in (0, 2, 4):
        resumed = listen(ALICE, last=story[heard][0] - 1)
        assert _told_until(resumed, job, "finished") == story[heard:]
        resumed.close()


def test_progress_is_told_without_a_number(host: RunningHost, listen: Any) -> None:
    """Ticks are not stored: a browser that resumes must not come back to one."""
    stream = listen(ALICE)
    job = host.submit(speak("one two three four", settings={"seconds_of_work": 1.2}), token=ALICE)
    ticks = []
    for block, data in stream.of(job, "progress"):
        assert "id" not in block
        ticks.append(data["fraction"])
        if len(ticks) == 2:
            break
    assert ticks == sorted(ticks)
    assert 0 <= ticks[0] <= ticks[-1] <= 1
    host.ended(job, token=ALICE)


def test_nobody_hears_of_anothers_job(host: RunningHost, listen: Any) -> None:
    bobs = listen(BOB)
    alices = host.submit(speak("one two", settings={"seconds_of_work": 0.5}), token=ALICE)
    host.ended(alices, token=ALICE)
    own = host.submit(speak("one"), token=BOB)
    heard = set()
    for block in bobs:
        if "data" in block and block["event"] != "hello":
            heard.add(json.loads(block["data"])["job"])
        if own in heard:
            break
    assert alices not in heard


def test_a_silent_stream_beats(listen: Any) -> None:
    """A comment line every so often, so that no proxy takes the silence for the end. OLGA has no jobs."""
    stream = listen(OLGA)
    blocks = iter(stream)
    hello = next(blocks)
    assert hello["event"] == "hello"
    assert hello["retry"] == "1000"
    began = time.monotonic()
    for block in blocks:
        assert set(block) == {""}, block            # a comment: no browser takes it for an event
        break
    assert HEARTBEAT_SECONDS - 3 < time.monotonic() - began < 2 * HEARTBEAT_SECONDS


def test_one_stream_too_many_is_refused_and_says_when_to_come_again(host: RunningHost, listen: Any) -> None:
    streams = [listen(ADAM) for _ in range(MOST_STREAMS)]
    assert {stream.status for stream in streams} == {200}
    refused = host.call("GET", "/events", token=ADAM, headers={"Accept": "text/event-stream"})
    assert refused.status == 429
    assert refused.error["code"] == "full"
    assert refused.error["retry"] == "safe"
    assert int(refused.headers["retry-after"]) >= 1
    assert host.call("GET", "/events", token=ADAM).status == 429           # a poll is a stream, too
    assert host.call("GET", "/events", token=BOB).status == 200             # others have their own
    streams[0].close()
    until(lambda: host.call("GET", "/events", token=ADAM).status == 200, 5, "the place was not given back")


def test_a_refused_poll_gives_its_place_back(host: RunningHost) -> None:
    for _ in range(2 * MOST_STREAMS):
        assert host.call("GET", "/events?wait=99", token=ADAM).status == 422
    until(lambda: host.call("GET", "/events", token=ADAM).status == 200, 5, "places were lost")


def _polled(host: RunningHost, path: str, token: str) -> tuple[threading.Thread, list[tuple[float, Any]]]:
    """A poll in the background -> its thread and, in the end, (seconds, answer)."""
    answers: list[tuple[float, Any]] = []

    def ask() -> None:
        began = time.monotonic()
        answer = host.call("GET", path, token=token).json()
        answers.append((time.monotonic() - began, answer))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def test_a_long_poll_wakes_at_the_first_event(host: RunningHost) -> None:
    last = host.call("GET", "/events", token=ALICE).json()["last"]
    thread, answers = _polled(host, f"/events?after={last}&wait=20", ALICE)
    time.sleep(0.2)
    assert not answers
    job = host.submit(speak("one"), token=ALICE)
    thread.join(20)
    seconds, answer = answers[0]
    assert seconds < 20, "it need not wait to its end"
    assert answer["events"][0]["job"] == job
    assert answer["events"][0]["kind"] == "queued"
    assert answer["last"] == answer["events"][-1]["number"]
    host.ended(job, token=ALICE)


def test_a_long_poll_wakes_when_a_job_gets_on(host: RunningHost) -> None:
    job = host.submit(speak("one two three", settings={"seconds_of_work": 6}), token=ALICE)
    until(lambda: host.call("GET", f"/jobs/{job}", token=ALICE).json()["progress"], 20, "it did not get on")
    last = host.call("GET", f"/events?job={job}", token=ALICE).json()["last"]
    thread, answers = _polled(host, f"/events?after={last}&wait=20&job={job}", ALICE)
    thread.join(20)
    seconds, answer = answers[0]
    assert seconds < 20, "it need not wait to its end"
    assert answer["events"] == []
    assert set(answer["progress"]) == {job}
    host.call("POST", f"/jobs/{job}/cancel", token=ALICE)


def test_a_long_poll_without_news_ends_in_time(host: RunningHost) -> None:
    last = host.call("GET", "/events", token=OLGA).json()["last"]
    began = time.monotonic()
    answer = host.call("GET", f"/events?after={last}&wait=1", token=OLGA).json()
    assert time.monotonic() - began > 0.9
    assert answer["events"] == []


def test_pages_of_events_join_without_a_gap(host: RunningHost) -> None:
    jobs = [host.submit(speak("one"), token=ALICE) for _ in range(3)]
    for job in jobs:
        host.ended(job, token=ALICE)
    numbers, after = [], 0
    while page := host.call("GET", f"/events?after={after}", token=ALICE).json()["events"]:
        numbers += [event["number"] for event in page]
        after = page[-1]["number"]
    assert numbers == sorted(set(numbers))
    each = [event["number"] for job in jobs for event in host.call("GET", f"/events?after=0&job={job}", token=ALICE).json()["events"]]
    assert set(each) <= set(numbers)


def test_an_event_from_the_future_is_the_newest_one(host: RunningHost) -> None:
    """A browser that comes back to another data home would otherwise hear nothing for a long time."""
    seen = host.call("GET", "/events?after=999999999", token=ALICE).json()
    assert seen["last"] < 999_999_999
