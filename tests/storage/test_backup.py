"""A backup is whole or not there, and puts everything back as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hay_say_lab.errors import InvalidRequest
from hay_say_lab.host.__main__ import ALREADY_HOSTED
from hay_say_lab.registry.dictionaries import Dictionaries
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.storage.backup import LEFT_OUT, back_up, restore
from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.home import Home
from hay_say_lab.text.pronunciation import Entry, Pronunciations
from tests.engine.shelves import brought, open_shelf
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


def _with_database(root: Path) -> Home:
    home = Home(root)
    home.prepare()
    engine = open_engine(f"sqlite:///{home.database}")
    migrate(engine, home.database)
    engine.dispose()
    return home


async def test_the_registry_goes_back_with_its_voices_and_words_and_what_is_not_in_a_backup_is_named(tmp_path: Path) -> None:
    home = _with_database(tmp_path)
    shelf = open_shelf(tmp_path)
    await shelf.settle(*brought(tmp_path, "parrot:kept", {"model": b"kept"}))
    await shelf.settle(*brought(tmp_path, "parrot:gone", {"model": b"gone"}))
    with open_documents(home.registry / "dictionaries.json") as documents:
        words = Pronunciations(entries=(Entry("LA", alias="Los Angeles"),))
        version = Dictionaries(documents, home.registry / "dictionaries").put("ann", "mine", words, "2026").newest.id
    folder = back_up(home, "one")
    assert "passport.key" in LEFT_OUT
    assert all(not (folder / name).exists() for name in LEFT_OUT)

    await shelf.remove("parrot:gone", "ann")
    await shelf.empty(everything=True)
    await shelf.settle(*brought(tmp_path, "parrot:later", {"model": b"later"}))
    (home.registry / "dictionaries" / f"{version}.json").unlink()
    restore(home, folder)

    again = open_shelf(tmp_path)
    await again.recover()
    assert [voice.id for voice in again.voices.all() if not voice.builtin] == ["parrot:gone", "parrot:kept"]
    found = await again.examine(deep=True, mend=False)
    assert found.missing == ("parrot:gone: model.bin",)
    assert (found.strays, len(found.orphans)) == (("parrot/later",), 1), "nobody removes what a registry has forgotten"
    with open_documents(home.registry / "dictionaries.json") as documents:
        assert Dictionaries(documents, home.registry / "dictionaries").read(version) == words


@pytest.mark.parametrize("name", ["../outside.json", "dictionaries/../../x.json", "/etc/x.json", "voices/x.json"])
def test_a_backup_that_names_a_path_is_none(name: str, tmp_path: Path) -> None:
    home = _with_database(tmp_path)
    folder = back_up(home, "one")
    manifest = json.loads((folder / "backup.json").read_bytes())
    manifest["files"][name] = manifest["files"]["jobs.sqlite3"]
    (folder / "backup.json").write_text(json.dumps(manifest))
    with pytest.raises(InvalidRequest, match="missing or damaged"):
        restore(home, folder)


def test_a_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    home = _with_database(tmp_path)
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
