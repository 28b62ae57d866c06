"""Dictionaries by owner and name: each change is a version that never changes, and nothing is half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hay_say_lab.errors import Conflict, DictionaryMissing, InvalidRequest, StorageFailed
from hay_say_lab.registry import dictionaries as module
from hay_say_lab.registry.dictionaries import Dictionaries
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.text.pronunciation import Entry, Pronunciations, pronunciations

AT = "2026-11-20T12:00:00.000Z"
ONE = pronunciations([Entry("LA", alias="Los Angeles")], "ours")
TWO = pronunciations([Entry("LA", alias="Los Angeles"), Entry("Nguyen", ipa="ŋwiən")], "ours")


@pytest.fixture
def shelf(tmp_path: Path) -> Dictionaries:
    return _open(tmp_path)


def _open(folder: Path) -> Dictionaries:
    return Dictionaries(open_documents(folder / "dictionaries.json"), folder / "dictionaries")


def _ids(shelf: Dictionaries, name: str = "names", owner: str = "ann") -> list[str]:
    return [version.id for version in shelf.get(owner, name).versions]


def test_each_change_is_a_version_and_older_ones_stay_readable_after_a_restart(shelf: Dictionaries, tmp_path: Path) -> None:
    assert shelf.put("ann", "names", ONE, AT).newest.id == ONE.id
    assert shelf.put("ann", "names", TWO, AT).newest.id == TWO.id
    again = _open(tmp_path)
    assert _ids(again) == [ONE.id, TWO.id]
    assert again.read(ONE.id) == ONE
    assert again.find("ann", "names")[1].id == TWO.id
    assert again.find("ann", f"names@{ONE.id[:6]}")[1].id == ONE.id
    assert again.find("ann", f"names@{ONE.id}")[1].entries == 1


def test_the_same_content_again_is_no_new_version_but_going_back_is(shelf: Dictionaries) -> None:
    for words in (ONE, ONE, TWO, ONE):
        shelf.put("ann", "names", words, AT)
    assert _ids(shelf) == [ONE.id, TWO.id, ONE.id]
    assert shelf.find("ann", f"names@{ONE.id[:6]}")[1].id == ONE.id


def test_dictionaries_of_others_are_as_missing_as_none(shelf: Dictionaries) -> None:
    shelf.put("ann", "names", ONE, AT)
    assert [kept.name for kept in shelf.all("bob")] == []
    for reference in ("names", f"names@{ONE.id}"):
        with pytest.raises(DictionaryMissing):
            shelf.find("bob", reference)
    shelf.put("bob", "names", TWO, AT)
    assert _ids(shelf) == [ONE.id]


@pytest.mark.parametrize("reference", ["nobody", "", "names@", "names@12345", "names@zzzzzz", f"names@{'0' * 64}", "../x"])
def test_what_is_not_there_is_named_with_what_is(reference: str, shelf: Dictionaries) -> None:
    shelf.put("ann", "names", ONE, AT)
    with pytest.raises(DictionaryMissing) as missing:
        shelf.find("ann", reference)
    assert missing.value.problems[0].fix.label


@pytest.mark.parametrize("name", ["", "Names", "a b", "../etc", "a" * 65, "-a", "ä", "a@b"])
def test_a_name_that_could_be_something_else_is_refused(name: str, shelf: Dictionaries, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        shelf.put("ann", name, ONE, AT)
    assert not (tmp_path / "dictionaries").exists()


def test_who_changes_what_another_changed_meanwhile_is_told(shelf: Dictionaries) -> None:
    shelf.put("ann", "names", ONE, AT)
    shelf.put("ann", "names", TWO, AT, replaces=ONE.id)
    with pytest.raises(Conflict, match="changed by somebody else"):
        shelf.put("ann", "names", Pronunciations("mine"), AT, replaces=ONE.id)
    with pytest.raises(Conflict):
        shelf.put("ann", "gone", ONE, AT, replaces=ONE.id)
    assert _ids(shelf) == [ONE.id, TWO.id]


def test_removing_takes_the_versions_that_nobody_else_has(shelf: Dictionaries, tmp_path: Path) -> None:
    shelf.put("ann", "names", ONE, AT)
    shelf.put("ann", "names", TWO, AT)
    shelf.put("bob", "other", ONE, AT)
    shelf.remove("ann", "names")
    assert [file.stem for file in (tmp_path / "dictionaries").iterdir()] == [ONE.id]
    assert shelf.read(ONE.id) == ONE
    with pytest.raises(DictionaryMissing):
        shelf.get("ann", "names")
    with pytest.raises(DictionaryMissing):
        shelf.remove("ann", "names")
    assert [kept.name for kept in _open(tmp_path).all("bob")] == ["other"]


def test_bounds_are_told_and_change_nothing(shelf: Dictionaries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VERSIONS", 2)
    monkeypatch.setattr(module, "MOST_DICTIONARIES", 1)
    shelf.put("ann", "names", ONE, AT)
    shelf.put("ann", "names", TWO, AT)
    with pytest.raises(Conflict, match="2 versions"):
        shelf.put("ann", "names", ONE, AT)
    with pytest.raises(Conflict, match="1 dictionaries"):
        shelf.put("ann", "more", ONE, AT)
    assert shelf.put("ann", "names", TWO, AT).newest.id == TWO.id, "what changes nothing needs no room"
    shelf.put("bob", "names", ONE, AT)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"format":"hay-say-pronunciation/1","name":"","entries":[]}'])
def test_a_version_that_was_changed_on_the_disk_is_not_used(content: bytes, shelf: Dictionaries, tmp_path: Path) -> None:
    shelf.put("ann", "names", ONE, AT)
    (tmp_path / "dictionaries" / f"{ONE.id}.json").write_bytes(content)
    with pytest.raises(StorageFailed, match="damaged"):
        shelf.read(ONE.id)


@pytest.mark.parametrize(
    "entry", [{}, {"owner": "a", "name": "b", "versions": []}, {"owner": "a", "name": "b", "versions": [{"id": "../x", "entries": 1, "at": ""}]}]
)
def test_a_damaged_index_is_told_by_name(entry: object, tmp_path: Path) -> None:
    (tmp_path / "dictionaries.json").write_text(json.dumps({"schema": 1, "tables": {"dictionaries": {"1": entry}}}))
    with pytest.raises(StorageFailed, match=r"damaged"):
        _open(tmp_path)


def test_a_full_disk_leaves_the_version_before(shelf: Dictionaries, tmp_path: Path) -> None:
    shelf.put("ann", "names", ONE, AT)
    index = tmp_path / "dictionaries.previous.json"
    index.unlink(missing_ok=True)
    index.mkdir()                   # the index cannot be put aside: no write of it succeeds
    with pytest.raises(StorageFailed):
        shelf.put("ann", "names", TWO, AT)
    assert _ids(shelf) == [ONE.id]
    index.rmdir()
    assert _ids(_open(tmp_path)) == [ONE.id]
