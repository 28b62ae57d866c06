"""What an earlier version, a person or a crash left of the library is found by name, and mended where it can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.storage.survey import folder_bytes
from tests.engine.shelves import ANN, brought, open_shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return open_shelf(tmp_path)


async def _sound(shelf: Shelf) -> bool:
    return (await shelf.examine(deep=True, mend=False)).sound


async def test_voices_of_an_earlier_version_are_taken_over_without_a_copy(tmp_path: Path) -> None:
    """Their folders held the files themselves."""
    shelf = open_shelf(tmp_path)
    for name in (ANN, "parrot:bob"):
        voice, files = brought(tmp_path, name)
        shelf.voices.add(voice)
        folder = tmp_path / "voices" / "parrot" / voice.title
        folder.mkdir(parents=True)
        for role, path in files.items():
            path.rename(folder / voice.files[role].name)
    assert folder_bytes(tmp_path / "voices") == 2 * 1402

    again = open_shelf(tmp_path)
    await again.recover()
    assert folder_bytes(tmp_path / "voices") == 1402, "and from now on they share"
    assert await _sound(again)
    assert (tmp_path / "voices/parrot/bob/model.bin").stat().st_nlink == 3


async def test_fsck_names_all_that_differs_and_mends_what_can_be(shelf: Shelf, tmp_path: Path) -> None:
    lost, cut = await shelf.settle(*brought(tmp_path)), await shelf.settle(*brought(tmp_path, "parrot:cut", {"a": b"cut"}))
    names = {role: file.sha256 for role, file in lost.files.items()}
    shelf.inventory.weights.drop(names["model"])
    (tmp_path / "voices/parrot/ann/model.bin").unlink()
    (tmp_path / "voices/parrot/cut/a.bin").unlink()
    (tmp_path / "voices/parrot/stray").mkdir()
    (tmp_path / "voices/parrot/stray/model.pth").write_bytes(b"put here by hand")
    (tmp_path / "voices/note.txt").write_bytes(b"?")
    orphan = brought(tmp_path, "parrot:o", {"a": b"orphan"})
    shelf.inventory.weights.put(orphan[1]["a"], orphan[0].files["a"].sha256)

    found = await shelf.examine(deep=False, mend=False)
    assert found.orphans == (orphan[0].files["a"].sha256,)
    assert found.strays == ("note.txt", "parrot/stray")
    assert found.missing == (f"{ANN}: model.bin",)
    assert found.unlinked == (cut.id,)
    assert not found.sound

    await shelf.examine(deep=False, mend=True)
    left = await shelf.examine(deep=True, mend=False)
    assert (left.orphans, left.strays, left.unlinked) == ((), (), ())
    assert left.missing == (f"{ANN}: model.bin",), "that only whoever has it can bring"
    await shelf.remove(ANN, "ann")
    await shelf.empty(everything=True)
    await shelf.settle(*brought(tmp_path))
    assert await _sound(shelf)


async def test_a_note_that_cannot_be_read_stops_nobody(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.settle(*brought(tmp_path))
    folder = tmp_path / "voices" / ".intents"
    for number, text in enumerate(("", "[]", "{", json.dumps({"noun": "voices", "name": "x", "files": ["../../x"]}))):
        (folder / f"{number}.json").write_text(text)
    escape = {"noun": "voices", "name": "../../registry:x", "files": []}
    (folder / "9.json").write_text(json.dumps(escape))
    again = open_shelf(tmp_path)
    await again.recover()
    assert (tmp_path / "registry" / "voices.json").exists()
    assert again.voices.has(ANN)
