"""Objects by content: there whole or not at all, the same content once, no path smuggled in."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from hay_say_lab.errors import ArtifactMissing, StorageFailed
from hay_say_lab.storage.objects import ObjectStore, hash_file


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    (tmp_path / "objects").mkdir()
    return ObjectStore(tmp_path / "objects")


def _file(folder: Path, content: bytes = b"sound", name: str = "clip.w64") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def _tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("content", [b"", b"sound", os.urandom(3_000_001)], ids=["empty", "small", "3 MB"])
def test_a_published_file_is_found_by_its_content_and_is_its_owners_alone(
    content: bytes, objects: ObjectStore, tmp_path: Path
) -> None:
    name = objects.publish(_file(tmp_path, content))

    assert name == hashlib.sha256(content).hexdigest() == hash_file(objects.open_path(name))
    assert objects.open_path(name).read_bytes() == content
    assert objects.path(name) == tmp_path / "objects" / name[:2] / name
    assert objects.path(name).stat().st_mode & 0o177 == 0
    assert not (tmp_path / "clip.w64").exists(), "it was moved, not copied"


def test_the_same_content_is_kept_once(objects: ObjectStore, tmp_path: Path) -> None:
    first = objects.publish(_file(tmp_path))
    inode = objects.path(first).stat().st_ino
    second = objects.publish(_file(tmp_path, name="other"))

    assert first == second
    assert objects.path(first).stat().st_ino == inode
    assert _tree(tmp_path) == [f"objects/{first[:2]}/{first}"]


def test_many_who_publish_the_same_content_at_once_all_succeed(objects: ObjectStore, tmp_path: Path) -> None:
    files = [_file(tmp_path, b"x" * 100_000, f"file-{number}") for number in range(12)]
    names: list[str] = []
    threads = [threading.Thread(target=lambda file=file: names.append(objects.publish(file))) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(names) == 12
    assert len(set(names)) == 1
    assert len(_tree(tmp_path)) == 1


def test_a_place_that_refuses_leaves_the_file_where_it_was(objects: ObjectStore, tmp_path: Path) -> None:
    file = _file(tmp_path)
    name = hash_file(file)
    (tmp_path / "objects" / name[:2]).write_bytes(b"a file where a folder should be")

    with pytest.raises(StorageFailed) as refusal:
        objects.publish(file)

    assert refusal.value.retry == "safe"
    assert file.read_bytes() == b"sound"
    with pytest.raises(ArtifactMissing):
        objects.open_path(name)


@pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat("/tmp").st_dev, reason="no second disk here"
)
def test_a_file_on_another_disk_is_refused_and_nothing_is_half_written(tmp_path: Path) -> None:
    other = Path("/dev/shm") / f"hay-say-{os.getpid()}"
    other.mkdir()
    try:
        with pytest.raises(StorageFailed):
            ObjectStore(other).publish(_file(tmp_path))
        assert _tree(other) == []
        assert (tmp_path / "clip.w64").exists()
    finally:
        for folder in (*other.iterdir(), other):
            folder.rmdir()


def test_publishing_what_is_not_there_is_the_disks_refusal(objects: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed):
        objects.publish(tmp_path / "nothing")


@pytest.mark.parametrize(
    "name",
    [
        "", "..", "../../etc/passwd", "/etc/passwd", "ab/../../x", "a" * 63, "A" * 64, "a" * 64 + "\0", "a" * 64 + "\n",
        "%2e%2e%2f" + "a" * 55, "..\\" * 21 + "a", "a" * 62 + "/a", "\u0430" * 64, "con",
    ],
)  # fmt: skip
def test_no_path_is_smuggled_in_as_a_name(name: str, objects: ObjectStore) -> None:
    for ask in (objects.path, objects.holds, objects.open_path):
        with pytest.raises(ArtifactMissing):
            ask(name)


def test_a_name_that_nobody_published_is_missing(objects: ObjectStore) -> None:
    assert not objects.holds("a" * 64)
    with pytest.raises(ArtifactMissing):
        objects.open_path("a" * 64)
