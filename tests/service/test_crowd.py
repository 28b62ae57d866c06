"""Two thousand event streams and five hundred half-open calls: the host answers, and its descriptors come back (S9)."""

from __future__ import annotations

import hashlib
import json
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.service.running_host import PREFIX, RunningHost, start_host, until

OWNERS, STREAMS_EACH, HALF_OPEN = 400, 5, 500
WANTED = OWNERS * STREAMS_EACH + HALF_OPEN + 500


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[RunningHost]:
    """A host that knows four hundred people."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < WANTED:
        pytest.skip(f"this machine allows {hard} open files; {WANTED} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, WANTED), hard))
    people = {hashlib.sha256(f"t{n}".encode()).hexdigest(): {"owner": f"p{n}", "role": "user"} for n in range(OWNERS)}
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps(people))
    file.chmod(0o600)
    host = start_host(tmp_path / "home", HAY_SAY_TOKENS=str(file))
    yield host
    host.end()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _stream(host: RunningHost, token: str) -> socket.socket:
    asked = socket.create_connection(("127.0.0.1", host.port), timeout=30)
    head = f"GET {PREFIX}/events HTTP/1.1\r\nHost: 127.0.0.1:{host.port}\r\nAuthorization: Bearer {token}\r\n"
    asked.sendall(f"{head}Accept: text/event-stream\r\n\r\n".encode())
    return asked


def _half_open(host: RunningHost) -> socket.socket:
    begun = socket.create_connection(("127.0.0.1", host.port), timeout=30)
    begun.sendall(f"GET {PREFIX}/events HTTP/1.1\r\nHost: 127.0".encode())
    return begun


def test_a_crowd_of_listeners_stops_nobody_and_leaves_nothing_open(crowded: RunningHost) -> None:
    host = crowded
    process = psutil.Process(host.process.pid)
    assert host.call("GET", "/health", token=None).status == 200
    base = process.num_fds()

    crowd = [_half_open(host) for _ in range(HALF_OPEN)]
    crowd += [_stream(host, f"t{n % OWNERS}") for n in range(OWNERS * STREAMS_EACH)]
    answers = [asked.recv(64) for asked in crowd[HALF_OPEN:]]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers), "each has its place: five of six an owner"
    refused = [host.call("GET", "/events?wait=0", token="t0").status for _ in range(1)]
    assert refused == [200], "a poll is the sixth"
    assert process.num_fds() >= base + len(crowd)
    for _ in range(20):
        assert host.call("GET", "/health", token=None).status == 200
    job = host.submit({"text": {"body": "one"}, "steps": [{"task": "speak", "voice": "parrot:polly"}]}, token="t0")
    assert host.ended(job, token="t0")["state"] == "succeeded"

    for asked in crowd:
        asked.close()
    deadline = time.monotonic() + 30
    until(lambda: process.num_fds() <= base + 20, 30, f"{process.num_fds()} descriptors, {base} before")
    assert time.monotonic() < deadline
