"""Jobs are found again, and tell what happened to them."""

from __future__ import annotations

import json
import time

from hay_say_lab.cli.story import _TELLERS, sentence
from hay_say_lab.domain.job import TRANSITIONS
from tests.cli.shell import Ended, Shell

POLLY = ("--voice", "parrot:polly")


def _told(ended: Ended) -> list[str]:
    """The story without its times."""
    return [line.partition("  ")[2] for line in ended.out.splitlines() if line[:2] == "20"]


def test_a_jobs_story_is_told_from_its_events(hay_say: Shell) -> None:
    take = hay_say.json("say", "One two.", *POLLY, "--then", "parrot:polly").take
    ended = hay_say("jobs", "show", take["job"])
    assert ended.out.startswith(f"Job {take['job']}: succeeded; parrot:polly + parrot:polly; seed {take['seed']};")
    told = _told(ended)
    assert told[0] == "queued in lane interactive with 3 stages for parrot:polly, parrot:polly"
    assert told[1].startswith("stage 1 of 3 (speak) began on worker parrot#")
    assert told[2].startswith("stage 1 of 3 (speak) done after 0.")
    assert told[-1].endswith(f"published artifact {take['artifact'][:12]} by recipe {take['recipe'][:12]}")


def test_the_story_of_a_lost_worker_says_so(hay_say: Shell) -> None:
    take = hay_say.json("say", "One two.", *POLLY, "--set", "crash=exit_once").take
    told = _told(hay_say("jobs", "show", take["job"]))
    assert any("(speak) lost its worker" in line and "tried again (attempt 2)" in line for line in told)
    assert "published artifact" in told[-1]


def test_a_failed_job_tells_how_to_mend_it_and_can_be_tried_again(hay_say: Shell) -> None:
    refused = hay_say.json("say", "One.", *POLLY, "--set", "tune=xyz")
    assert refused.status == 1
    job = hay_say.json("jobs").document["jobs"][0]["id"]
    shown = hay_say("jobs", "show", job).out
    assert "stage 1 of 2 (speak) failed: The tune 'xyz'" in shown
    assert "to mend it: Write 'ceg'." in shown
    assert hay_say.json("jobs", "retry", job).document["state"] in ("queued", "running", "failed")
    assert hay_say.json("jobs", "wait", job).status == 1
    assert "a person asked to try stage 1 of 2 (speak) again" in hay_say("jobs", "show", job).out


def test_a_job_that_takes_workers_down_is_set_aside_until_it_is_released(hay_say: Shell) -> None:
    ended = hay_say.json("say", "One.", *POLLY, "--set", "crash=exit")
    assert (ended.status, ended.document["code"]) == (1, "job_quarantined")
    job = hay_say.json("jobs").document["jobs"][0]["id"]
    assert "set aside after 2 worker deaths" in hay_say("jobs", "show", job).out
    assert hay_say("jobs", "release", job).status == 0
    assert "an operator released it" in hay_say("jobs", "show", job).out
    hay_say("jobs", "wait", job)


def test_a_running_job_shows_how_far_it_is_and_can_be_stopped(hay_say: Shell) -> None:
    running = hay_say.start("say", "One two three.", *POLLY, "--set", "seconds_of_work=30", "--json")
    deadline = time.monotonic() + 30
    while not (jobs := [j for j in hay_say.json("jobs").document["jobs"] if j["state"] == "running" and j["progress"]]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shown = hay_say("jobs", "show", jobs[0]["id"]).out
    assert "now: speak, " in shown
    assert hay_say("jobs", "cancel", jobs[0]["id"]).status == 0
    out, _ = running.communicate(timeout=30)
    assert running.returncode == 1
    assert json.loads(out)["code"] == "job_cancelled"
    assert _told(hay_say("jobs", "show", jobs[0]["id"]))[-1] == "stopped; nothing was published"


def test_the_newest_jobs_are_listed_first(hay_say: Shell) -> None:
    texts = ("first of these", "second of these")
    ids = [hay_say.json("say", text, *POLLY).take["job"] for text in texts]
    listed = hay_say("jobs", "list", "--limit", "2").out.splitlines()
    assert [line.split()[0] for line in listed] == ["JOB", ids[1], ids[0]]
    assert "second of these" in listed[1]
    assert [job["id"] for job in hay_say.json("jobs").document["jobs"]][:2] == [ids[1], ids[0]]


def test_every_edge_of_the_state_table_has_a_sentence() -> None:
    assert {event for _, event in TRANSITIONS} | {"queued"} == set(_TELLERS)


def test_an_event_of_a_later_version_is_told_as_it_came() -> None:
    assert sentence({"kind": "moved", "body": {"to": "elsewhere"}}, []) == 'moved {"to": "elsewhere"}'
