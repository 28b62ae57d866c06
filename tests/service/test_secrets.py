"""What people type or send stays theirs: a canary in every input turns up nowhere else (control_plane S13).

The one who typed a name that does not exist is told that name again, and sees their own request in their own job.
Logs, other people's answers and errors about something else hold nothing of it.
"""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from hay_say_lab.storage.database import open_engine
from tests.service.conftest import ALICE, BOB, OLGA
from tests.service.running_host import POLLY, RunningHost, speak, until
from tests.service.sounds import encoded, tone

SHAPES = {
    "a token": "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",
    "a path": "/srv/canary-person/private/diary.wav",
    "a host's token": "Zk3v-canary-9fQ2xWm_7LpT1rYbN0sKdHcJ",
}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def canary(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _word(canary: str) -> str:
    """The part by which a canary is known, whatever was cut off or escaped around it."""
    return "canary-person" if canary.startswith("/") else canary


def _everything_bob_sees(host: RunningHost) -> str:
    paths = ("/jobs?limit=500", "/events?after=0", "/voices", "/architectures", "/ready", "/doctor", "/health", "/openapi.json")
    return "".join(host.call("GET", path, token=BOB).content.decode() for path in paths)


def test_no_input_turns_up_in_a_log_or_with_somebody_else(canary: str, host: RunningHost) -> None:
    """given a canary in every place where something can be put, then it is in no log and in no answer of others"""
    spoken = speak(f"say {canary} please", group=canary[:60])
    job = host.submit(spoken, token=ALICE, headers={"Idempotency-Key": canary, "Cookie": canary, "X-Anything": canary})
    failing = host.submit(speak(f"say {canary}", settings={"crash": "raise"}), token=ALICE)
    dying = host.submit(speak(f"say {canary}", settings={"crash": "exit"}), token=ALICE)
    wrong = host.submit(speak("one", settings={"tune": canary[:16]}), token=ALICE)
    clip = host.send_clip(encoded(tone()), label=canary, token=ALICE)
    assert clip.status == 201
    for sent in (job, failing, dying, wrong):
        host.ended(sent, token=ALICE)
    quoted = urllib.parse.quote(canary, safe="")
    attempts: list[tuple[str, str, Any]] = [
        ("GET", f"/jobs/{quoted}", None),
        ("GET", f"/voices/{quoted}", None),
        ("GET", f"/artifacts/{quoted}", None),
        ("GET", f"/{quoted}?token={quoted}", None),
        ("GET", f"/jobs?limit={quoted}&state={quoted}&cursor={quoted}", None),
        ("GET", f"/events?after={quoted}&job={quoted}", None),
        ("DELETE", f"/voices/{quoted}", None),
        ("POST", "/preflight", {canary: canary, "steps": [{"task": canary, "voice": canary, "settings": {canary: canary}}]}),
        ("POST", "/jobs", {"text": {"body": "a", "language": canary, "markup": canary}, "steps": []}),
        ("POST", "/voices", {"architecture": canary, "name": canary, "reference": canary, "provenance": {"source": canary}}),
    ]
    for method, path, document in attempts:
        for token in (ALICE, OLGA, canary, None):
            assert host.call(method, path, document, token=token).status < 500
    assert host.send_clip(canary.encode() * 10, label=canary, token=ALICE).status == 422
    assert host.call("GET", "/jobs", token=None, headers={"Authorization": f"Basic {canary}"}).status == 401
    assert _word(canary) not in host.logs()
    assert _word(canary) not in _everything_bob_sees(host)


def test_an_error_does_not_repeat_what_is_none_of_its_business(canary: str, host: RunningHost) -> None:
    """The text, a label, a key, a token: an error about another field quotes none of them."""
    headers = {"Idempotency-Key": canary, "Cookie": canary, "X-Token": canary}
    asked = speak(f"say {canary}", seed=-1, group=canary[:60])
    quoted = urllib.parse.quote(canary, safe="")
    replies = [
        host.call("POST", "/jobs", asked, headers=headers, token=ALICE),
        host.call("POST", "/preflight", asked, headers=headers, token=ALICE),
        host.call("GET", "/jobs", token=canary, headers=headers),
        host.call("GET", f"/jobs/{quoted}", token=ALICE),
        host.call("GET", f"/artifacts/{quoted}", token=ALICE),
        host.call("GET", f"/recipes/{quoted}", token=ALICE),
        host.call("GET", f"/jobs?limit={quoted}", token=ALICE),
        host.call("POST", f"/clips?label={quoted}", body=canary.encode(), headers={"Content-Type": "audio/wav"}, token=ALICE),
        host.call("POST", "/jobs", body=canary.encode(), headers={"Content-Type": canary.replace("/", "-")}, token=ALICE),
    ]
    for reply in replies:
        assert _word(canary) not in reply.content.decode(), reply.content


def test_events_hold_no_text(canary: str, host: RunningHost) -> None:
    jobs = [host.submit(speak(f"say {canary}", settings={"crash": crash}), token=ALICE) for crash in ("no", "raise", "exit")]
    for job in jobs:
        host.ended(job, token=ALICE)
        story = host.call("GET", f"/events?after=0&job={job}", token=ALICE).content.decode()
        assert _word(canary) not in story


def test_a_label_holds_no_path(host: RunningHost) -> None:
    sent = host.send_clip(encoded(tone(0.7)), label="/srv/canary-person/private/diary.wav").json()
    assert sent["label"] == "diary.wav"
    assert "canary-person" not in json.dumps(sent)


def test_an_artifact_and_its_recipe_name_no_person_time_host_or_path(host: RunningHost) -> None:
    job = host.ended(host.submit(speak("one", seed=11), token=ALICE), token=ALICE)
    recipe = host.call("GET", f"/recipes/{job['recipe']}", token=ALICE).content.decode()
    export = host.call("GET", f"/artifacts/{job['artifact']}/export?format=wav", token=ALICE).content
    for secret in ("alice", ALICE, host.secret, str(host.home), job["id"], job["created_at"][:10], str(host.port)):
        assert secret not in recipe
        assert secret.encode() not in export


def test_the_hosts_own_secrets_are_in_no_log_and_no_answer(host: RunningHost) -> None:
    seen = _everything_bob_sees(host) + host.logs()
    for secret in (host.secret, ALICE, BOB, OLGA):
        assert secret not in seen


def test_nobody_else_can_read_the_files(host: RunningHost) -> None:
    host.ended(host.submit(speak("one"), token=ALICE), token=ALICE)
    open_ones = [
        str(path.relative_to(host.home))
        for path in host.home.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077 and path.parent.name != "logs"
    ]
    assert open_ones == []
    folders = [path for path in host.home.iterdir() if path.is_dir() and path.name != "logs"]
    assert not [str(path) for path in folders if path.stat().st_mode & 0o077]


def test_what_a_worker_is_told_comes_from_no_header(host: RunningHost) -> None:
    """Workers inherit no secret: neither their environment nor their command line holds one."""
    job = host.submit(speak("one two", settings={"seconds_of_work": 3}), token=ALICE)
    until(lambda: host.call("GET", f"/jobs/{job}", token=ALICE).json()["state"] == "running", 20, "it did not run")
    workers = psutil.Process(host.process.pid).children(recursive=True)
    assert workers
    for worker in workers:
        told = " ".join(worker.cmdline()) + str(worker.environ())
        assert host.secret not in told
        assert "HAY_SAY_TOKENS" not in told
    host.call("POST", f"/jobs/{job}/cancel", token=ALICE)


def test_a_database_that_refuses_tells_no_values() -> None:
    """What SQLAlchemy says of a failed statement goes to the log with its traceback."""
    engine = open_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError) as refused:
        connection.execute(sa.text("insert into nowhere values (:value)"), {"value": "canary-person"})
    assert "canary-person" not in str(refused.value)


def test_the_name_of_a_missing_voice_is_told_again_to_the_one_who_typed_it(host: RunningHost) -> None:
    reply = host.call("GET", "/voices/parrot:nobody", token=ALICE)
    assert "parrot:nobody" in reply.error["message"]
    asked = {"text": {"body": "a"}, "steps": [{"task": "speak", "voice": POLLY, "settings": {"volume": 1}}]}
    assert "volume" in host.call("POST", "/preflight", asked, token=ALICE).json()["problems"][0]["message"]
