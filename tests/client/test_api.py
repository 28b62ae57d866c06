"""Calls that are lost, refused at a closed door or answered by strangers: repeated under the same key, or told apart."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace

from hay_say_lab import Lab
from hay_say_lab.client.api import Api
from hay_say_lab.client.hosting import Hosting
from hay_say_lab.domain.host import read_record
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.errors import Conflict, Full, HostLost, HostUnreachable, InvalidRequest, JobMissing, Unauthorized
from tests.client.relay import BASE, TOKEN, Mishap, Relay

SAY = Request((Step("speak", "parrot:polly"),), text=RequestText("one two"), seed=7)


def test_a_host_that_somebody_else_runs_is_called_where_hay_say_url_says(far: Lab, relay: Relay, tmp_path: Path) -> None:
    take = far.submit(SAY).result(30)

    assert len(take.samples) > 0
    assert all(call.path.startswith(f"{BASE}/hay-say/v1/") for call in relay.calls)
    assert {call.headers["Authorization"] for call in relay.calls} == {f"Bearer {TOKEN}"}
    assert not (tmp_path / "elsewhere" / "host.json").exists(), "no host of its own was started"


@pytest.mark.parametrize(
    "mishaps",
    [
        ["closed door"],
        ["lost before"],
        ["lost behind"],
        ["closed door", "lost before", "lost behind", "closed door"],
    ],
    ids=", ".join,
)
def test_a_submission_is_repeated_under_its_key_until_it_is_answered_and_makes_one_job(
    mishaps: list[Mishap], far: Lab, relay: Relay
) -> None:
    before = {handle.id for handle in far.jobs()}
    relay.mishaps += [("POST", mishap) for mishap in mishaps]

    handle = far.submit(SAY)

    calls = relay.named("POST", "/jobs")
    assert len(calls) == len(mishaps) + 1
    assert len({call.headers["Idempotency-Key"] for call in calls}) == 1
    assert {other.id for other in far.jobs()} - before == {handle.id}


def test_who_is_traced_hands_their_span_on_with_jobs_and_batches(far: Lab, relay: Relay) -> None:
    far.submit(SAY)
    span = trace.NonRecordingSpan(trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1)))
    with trace.use_span(span):
        far.submit(SAY)
        far.batch(["one"], voice="parrot:polly", name="traced")

    untraced, traced = relay.named("POST", "/jobs")
    (batch,) = relay.named("POST", "/batches")
    assert "traceparent" not in untraced.headers
    assert traced.headers["traceparent"] == batch.headers["traceparent"] == f"00-{0xABC:032x}-{0xDEF:016x}-01"
    (row,) = far.batch_named("traced").rows()
    assert far.job(row.job).events()[0]["body"]["traceparent"] == traced.headers["traceparent"]


def test_each_submission_has_a_key_of_its_own(far: Lab, relay: Relay) -> None:
    one, other = far.submit(SAY), far.submit(SAY)
    assert one.id != other.id
    assert len({call.headers["Idempotency-Key"] for call in relay.named("POST", "/jobs")}) == 2


def test_a_key_that_was_chosen_gives_the_same_job_again(far: Lab, relay: Relay) -> None:
    assert far.submit(SAY, key="mine").id == far.submit(SAY, key="mine").id


def test_a_call_that_may_have_been_heard_is_not_repeated_where_that_would_do_it_twice(
    far: Lab, relay: Relay
) -> None:
    relay.mishaps.append(("DELETE", "lost behind"))
    with pytest.raises(HostLost, match="lost while it answered"):
        far.voices.remove("parrot:polly")
    assert len(relay.named("DELETE", "/voices/parrot%3Apolly")) == 1


def test_and_at_a_closed_door_it_is_repeated_all_the_same_for_nobody_heard_it(far: Lab, relay: Relay) -> None:
    relay.mishaps.append(("DELETE", "closed door"))
    with pytest.raises(Conflict, match="comes with its architecture"):
        far.voices.remove("parrot:polly")
    assert len(relay.named("DELETE", "/voices/parrot%3Apolly")) == 2


@pytest.mark.parametrize("mishap", ["page", "redirect", "unreadable"])
def test_what_is_no_host_is_told_apart_and_not_asked_again(mishap: Mishap, far: Lab, relay: Relay) -> None:
    relay.mishaps.append(("GET", mishap))
    with pytest.raises(HostUnreachable, match="not a host"):
        far.architectures()
    assert len(relay.named("GET", "/architectures")) == 1


def test_a_full_queue_is_told_as_such(far: Lab, relay: Relay) -> None:
    relay.mishaps.append(("POST", "busy"))
    with pytest.raises(Full, match="Too many"):
        far.submit(SAY)


def test_a_token_that_the_host_does_not_know_is_refused_once(
    far: Lab, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAY_SAY_TOKEN", "another")
    with pytest.raises(Unauthorized):
        far.architectures()
    assert len(relay.calls) == 1


@pytest.mark.parametrize("url", ["localhost:8888", "ftp://host", "host", "file:///etc/passwd"])
def test_an_address_that_is_none_is_named(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAY_SAY_URL", url)
    with pytest.raises(HostUnreachable, match="HAY_SAY_URL"):
        Lab(tmp_path).architectures()


def test_problems_travel_whole(far: Lab, relay: Relay) -> None:
    wrong = Request((Step("speak", "parrot:polly", {"beeps": 99, "speed": 1}),), text=RequestText(""))
    with pytest.raises(InvalidRequest) as refusal:
        far.submit(wrong)
    assert [problem.field for problem in refusal.value.problems] == [
        "text.body", "steps.0.settings.beeps", "steps.0.settings.speed",
    ]  # fmt: skip
    assert far.preflight(wrong).problems == refusal.value.problems
    assert far.preflight(SAY).problems == ()


def test_what_is_missing_is_missing_by_its_kind(far: Lab, relay: Relay) -> None:
    with pytest.raises(JobMissing):
        far.job("0" * 26)


def test_one_client_may_be_used_by_many_threads(far: Lab, relay: Relay) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers: list[Any] = list(threads.map(lambda _: far.architectures(), range(24)))
    assert all(answer == answers[0] for answer in answers)


def test_a_host_that_is_gone_is_replaced_and_the_call_repeated_under_its_key(home: Path) -> None:
    """The host itself is killed between two calls of one client, which holds an open connection to it."""
    api = Api(Hosting(home))
    api.get("/architectures")
    first = read_record(home)
    assert first is not None
    job = api.post("/jobs", SAY.as_json(), key="before")["id"]
    os.kill(first.pid, signal.SIGKILL)
    began = time.monotonic()

    assert api.post("/jobs", SAY.as_json(), key="before")["id"] == job

    second = read_record(home)
    assert second is not None
    assert second.host_id != first.host_id
    assert time.monotonic() - began < 20


def test_a_client_that_meets_a_closed_door_starts_the_next_host_and_its_call_is_answered(home: Path) -> None:
    api = Api(Hosting(home))
    api.get("/architectures")
    first = read_record(home)
    assert first is not None

    api.post("/drain", repeat=False)            # it closes its door and ends
    handle = Lab(home).submit(SAY)

    second = read_record(home)
    assert second is not None
    assert second.host_id != first.host_id
    assert handle.result(30)
