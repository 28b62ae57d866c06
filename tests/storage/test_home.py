"""The data home: private folders, files that are replaced whole, and nothing left over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage.home import Home, remove, write_atomically

WRITES_TOO_MUCH = """
import resource, sys
from pathlib import Path
from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage.home import write_atomically

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 10_000)
except StorageFailed as error:
    print(error.message)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_every_folder_is_its_owners_alone(home: Home) -> None:
    folders = [home.root, home.registry, home.objects, home.voices, home.logs, home.scratch]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 6


def test_preparing_again_keeps_what_is_there(home: Home) -> None:
    (home.objects / "kept").touch()
    home.prepare()
    assert (home.objects / "kept").exists()


def test_a_home_that_cannot_be_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="HAY_SAY_HOME"):
        Home(tmp_path / "file" / "home").prepare()


def test_a_voices_folder_lies_inside_the_home(home: Home) -> None:
    assert home.voice_folder("world:demo") == home.root / "voices" / "world" / "demo"


def test_a_file_is_replaced_whole_and_private(home: Home) -> None:
    write_atomically(home.root / "a.json", b"old")
    write_atomically(home.root / "a.json", b"new")

    assert (home.root / "a.json").read_bytes() == b"new"
    assert (home.root / "a.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.root.iterdir() if path.is_file()] == ["a.json"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(home: Home) -> None:
    write_atomically(home.root / "a.json", b"old")

    done = subprocess.run(
        [sys.executable, "-c", WRITES_TOO_MUCH, str(home.root / "a.json")], capture_output=True, text=True, check=True
    )

    assert "The disk refused" in done.stdout
    assert (home.root / "a.json").read_bytes() == b"old"
    assert [path.name for path in home.root.iterdir() if path.is_file()] == ["a.json"]


def test_sweeping_keeps_what_an_unfinished_job_goes_on_with(home: Home) -> None:
    for name in ("kept", "ended"):
        (home.stage_folder(name, 0) / "pieces").mkdir(parents=True)
    (home.scratch / "upload-1").write_bytes(b"half an upload")
    (home.registry / ".voices.json.123.part").write_bytes(b"half a document")
    (home.root / ".host.json.123.part").write_bytes(b"half a record")
    (home.registry / "voices.json").write_bytes(b"{}")

    home.sweep_scratch({"kept"})

    assert [entry.name for entry in home.scratch.iterdir()] == ["kept"]
    assert [entry.name for entry in home.registry.iterdir()] == ["voices.json"]
    assert not list(home.root.glob(".*.part"))


def test_removing_follows_no_link_and_minds_no_absence(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "precious")

    remove(tmp_path / "link")
    remove(tmp_path / "nothing")

    assert (tmp_path / "precious" / "file").exists()
    assert not (tmp_path / "link").is_symlink()
