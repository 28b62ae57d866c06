"""Lanes over REST: operators stop one and let it go on, everybody sees it; a job waits for jobs; an estimate before."""

from __future__ import annotations

from tests.service.conftest import ALICE, OLGA
from tests.service.running_host import RunningHost, speak


def _lane(host: RunningHost, name: str) -> dict[str, object]:
    found = host.call("GET", "/lanes", token=ALICE).json()["lanes"]
    return next(lane for lane in found if lane["lane"] == name)


def test_an_operator_stops_a_lane_and_everybody_sees_who_did(host: RunningHost) -> None:
    assert _lane(host, "download") == {
        "lane": "download", "weight": 1, "paused": False, "paused_by": None, "paused_at": None, "waiting": 0,
    }  # fmt: skip
    assert host.call("POST", "/lanes/download/pause", {}, token=OLGA).status == 200
    assert (_lane(host, "download")["paused"], _lane(host, "download")["paused_by"]) == (True, "olga")
    assert host.call("POST", "/lanes/download/resume", {}, token=OLGA).status == 200
    assert not _lane(host, "download")["paused"]


def test_a_lane_that_nobody_knows_is_missing(host: RunningHost) -> None:
    reply = host.call("POST", "/lanes/fast/pause", {}, token=OLGA)
    assert reply.status == 404
    assert "interactive" in reply.error["problems"][0]["fix"]["label"]


def test_a_job_says_what_it_waits_for_and_starts_when_that_is_done(host: RunningHost) -> None:
    first = host.call("POST", "/jobs", speak(settings={"seconds_of_work": 1.0}), token=ALICE).json()
    second = host.call("POST", "/jobs", speak() | {"after": [first["id"]]}, token=ALICE).json()
    assert second["waiting"] == "1 other job must succeed first"
    assert second["starts_in_seconds"] is None
    assert host.ended(second["id"], token=ALICE)["state"] == "succeeded"


def test_preflight_tells_what_a_request_will_take(host: RunningHost) -> None:
    estimate = host.call("POST", "/preflight", speak(), token=ALICE).json()["estimate"]
    assert estimate["seconds"] > 0
    assert estimate["memory_mb"] > 0
    assert estimate["based_on"] in ("history", "declared")
    refused = host.call("POST", "/preflight", speak() | {"after": ["nothing"]}, token=ALICE).json()
    assert refused["estimate"] is None
    assert [problem["field"] for problem in refused["problems"]] == ["after.0"]
