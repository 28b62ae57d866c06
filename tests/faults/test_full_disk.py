"""A disk without any room, or mounted read-only, under a host at work: it says so, lives, and goes on when there is room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.rough import ERRORS, RoughDisk
from tests.service.running_host import speak, start_host, until

pytestmark = pytest.mark.compiler


def test_a_host_whose_disk_takes_nothing_says_so_and_goes_on_when_there_is_room(
    tmp_path: Path, rough_of: Callable[[Path], RoughDisk]
) -> None:
    rough = rough_of(tmp_path / "home")
    host = start_host(tmp_path / "home", **rough.environment)
    try:
        for error in ERRORS:
            running = host.submit(speak("one two three", settings={"seconds_of_work": 1.0}, fresh=True))
            until(lambda: host.call("GET", f"/jobs/{running}").json()["state"] == "running", 30, "it never ran")  # noqa: B023

            rough.refuse(error)
            ready = host.call("GET", "/ready")
            refused = host.call("POST", "/jobs", speak())
            assert host.call("GET", "/health", token=None).status == 200
            assert ready.status == 503
            assert [problem["field"] for problem in ready.error["problems"]] == ["checks.store"]
            assert refused.status == 507
            assert refused.error["code"] == "storage_failed"
            assert refused.error["problems"][0]["fix"]["label"]
            assert rough.felt > 0

            rough.lift()
            assert host.call("GET", "/ready").status == 200
            ended = host.ended(running)
            if ended["state"] == "failed":
                assert ended["error"]["code"] == "storage_failed"
                host.call("POST", f"/jobs/{running}/retry")
            assert host.ended(running)["state"] == "succeeded"
            assert host.ended(host.submit(speak("four")))["state"] == "succeeded"
    finally:
        host.end()


def test_a_full_disk_does_not_fail_a_whole_queue(tmp_path: Path, rough_of: Callable[[Path], RoughDisk]) -> None:
    rough = rough_of(tmp_path / "home")
    host = start_host(tmp_path / "home", **rough.environment)
    try:
        rough.refuse("full", ["scratch"])               # rows can be written, sounds cannot
        jobs = [host.submit(speak(f"line {number}", lane="batch")) for number in range(8)]
        until(lambda: host.ended(jobs[0])["state"] == "failed", 30, "the first one did not fail")
        until(lambda: "disk refused" in str(host.call("GET", f"/jobs/{jobs[-1]}").json()["waiting"]), 30, "nobody says why")

        rough.lift()
        ends = [host.ended(job) for job in jobs]
        failed = [end for end in ends if end["state"] == "failed"]
        assert {end["error"]["code"] for end in failed} == {"storage_failed"}
        assert len(failed) < 6, "the others waited"
        assert all(end["state"] == "succeeded" for end in ends if end not in failed)
    finally:
        host.end()
