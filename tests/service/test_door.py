"""A host that ends: its door closes for everybody, at once and in words."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from pathlib import Path

from hay_say_lab.domain.host import read_record
from tests.service.running_host import RunningHost, speak, start_host, until


def _drained(host: RunningHost) -> None:
    reply = host.call("POST", "/drain")
    assert (reply.status, reply.json()) == (202, {"draining": True})


def test_a_drained_host_refuses_gives_way_and_ends(tmp_path: Path) -> None:
    """given a running job and an open poll, when the host drains, then both let go and the row waits"""
    host = start_host(tmp_path / "home")
    job = host.submit(speak("one two three", settings={"seconds_of_work": 60}))
    until(lambda: host.call("GET", f"/jobs/{job}").json()["state"] == "running", 20, "it did not run")
    last = host.call("GET", "/events").json()["last"]
    polled: list[int] = []
    poll = threading.Thread(
        target=lambda: polled.append(host.call("GET", f"/events?after={last + 50}&job=none&wait=30").status)
    )
    poll.start()
    time.sleep(0.2)
    _drained(host)
    refusals: set[tuple[int, str]] = set()
    with contextlib.suppress(OSError, http.client.HTTPException):        # until it is gone
        while host.process.poll() is None:
            for method, path in (("GET", "/health"), ("GET", "/ready"), ("GET", "/jobs"), ("POST", "/jobs")):
                reply = host.call(method, path, speak() if method == "POST" else None)
                refusals.add((reply.status, reply.error["code"]))
                assert reply.error["retry"] == "safe"
                assert int(reply.headers["retry-after"]) >= 1
    host.process.wait(20)
    assert refusals == {(503, "host_closing")}
    poll.join(10)
    assert polled == [200]
    assert host.process.returncode == 0
    assert read_record(tmp_path / "home") is None
    heir = start_host(tmp_path / "home")
    try:
        seen = heir.call("GET", f"/events?after=0&job={job}").json()["events"]
        assert {"gave_way"} <= {event["kind"] for event in seen}
        assert heir.call("GET", f"/jobs/{job}").json()["state"] in ("queued", "running")
        heir.call("POST", f"/jobs/{job}/cancel")
    finally:
        heir.end()


def test_an_open_stream_ends_when_the_door_closes(tmp_path: Path) -> None:
    host = start_host(tmp_path / "home")
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=20)
    connection.request(
        "GET", "/hay-say/v1/events", headers={"Authorization": f"Bearer {host.secret}", "Accept": "text/event-stream"}
    )
    answer = connection.getresponse()
    assert answer.status == 200
    _drained(host)
    began = time.monotonic()
    assert answer.read().startswith(b"retry: 1000\nevent: hello\n")
    assert time.monotonic() - began < 10
    host.process.wait(20)


def test_a_waiting_client_keeps_the_host_and_a_look_does_not(tmp_path: Path) -> None:
    """An open poll counts as a client; health and readiness do not."""
    host = start_host(tmp_path / "home", HAY_SAY_IDLE_SECONDS="1")
    assert host.call("GET", "/events?wait=3&after=0").status == 200
    assert host.process.poll() is None
    ended_by = time.monotonic() + 15
    with contextlib.suppress(OSError, http.client.HTTPException):
        while time.monotonic() < ended_by:
            assert host.call("GET", "/health").status in (200, 503)
            assert host.call("GET", "/ready").status in (200, 503)
            time.sleep(0.05)
    host.process.wait(10)
    assert host.process.returncode == 0
    assert not (tmp_path / "home" / "host.json").exists()


def test_the_record_is_its_owners_alone(tmp_path: Path) -> None:
    host = start_host(tmp_path / "home")
    try:
        record = tmp_path / "home" / "host.json"
        assert record.stat().st_mode & 0o777 == 0o600
        assert set(json.loads(record.read_text())) == {
            "host_id", "pid", "url", "secret", "api", "schema", "version", "interpreter", "code_version", "started_at"
        }  # fmt: skip
    finally:
        host.end()


def test_a_tokens_file_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    import subprocess
    import sys

    tokens = tmp_path / "tokens.json"
    tokens.write_text("{}")
    tokens.chmod(0o644)
    import os

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "hay_say_lab.host", "--home", str(tmp_path / "home")],
        env={**os.environ, "HAY_SAY_TOKENS": str(tokens)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "chmod 600" in ended.stderr
    assert "Traceback" not in ended.stderr
