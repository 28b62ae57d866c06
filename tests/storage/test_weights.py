"""Files of voices: each content once, read-only, there whole or not at all, under names that no path can be smuggled in."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hay_say_lab.errors import InvalidRequest
from hay_say_lab.storage.survey import folder_bytes
from hay_say_lab.storage.weights import Weights, is_file_name

CONTENT = b"weights" * 1000
NAME = hashlib.sha256(CONTENT).hexdigest()

MEETS_A_FULL_DISK = """
import hashlib, resource, sys
from pathlib import Path
from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage.weights import Weights

root = Path(sys.argv[1])
content = b"x" * 100_000
name = hashlib.sha256(content).hexdigest()
(root / "sent").write_bytes(content)
(root / "sent-too").hardlink_to(root / "sent")      # it has another name, so it is copied
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
try:
    Weights(root / "voices").put(root / "sent", name)
except StorageFailed:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(Weights(root / "voices").put(root / "sent", name))
"""


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    (tmp_path / "voices").mkdir()
    return Weights(tmp_path / "voices")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "voices" / "world" / "ann"


def _sent(tmp_path: Path, content: bytes = CONTENT, name: str = "sent") -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def _tree(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink())


def test_a_content_lies_once_read_only_and_has_a_name_in_every_voice(weights: Weights, folder: Path, tmp_path: Path) -> None:
    assert weights.put(_sent(tmp_path), NAME)
    assert not weights.put(_sent(tmp_path), NAME), "it is there"

    other = folder.with_name("bob")
    for place in (folder, other):
        weights.lay_out(place, {"model.safetensors": NAME, "again.bin": NAME})

    kept = weights.path(NAME)
    assert (folder / "model.safetensors").read_bytes() == (other / "again.bin").read_bytes() == CONTENT
    assert kept.stat().st_nlink == 5
    assert kept.stat().st_mode & 0o777 == 0o400
    assert folder_bytes(tmp_path / "voices") == len(CONTENT), "what it really takes"
    assert weights.sizes() == {NAME: len(CONTENT)}
    assert not (tmp_path / "sent").exists()


def test_what_is_taken_away_frees_to_the_byte_and_leaves_no_folder(weights: Weights, folder: Path, tmp_path: Path) -> None:
    weights.put(_sent(tmp_path), NAME)
    weights.lay_out(folder, {"model.safetensors": NAME})

    weights.clear(folder)
    assert weights.holds(NAME, len(CONTENT)), "the content is for who needs it"
    assert weights.drop(NAME) == len(CONTENT)
    assert weights.drop(NAME) == 0, "it is gone"
    assert _tree(tmp_path) == []
    assert [path.name for path in (tmp_path / "voices").iterdir()] == [".files"]


def test_many_who_bring_the_same_content_at_once_share_one_file(weights: Weights, tmp_path: Path) -> None:
    sent = [_sent(tmp_path, name=f"sent-{number}") for number in range(12)]
    folders = [tmp_path / "voices" / "world" / f"v{number}" for number in range(12)]

    def bring(file: Path, folder: Path) -> None:
        weights.put(file, NAME)
        weights.lay_out(folder, {"model": NAME})

    threads = [threading.Thread(target=bring, args=pair) for pair in zip(sent, folders, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert weights.path(NAME).stat().st_nlink == 13
    assert folder_bytes(tmp_path / "voices") == len(CONTENT)


def _other_content(file: Path) -> None:
    file.write_bytes(b"something else")


def _a_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("spoil", [_other_content, _a_link, _a_folder, _a_pipe])
def test_what_is_not_the_file_that_was_said_is_refused_and_nothing_comes_in(
    spoil: Callable[[Path], None], weights: Weights, tmp_path: Path
) -> None:
    file = _sent(tmp_path)
    spoil(file)
    with pytest.raises(InvalidRequest):
        weights.put(file, NAME)
    assert not weights.adopt(file, NAME)
    assert weights.sizes() == {}


def test_a_content_that_lies_there_damaged_is_mended_by_bringing_it_again(weights: Weights, tmp_path: Path) -> None:
    weights.put(_sent(tmp_path), NAME)
    os.chmod(weights.path(NAME), 0o600)
    weights.path(NAME).write_bytes(b"rotten")
    assert not weights.holds(NAME, len(CONTENT))

    assert weights.put(_sent(tmp_path), NAME)
    assert weights.path(NAME).read_bytes() == CONTENT


def test_a_file_that_somebody_else_names_too_is_copied(weights: Weights, tmp_path: Path) -> None:
    os.link(_sent(tmp_path), tmp_path / "theirs")
    assert weights.put(tmp_path / "sent", NAME)
    (tmp_path / "theirs").write_bytes(b"changed")
    assert weights.path(NAME).read_bytes() == CONTENT


def test_a_voice_that_lies_there_from_before_is_adopted_without_a_copy(weights: Weights, folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    _sent(folder, name="model.bin")
    assert not weights.adopt(folder / "model.bin", "0" * 64), "that is not its content"

    assert weights.adopt(folder / "model.bin", NAME)
    assert weights.is_laid_out(folder, {"model.bin": (NAME, len(CONTENT))})
    assert folder_bytes(tmp_path / "voices") == len(CONTENT)


def test_a_folder_is_sound_where_it_holds_just_its_names(weights: Weights, folder: Path, tmp_path: Path) -> None:
    files = {"model": (NAME, len(CONTENT))}
    assert not weights.is_laid_out(folder, files)
    weights.put(_sent(tmp_path), NAME)
    weights.lay_out(folder, {"model": NAME, "more": NAME})
    assert not weights.is_laid_out(folder, files), "there is more"
    weights.lay_out(folder, {"model": NAME})
    assert weights.is_laid_out(folder, files)
    weights.drop(NAME)
    assert not weights.is_laid_out(folder, files), "its content is gone"


def test_on_a_disk_without_hard_links_a_voice_has_copies_and_they_are_counted(
    weights: Weights, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)     # what such a disk does: none can be made here
    weights.put(_sent(tmp_path), NAME)
    weights.lay_out(folder, {"model": NAME})

    assert (folder / "model").read_bytes() == CONTENT
    assert (folder / "model").stat().st_mode & 0o777 == 0o400
    assert weights.is_laid_out(folder, {"model": (NAME, len(CONTENT))})
    assert weights.copied_bytes(folder, {"model": NAME}) == len(CONTENT)
    assert folder_bytes(tmp_path / "voices") == 2 * len(CONTENT)


def test_a_disk_that_is_full_in_the_middle_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", MEETS_A_FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert told.stdout.split() == ["refused", "True"]
    name = hashlib.sha256(b"x" * 100_000).hexdigest()
    assert _tree(tmp_path) == ["sent-too", f"voices/.files/{name[:2]}/{name}"]


def test_what_a_killed_host_had_half_written_is_swept(weights: Weights, folder: Path, tmp_path: Path) -> None:
    weights.put(_sent(tmp_path), NAME)
    weights.lay_out(folder, {"model": NAME})
    whole = _tree(tmp_path)
    (tmp_path / "voices" / ".0123.part").mkdir()
    _sent(tmp_path / "voices" / ".0123.part", name="model")
    _sent(tmp_path / "voices" / ".files", name=".4567.part")
    weights.sweep()
    assert _tree(tmp_path) == whole


@pytest.mark.parametrize("name", ["model.safetensors", "reference.w64", "a", "G_0.pth", "x" * 128, "added_IVF1_v2.index"])
def test_an_ordinary_name_is_one(name: str) -> None:
    assert is_file_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a\0b", "a\nb", "con", "NUL.txt", "com1", "x" * 129, "ends.",
     "ends ", " x", "C:x", "%2e%2e", "ä", "-rf", "a\u202eb"],
)  # fmt: skip
def test_a_name_that_is_a_path_hidden_or_a_device_is_refused(name: str, weights: Weights, folder: Path, tmp_path: Path) -> None:
    assert not is_file_name(name)
    weights.put(_sent(tmp_path), NAME)
    with pytest.raises(InvalidRequest):
        weights.lay_out(folder, {name: NAME})
    assert not folder.exists()
    assert [path.name for path in (tmp_path / "voices").iterdir()] == [".files"]


@pytest.mark.parametrize("sha256", ["", "..", "../" * 10 + "etc", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_is_no_hash_names_no_content(sha256: str, weights: Weights) -> None:
    with pytest.raises(InvalidRequest):
        weights.path(sha256)
