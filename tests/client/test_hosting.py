"""Finding a host or starting it: one at most, whoever comes first; its secret goes to nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from hay_say_lab import Lab
from hay_say_lab.client.hosting import Hosting
from hay_say_lab.domain.host import HostRecord, read_record, record_path
from hay_say_lab.errors import HostUnreachable
from tests.hosts import end_host

SECRET = "the secret of a host that is gone"

CALLS = """
import sys
from pathlib import Path
from hay_say_lab.client.api import Api
from hay_say_lab.client.hosting import Hosting

api = Api(Hosting(Path(sys.argv[1])))
input()
print(api.get("/health")["host_id"])
"""


def _hosts(home: Path) -> list[int]:
    """Processes that host this data home."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "hay_say_lab.host" in command and str(home) in command and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def test_six_clients_that_start_at_once_share_one_host(tmp_path: Path) -> None:
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", CALLS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    try:
        for client in clients:
            assert client.stdin is not None
            client.stdin.write("go\n")
            client.stdin.flush()
        answered = [client.communicate(timeout=60)[0].strip() for client in clients]

        assert len(set(answered)) == 1
        deadline = time.monotonic() + 20
        while len(_hosts(tmp_path)) > 1:        # those that came too late are leaving
            assert time.monotonic() < deadline
            time.sleep(0.02)
        record = read_record(tmp_path)
        assert record is not None
        assert record.host_id == answered[0]
    finally:
        end_host(tmp_path)
    assert _hosts(tmp_path) == []
    assert not record_path(tmp_path).exists(), "it put its house in order"


def test_making_a_laboratory_starts_nothing(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "home")
    assert str(tmp_path / "home") in repr(lab)
    assert not (tmp_path / "home").exists()


def test_a_host_lives_in_a_session_of_its_own_and_its_record_is_private(home: Path) -> None:
    Hosting(home).address()
    record = read_record(home)
    assert record is not None
    assert os.getsid(record.pid) == record.pid != os.getsid(0)
    assert record_path(home).stat().st_mode & 0o777 == 0o600
    assert record.url.startswith("http://127.0.0.1:")


def test_a_home_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostUnreachable, match="cannot be written"):
        Lab(tmp_path / "file" / "home").architectures()


def test_a_host_that_cannot_start_is_told_with_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "voices.json").write_text("damaged")
    with pytest.raises(HostUnreachable, match="could not start") as refusal:
        Lab(tmp_path).architectures()
    assert "host.log" in refusal.value.problems[0].fix.label
    assert "voices.previous.json" in (tmp_path / "logs" / "host.log").read_text()
    assert _hosts(tmp_path) == []


# A record of a host that is gone, at whose address a stranger answers.


def _record(port: int, pid: int) -> HostRecord:
    return HostRecord(
        host_id="the one that is gone", pid=pid, url=f"http://127.0.0.1:{port}", secret=SECRET, api=1, schema="0001",
        version="0", interpreter="", code_version="", started_at="",
    )  # fmt: skip


@contextmanager
def _stranger(status: int, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """A server that answers everything alike; its port, and all that it was ever told."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            heard.append(f"{self.requestline}\n{self.headers}\n{body!r}")
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/hay-say/v1/drain")
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_PUT = do_GET

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b'{"status": "ok", "host_id": "another"}'),
        (200, b'{"host_id": null}'),
        (200, b"[]"),
        (200, b'"the one that is gone"'),
        (200, b"<html>"),
        (200, b""),
        (200, b"[" * 100_000),
        (500, b""),
        (302, b""),
        (401, b'{"host_id": "the one that is gone"}'),
    ],
)
def test_a_stranger_at_the_address_of_a_dead_host_is_not_taken_for_it(
    status: int, content: bytes, tmp_path: Path
) -> None:
    """The process id of the record belongs to a living process, too: to this one."""
    with _stranger(status, content) as (port, heard):
        record_path(tmp_path).write_bytes(_record(port, os.getpid()).as_json())
        assert Hosting(tmp_path).present() is None
        assert heard, "it was asked who it is"
        assert SECRET not in "".join(heard)


def test_the_secret_of_a_dead_host_goes_to_nobody_while_a_new_one_is_started(tmp_path: Path) -> None:
    with _stranger(200, b'{"host_id": "another"}') as (port, heard):
        record_path(tmp_path).write_bytes(_record(port, os.getpid()).as_json())
        try:
            assert Lab(tmp_path).architectures()
            record = read_record(tmp_path)
            assert record is not None
            assert record.url != f"http://127.0.0.1:{port}"
        finally:
            end_host(tmp_path)
        told = "".join(heard)
        assert SECRET not in told
        assert record.secret not in told
        assert "authorization" not in told.lower()
        assert {call.split()[0] for call in heard} == {"GET"}


def test_a_record_whose_process_is_gone_is_not_even_asked(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    with _stranger(200, b'{"host_id": "the one that is gone"}') as (port, heard):
        record_path(tmp_path).write_bytes(_record(port, ended.pid).as_json())
        assert Hosting(tmp_path).present() is None
        assert Hosting(tmp_path).crashed()
        assert heard == []


def test_a_host_of_other_code_is_asked_to_drain_and_replaced(tmp_path: Path) -> None:
    hosting = Hosting(tmp_path)
    hosting.address()
    first = read_record(tmp_path)
    assert first is not None
    record_path(tmp_path).write_bytes(replace(first, code_version="0" * 64).as_json())
    try:
        second = Hosting(tmp_path).address()

        assert second.host_id != first.host_id
        assert len(_hosts(tmp_path)) == 1
        assert Hosting(tmp_path).address() == second, "and stays"
    finally:
        end_host(tmp_path)


def test_a_damaged_record_is_no_obstacle(tmp_path: Path) -> None:
    record_path(tmp_path).write_text(json.dumps({"pid": "many"}))
    try:
        assert Lab(tmp_path).architectures()
    finally:
        end_host(tmp_path)
