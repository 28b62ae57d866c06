"""A backup is whole or not there, and puts everything back as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hay_say_lab.errors import InvalidRequest
from hay_say_lab.host.__main__ import ALREADY_HOSTED
from hay_say_lab.storage.backup import back_up, restore
from hay_say_lab.storage.home import Home
from tests.service.running_host import speak, start_host


def _restored(home: Path, folder: Path) -> int:
    command = [sys.executable, "-P", "-m", "hay_say_lab.host", "--home", str(home), "--restore", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode


def test_what_came_after_a_backup_is_gone_when_it_is_put_back_and_what_came_before_is_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    host = start_host(home)
    before = host.ended(host.submit(speak("one")))
    assert host.call("GET", "/audit/verify").json()["rows"] == 1
    folder = home / "backups" / "first"
    assert host.call("POST", "/storage/backup", {"name": "first"}).status == 201
    host.call("PUT", "/storage/budgets", {"results_days": 7})
    host.ended(host.submit(speak("one two")))
    assert _restored(home, folder) == ALREADY_HOSTED, "not under a host that runs"
    host.end()

    assert _restored(home, folder) == 0

    host = start_host(home)
    assert [job["id"] for job in host.call("GET", "/jobs").json()["jobs"]] == [before["id"]]
    assert host.call("GET", "/storage").json()["budgets"]["results_days"] == 0
    assert host.call("GET", f"/artifacts/{before['artifact']}").status == 200
    assert host.call("POST", "/storage/fsck", {}).json()["missing"] == []
    verdict = host.call("GET", "/audit/verify").json()
    assert (verdict["sound"], verdict["rows"]) == (True, 1), "the hash kept aside went back together with the rows"
    host.end()
    assert (home / "jobs.sqlite3.before-restore").is_file()


def test_a_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    from hay_say_lab.storage.database import migrate, open_engine

    engine = open_engine(f"sqlite:///{home.database}")
    migrate(engine, home.database)
    engine.dispose()
    folder = back_up(home, "one")
    was = home.database.read_bytes()
    (folder / "jobs.sqlite3").write_bytes(b"not that")
    for bad in (folder, tmp_path / "nothing"):
        with pytest.raises(InvalidRequest):
            restore(home, bad)
    assert home.database.read_bytes() == was
    with pytest.raises(InvalidRequest, match="already"):
        back_up(home, "one")
    assert not list((tmp_path / "backups").glob(".*"))
