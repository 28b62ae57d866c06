"""A real host in a process of its own, and a plain way to talk to it: one call, one connection."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hay_say_lab.domain.host import HostRecord, process_alive, read_record

PREFIX = "/hay-say/v1"
SECONDS_TO_START = 40
POLLY = "parrot:polly"


@dataclass(frozen=True)
class Reply:
    """What a host answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> dict[str, Any]:
        """The one error shape; fails where the answer is another."""
        document = self.json()
        assert set(document) == {"code", "message", "problems", "error_id", "retry", "retry_after_seconds"}, document
        assert document["message"]
        assert document["retry"] in ("never", "after_fix", "safe")
        assert all(set(problem) == {"field", "message", "fix"} for problem in document["problems"])
        return dict(document)


@dataclass
class RunningHost:
    """Knows the process, its record and its data home; `secret` is the token of (local user, admin)."""

    home: Path
    process: subprocess.Popen[bytes]
    record: HostRecord

    @property
    def secret(self) -> str:
        return self.record.secret

    @property
    def port(self) -> int:
        return int(self.record.url.rpartition(":")[2])

    def call(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        token: str | None = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Reply:
        """`path` behind the prefix; `token` '' is the host's secret, None is none; `document` goes as JSON."""
        given: dict[str, str] = {}
        if token is not None:
            given["Authorization"] = f"Bearer {token or self.secret}"
        if document is not None:
            body = json.dumps(document).encode()
            given["Content-Type"] = "application/json"
        given |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, PREFIX + path, body=body, headers=given)
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def submit(self, request: Mapping[str, Any], **how: Any) -> str:
        """Queue a request -> the job's id."""
        reply = self.call("POST", "/jobs", request, **how)
        assert reply.status == 201, reply.content
        return str(reply.json()["id"])

    def ended(self, job: str, seconds: float = 60, **how: Any) -> dict[str, Any]:
        """The job, once it has ended."""

        def look() -> dict[str, Any] | None:
            seen = self.call("GET", f"/jobs/{job}", **how).json()
            return seen if seen["state"] in ("succeeded", "failed", "cancelled", "quarantined") else None

        return dict(until(look, seconds, f"job {job} did not end"))

    def send_clip(self, content: bytes, label: str = "clip.wav", **how: Any) -> Reply:
        return self.call(
            "POST", f"/clips?{urllib.parse.urlencode({'label': label})}", body=content,
            headers={"Content-Type": "application/octet-stream"}, **how,
        )  # fmt: skip

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in (self.home / "logs").rglob("*") if path.is_file())

    def left_in_scratch(self) -> list[str]:
        return sorted(str(path.relative_to(self.home)) for path in (self.home / "scratch").iterdir())

    def objects(self) -> set[str]:
        return {path.name for path in (self.home / "objects").rglob("*") if path.is_file()}

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def start_host(home: Path, **environment: str) -> RunningHost:
    """A host on `home`; `environment` comes on top of ours. It is ended by its process, not by idling."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "logs").mkdir(exist_ok=True)
    with (home / "logs" / "host.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hay_say_lab.host", "--home", str(home)],
            env={**os.environ, "HAY_SAY_IDLE_SECONDS": "600", "HAY_SAY_HOME": str(home), **environment},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def record() -> HostRecord | None:
        assert process.poll() is None, (home / "logs" / "host.log").read_text()
        found = read_record(home)
        return found if found is not None and found.pid == process.pid else None

    host = RunningHost(home, process, until(record, SECONDS_TO_START, "the host did not start"))
    until(lambda: _open(host), SECONDS_TO_START, "the host did not open its door")
    return host


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first truth of `condition`; AssertionError with `what` when it never came."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"after {seconds:.0f} s: {what}")


def gone(pid: int) -> bool:
    return not process_alive(pid)


def speak(body: str = "one two", **changes: Any) -> dict[str, Any]:
    """A request that the parrot speaks; `settings` are the step's."""
    settings = changes.pop("settings", {})
    return {"text": {"body": body}, "steps": [{"task": "speak", "voice": POLLY, "settings": settings}], **changes}


def convert(clip: str, **changes: Any) -> dict[str, Any]:
    settings = changes.pop("settings", {})
    return {"clip": clip, "steps": [{"task": "convert", "voice": POLLY, "settings": settings}], **changes}


def _open(host: RunningHost) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return host.call("GET", "/health", token=None).status == 200
    return False
