"""A clip that was sent is taken back: for whoever sent it, and not while something of theirs needs it."""

from __future__ import annotations

from tests.service.conftest import ALICE, BOB
from tests.service.running_host import RunningHost, convert
from tests.service.sounds import noise


def test_a_clip_that_another_sent_too_stays_theirs(host: RunningHost) -> None:
    sent = noise(2.0, seed=127)
    sha256 = host.send_clip(sent, token=ALICE).json()["sha256"]
    host.send_clip(sent, token=BOB)
    assert host.call("DELETE", f"/clips/{sha256}", token=ALICE).status == 200
    assert host.call("GET", f"/clips/{sha256}", token=ALICE).status == 404
    assert host.call("GET", f"/clips/{sha256}", token=BOB).status == 200
    assert sha256 in host.objects()


def test_a_clip_stays_while_a_job_or_a_kept_result_needs_it(host: RunningHost) -> None:
    sha256 = host.send_clip(noise(1.0, seed=128), token=ALICE).json()["sha256"]
    job = host.submit(convert(sha256), token=ALICE)
    refused = host.call("DELETE", f"/clips/{sha256}", token=ALICE)
    assert (refused.status, refused.error["code"]) == (409, "conflict")
    assert job in refused.error["message"]
    host.ended(job, token=ALICE)
    refused = host.call("DELETE", f"/clips/{sha256}", token=ALICE)
    assert refused.status == 409
    assert "result" in refused.error["problems"][0]["fix"]["label"]
    host.call("DELETE", f"/jobs/{job}/result", token=ALICE)
    assert host.call("DELETE", f"/clips/{sha256}", token=ALICE).status == 200
