"""One key, one job: however often and however concurrently it is asked for (control_plane S16)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.service.conftest import ALICE, BOB
from tests.service.running_host import Reply, RunningHost, speak


def _key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def test_fifty_equal_keys_at_once_make_one_job(host: RunningHost) -> None:
    key, group = _key(), uuid.uuid4().hex

    def ask(_: int) -> Reply:
        return host.call("POST", "/jobs", speak("one", group=group), headers=key, token=ALICE)

    with ThreadPoolExecutor(50) as threads:
        replies = list(threads.map(ask, range(50)))
    assert sorted(reply.status for reply in replies) == [200] * 49 + [201]
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert len(host.call("GET", f"/jobs?group={group}", token=ALICE).json()["jobs"]) == 1


def test_fifty_bodies_under_one_key_at_once_make_one_job(host: RunningHost) -> None:
    key, group = _key(), uuid.uuid4().hex

    def ask(seed: int) -> Reply:
        return host.call("POST", "/jobs", speak("one", seed=seed, group=group), headers=key, token=ALICE)

    with ThreadPoolExecutor(50) as threads:
        replies = list(threads.map(ask, range(50)))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 49
    assert {reply.error["code"] for reply in replies if reply.status == 409} == {"conflict"}
    assert len(host.call("GET", f"/jobs?group={group}", token=ALICE).json()["jobs"]) == 1


def test_the_same_key_with_another_body_is_a_conflict(host: RunningHost) -> None:
    key = _key()
    first = host.call("POST", "/jobs", speak("one", seed=1), headers=key, token=ALICE)
    other = host.call("POST", "/jobs", speak("two", seed=1), headers=key, token=ALICE)
    assert (first.status, other.status) == (201, 409)
    assert other.error["problems"][0]["field"] == "Idempotency-Key"


def test_the_same_request_written_otherwise_is_the_same_body(host: RunningHost) -> None:
    """Order of names, spaces and defaults that are written out make no difference."""
    key = _key()
    plain = speak("one")
    spelled = {"lane": "interactive", "seed": None, "steps": plain["steps"], "text": {"markup": "plain", "body": "one"}}
    first = host.call("POST", "/jobs", plain, headers=key, token=ALICE)
    second = host.call("POST", "/jobs", spelled, headers=key, token=ALICE)
    assert (first.status, second.status) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["seed"] == second.json()["seed"]


def test_a_key_is_its_owners(host: RunningHost) -> None:
    key = _key()
    mine = host.call("POST", "/jobs", speak("one"), headers=key, token=ALICE)
    theirs = host.call("POST", "/jobs", speak("two"), headers=key, token=BOB)
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


def test_a_refused_request_uses_no_key_up(host: RunningHost) -> None:
    key = _key()
    assert host.call("POST", "/jobs", speak(""), headers=key, token=ALICE).status == 422
    assert host.call("POST", "/jobs", speak("one"), headers=key, token=ALICE).status == 201


def test_without_a_key_every_call_is_a_job(host: RunningHost) -> None:
    group = uuid.uuid4().hex
    made = {host.submit(speak("one", group=group), token=ALICE) for _ in range(3)}
    assert len(made) == 3
