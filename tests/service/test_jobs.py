"""Jobs as the REST surface shows them: pages, filters, and what may be done to one in which state."""

from __future__ import annotations

import uuid

import pytest

from tests.service.conftest import ALICE, BOB, OLGA, Belongings
from tests.service.running_host import RunningHost, speak, until


def test_pages_join_without_a_gap_or_a_double(host: RunningHost) -> None:
    group = uuid.uuid4().hex
    made = [host.submit(speak("one", group=group), token=BOB) for _ in range(7)]
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        query = f"/jobs?limit=3&group={group}" + (f"&cursor={cursor}" if cursor else "")
        page = host.call("GET", query, token=BOB).json()
        seen += [job["id"] for job in page["jobs"]]
        cursor, pages = page["cursor"], pages + 1
        if cursor is None:
            break
    assert pages == 3
    assert sorted(seen) == sorted(made)
    assert seen == sorted(seen, reverse=True)           # newest first


def test_a_job_made_meanwhile_moves_no_page(host: RunningHost) -> None:
    group = uuid.uuid4().hex
    made = [host.submit(speak("one", group=group), token=BOB) for _ in range(3)]
    first = host.call("GET", f"/jobs?limit=2&group={group}", token=BOB).json()
    host.submit(speak("one", group=group), token=BOB)
    second = host.call("GET", f"/jobs?limit=2&group={group}&cursor={first['cursor']}", token=BOB).json()
    assert sorted(job["id"] for job in first["jobs"] + second["jobs"]) == sorted(made)


def test_a_full_last_page_has_no_cursor(host: RunningHost) -> None:
    group = uuid.uuid4().hex
    for _ in range(2):
        host.submit(speak("one", group=group), token=BOB)
    assert host.call("GET", f"/jobs?limit=2&group={group}", token=BOB).json()["cursor"] is None


def test_states_and_groups_choose(host: RunningHost, belongings: Belongings) -> None:
    def ids(query: str) -> set[str]:
        return {job["id"] for job in host.call("GET", f"/jobs?limit=500&{query}", token=ALICE).json()["jobs"]}

    assert belongings.failed in ids("state=failed")
    assert belongings.failed not in ids("state=succeeded")
    assert {belongings.failed, belongings.quarantined} <= ids("state=failed&state=quarantined")
    assert ids("group=nobody-has-this") == set()


@pytest.mark.parametrize(
    ("name", "verb", "status"),
    [
        ("succeeded", "cancel", 409),
        ("succeeded", "retry", 409),
        ("failed", "cancel", 409),
        ("cancelled", "cancel", 200),           # it is what was asked for
        ("cancelled", "retry", 409),
        ("quarantined", "retry", 409),          # an operator lets it out
        ("succeeded", "release", 409),
    ],
)
def test_what_may_be_done_in_which_state(name: str, verb: str, status: int, host: RunningHost, belongings: Belongings) -> None:
    job = belongings.succeeded["id"] if name == "succeeded" else getattr(belongings, name)
    reply = host.call("POST", f"/jobs/{job}/{verb}", token=OLGA if verb == "release" else ALICE)
    assert reply.status == status
    if status == 409:
        assert reply.error["code"] == "illegal_transition"


def test_a_failed_job_is_tried_again_by_its_owner(host: RunningHost) -> None:
    job = host.submit(speak("one", settings={"crash": "raise"}), token=ALICE)
    first = host.ended(job, token=ALICE)
    assert first["state"] == "failed"
    assert first["error"]["code"] == "worker_failed"
    assert host.call("POST", f"/jobs/{job}/retry", token=ALICE).json()["state"] == "queued"
    assert host.ended(job, token=ALICE)["state"] == "failed"
    kinds = [event["kind"] for event in host.call("GET", f"/events?after=0&job={job}", token=ALICE).json()["events"]]
    assert kinds.count("retry") == 1
    assert kinds.count("failed") == 2


def test_an_operator_lets_a_quarantined_job_out(host: RunningHost) -> None:
    job = host.submit(speak("one", settings={"crash": "exit"}), token=ALICE)
    assert host.ended(job, token=ALICE)["state"] == "quarantined"
    assert host.call("POST", f"/jobs/{job}/release", token=OLGA).status == 200
    until(lambda: _kinds(host, job).count("poisoned") == 2, 30, "it did not run again")


def test_a_running_job_is_stopped_and_leaves_nothing(host: RunningHost) -> None:
    job = host.submit(speak("one two three", settings={"seconds_of_work": 60}), token=ALICE)
    until(lambda: host.call("GET", f"/jobs/{job}", token=ALICE).json()["state"] == "running", 20, "it did not run")
    host.call("POST", f"/jobs/{job}/cancel", token=ALICE)
    ended = host.ended(job, seconds=10, token=ALICE)
    assert ended["state"] == "cancelled"
    assert ended["artifact"] is None
    until(lambda: f"scratch/{job}" not in host.left_in_scratch(), 5, "its pieces stayed")


def test_a_drawn_seed_is_told_and_gives_the_same_sound_again(host: RunningHost) -> None:
    first = host.ended(host.submit(speak("one two"), token=ALICE), token=ALICE)
    again = host.ended(host.submit(speak("one two", seed=first["seed"]), token=ALICE), token=ALICE)
    other = host.ended(host.submit(speak("one two"), token=ALICE), token=ALICE)
    assert again["artifact"] == first["artifact"]
    assert again["recipe"] == first["recipe"]
    assert other["seed"] != first["seed"]
    assert other["artifact"] != first["artifact"]


def test_an_export_is_the_same_to_the_byte_every_time(host: RunningHost) -> None:
    jobs = [host.ended(host.submit(speak("one", seed=5), token=ALICE), token=ALICE) for _ in range(2)]
    for kind in ("flac", "wav"):
        files = {host.call("GET", f"/artifacts/{job['artifact']}/export?format={kind}", token=ALICE).content for job in jobs}
        assert len(files) == 1


def _kinds(host: RunningHost, job: str) -> list[str]:
    return [event["kind"] for event in host.call("GET", f"/events?after=0&job={job}", token=ALICE).json()["events"]]


def test_warnings_come_with_preflight_and_stay_with_the_job(host: RunningHost) -> None:
    request = speak("<speak>one</speak>")
    findings = host.call("POST", "/preflight", request, token=ALICE).json()
    assert findings["problems"] == []
    (warning,) = findings["warnings"]
    assert warning["fix"]["patch"] == [{"op": "replace", "path": "/text/markup", "value": "ssml"}]
    answer = host.call("POST", "/jobs", request, token=ALICE).json()
    kept = [{**warning, "fix": {**warning["fix"], "patch": []}}]
    assert answer["warnings"] == kept
    assert host.call("GET", f"/jobs/{answer['id']}", token=ALICE).json()["warnings"] == kept
