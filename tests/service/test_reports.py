"""A clip's input report, and measures over REST."""

from __future__ import annotations

import pytest

from hay_say_lab.domain.measure import MEASURES, TRACKERS
from tests.media import media
from tests.service.conftest import ALICE, BOB, Belongings
from tests.service.running_host import RunningHost
from tests.service.sounds import encoded, tone


def test_a_clips_report_is_made_once_and_stands_with_its_facts_from_then_on(host: RunningHost) -> None:
    sent = host.send_clip(encoded(tone(0.7)), token=ALICE).json()
    assert sent["report"] is None
    made = host.call("GET", f"/clips/{sent['sha256']}/report", token=ALICE).json()
    assert made["ready"]
    assert made["report"]["seconds"] == 0.7
    assert host.call("GET", f"/clips/{sent['sha256']}", token=ALICE).json()["report"] == made["report"]
    assert host.send_clip(encoded(tone(0.7)), token=BOB).json()["report"] == made["report"], "it is of the content"


@pytest.mark.ffmpeg
def test_a_clip_that_ffmpeg_reads_has_a_report_too(host: RunningHost) -> None:
    sent = host.send_clip(media("m4a"), token=ALICE).json()
    made = host.call("GET", f"/clips/{sent['sha256']}/report", token=ALICE).json()
    assert made["ready"]
    assert made["report"]["seconds"] == pytest.approx(sent["seconds"])
    assert made["report"]["f0_median_hz"] == pytest.approx(220, rel=0.01)


def test_an_artifact_is_measured_as_a_clip_is(host: RunningHost, belongings: Belongings) -> None:
    order = {"clip": belongings.artifact, "measures": ["lufs", "f0"], "f0_method": "dio"}
    answer = host.call("POST", "/measure", order, token=ALICE).json()
    assert answer["ready"]
    assert set(answer["values"]) == {"lufs", "f0"}
    report = host.call("GET", f"/clips/{belongings.artifact}/report", token=ALICE).json()["report"]
    assert answer["values"]["lufs"] == report["lufs"]


def test_the_table_says_what_can_be_measured(host: RunningHost) -> None:
    table = host.call("GET", "/measures").json()
    assert [row["name"] for row in table["measures"]] == list(MEASURES)
    assert [row["name"] for row in table["f0_methods"]] == list(TRACKERS)


def test_a_bad_order_is_refused_with_every_problem_before_any_clip_is_looked_at(host: RunningHost) -> None:
    order = {"clip": "0" * 64, "measures": ["beauty", "f0_error"], "f0_method": "ears"}
    reply = host.call("POST", "/measure", order)
    assert reply.status == 422
    assert [problem["field"] for problem in reply.error["problems"]] == ["measures.0", "against", "f0_method"]


def test_what_is_no_sound_has_no_report(host: RunningHost, belongings: Belongings) -> None:
    picture = belongings.succeeded["outputs"]["picture"]
    reply = host.call("GET", f"/clips/{picture}/report", token=ALICE)
    assert reply.status == 422
    assert reply.error["problems"]
