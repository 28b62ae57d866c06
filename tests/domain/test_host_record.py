"""host.json: read where it can be, ignored where it cannot; and whether a process lives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from hay_say_lab.domain.host import HostRecord, data_home, process_alive, read_record, record_path

RECORD = HostRecord(
    host_id="h", pid=1234, url="http://127.0.0.1:1", secret="s", api=1, schema="0001", version="0.1.0",
    interpreter=sys.executable, code_version="c" * 64, started_at="2026-11-20T00:00:00.000Z",
)  # fmt: skip


def test_a_record_survives_its_file(tmp_path: Path) -> None:
    record_path(tmp_path).write_bytes(RECORD.as_json())
    assert read_record(tmp_path) == RECORD


def test_a_record_of_a_later_host_with_more_to_say_is_read_all_the_same(tmp_path: Path) -> None:
    record_path(tmp_path).write_text(json.dumps({**asdict(RECORD), "mood": "good"}))
    assert read_record(tmp_path) == RECORD


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",                                                           # cut off
        b"[]", b"null", b'"text"', b"{}",                               # JSON, but no record
        b"\xff\xfe\x00",                                                # no text at all
        replace(RECORD, pid="12").as_json(),                            # type: ignore[arg-type]
        replace(RECORD, url=None).as_json(),                            # type: ignore[arg-type]
        b"[" * 200_000,                                                 # deeper than any parser goes
    ],
    ids=["empty", "cut", "list", "null", "text", "object", "bytes", "pid-text", "no-url", "deep"],
)  # fmt: skip
def test_a_record_that_cannot_be_read_is_none(content: bytes, tmp_path: Path) -> None:
    record_path(tmp_path).write_bytes(content)
    assert read_record(tmp_path) is None


def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None


def test_a_living_process_is_seen_and_a_dead_one_too() -> None:
    assert process_alive(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert process_alive(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)     # it has ended; nobody has reaped it yet

        assert not process_alive(child.pid), "a zombie has ended"
    assert not process_alive(child.pid)


def test_the_data_home_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAY_SAY_HOME", str(tmp_path / "named"))
    assert data_home() == tmp_path / "named"


def test_a_relative_data_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAY_SAY_HOME", "here")
    assert data_home() == tmp_path / "here"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
def test_without_a_name_the_data_home_is_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HAY_SAY_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_home() == tmp_path / "hay-say-lab"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_home() == tmp_path / ".local" / "share" / "hay-say-lab"
