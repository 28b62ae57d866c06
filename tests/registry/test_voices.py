"""Voices: built-in ones of the installed architectures, and those that people made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tinydb import TinyDB

from hay_say_lab.domain.voice import Provenance, Voice, VoiceFile
from hay_say_lab.errors import Conflict, StorageFailed, VoiceMissing
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.documents import SCHEMA, open_documents
from hay_say_lab.registry.installed import Leaving
from hay_say_lab.registry.voices import Voices, voice_hash

AT = "2026-11-20T12:00:00.000Z"
MADE = Voice(
    "parrot:mine", "parrot", "Mine", "a" * 64, builtin=False, languages=("en",),
    files={"reference": VoiceFile("reference.w64", "b" * 64, 10)}, provenance=Provenance(licence="CC0-1.0"),
    created_at="2026-11-20T00:00:00.000Z", notes={"median_hz": 200.0},
)  # fmt: skip


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[TinyDB]:
    with open_documents(tmp_path / "voices.json") as documents:
        yield documents


@pytest.fixture
def voices(documents: TinyDB) -> Voices:
    return Voices(documents, Architectures())


def test_the_voices_of_every_architecture_are_there_from_the_start(voices: Voices) -> None:
    polly = voices.get("parrot:polly")
    assert polly.builtin
    assert polly.title == "Polly"
    assert polly.provenance.licence
    assert voices.all() == sorted(voices.all(), key=lambda voice: voice.id)


def test_a_made_voice_is_there_for_this_host_and_the_next(voices: Voices, documents: TinyDB) -> None:
    voices.add(MADE)

    assert voices.get("parrot:mine") == MADE
    assert MADE in voices.all()
    assert Voices(documents, Architectures()).get("parrot:mine") == MADE


def test_a_removed_voice_is_gone_for_this_host_and_the_next(voices: Voices, documents: TinyDB) -> None:
    voices.add(MADE)
    assert voices.to_trash("parrot:mine", "ann", AT).thing == MADE
    assert not voices.has("parrot:mine")
    assert not Voices(documents, Architectures()).has("parrot:mine")


@pytest.mark.parametrize("taken", ["parrot:mine", "parrot:polly"])
def test_a_name_that_is_taken_is_a_conflict_and_changes_nothing(taken: str, voices: Voices) -> None:
    voices.add(MADE)
    before = voices.all()
    with pytest.raises(Conflict, match=taken):
        voices.add(replace(MADE, id=taken, title="Another"))
    assert voices.all() == before


def test_a_voice_that_comes_with_its_architecture_cannot_be_removed(voices: Voices) -> None:
    with pytest.raises(Conflict, match="comes with"):
        voices.removable("parrot:polly")
    assert voices.has("parrot:polly")


@pytest.mark.parametrize("name", ["parrot:nobody", "", "nobody", "../parrot:polly", "parrot:polly "])
def test_a_voice_that_is_not_there_is_missing_by_its_name(name: str, voices: Voices) -> None:
    with pytest.raises(VoiceMissing, match="not installed"):
        voices.get(name)
    with pytest.raises(VoiceMissing):
        voices.to_trash(name, "ann", AT)


def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    entry = {name: value for name, value in MADE.as_json().items() if name != "hash"}
    path = tmp_path / "voices.json"
    path.write_text(json.dumps({"schema": 1, "tables": {"voices": {"1": entry}}}))
    with open_documents(path) as documents, pytest.raises(StorageFailed, match="parrot:mine"):
        Voices(documents, Architectures())


def test_the_hash_of_a_voice_is_that_of_its_files_whatever_their_order() -> None:
    files = {"reference": "a" * 64, "model": "b" * 64}
    assert voice_hash("world", files) == voice_hash("world", dict(reversed(files.items())))
    assert voice_hash("world", files) != voice_hash("other", files)
    assert voice_hash("world", files) != voice_hash("world", {**files, "model": "c" * 64})


def test_what_was_removed_lies_in_the_trash_for_this_host_and_the_next_until_it_is_forgotten(
    voices: Voices, documents: TinyDB
) -> None:
    voices.add(MADE)
    trashed = voices.to_trash("parrot:mine", "ann", AT)

    assert [Voices(documents, Architectures()).in_trash("parrot:mine")] == voices.trash() == [trashed]
    assert MADE in voices.documents(), "its files are still named"
    voices.add(replace(MADE, hash="c" * 64))
    with pytest.raises(Conflict):
        voices.from_trash(trashed)
    voices.to_trash("parrot:mine", "bob", "2026-11-20T12:00:01.000Z")
    assert voices.in_trash("parrot:mine").by == "bob", "the newest of that name"

    voices.from_trash(voices.in_trash("parrot:mine"))
    assert voices.get("parrot:mine").hash == "c" * 64
    voices.forget([trashed])
    assert Voices(documents, Architectures()).trash() == []
    with pytest.raises(VoiceMissing, match="trash"):
        voices.in_trash("parrot:mine")


def test_a_voice_that_waits_for_jobs_leaves_with_the_next_host_too(voices: Voices, documents: TinyDB) -> None:
    voices.add(MADE)
    voices.leave("parrot:mine", Leaving("ann", AT))
    assert Voices(documents, Architectures()).leaving() == voices.leaving() == {"parrot:mine": Leaving("ann", AT)}
    voices.leave("parrot:mine", None)
    assert Voices(documents, Architectures()).leaving() == {}


def test_the_file_of_two_homes_differs_in_the_blocks_of_their_voices_alone(tmp_path: Path) -> None:
    written = []
    for home, order in (("one", "abc"), ("two", "ca")):
        with open_documents(tmp_path / f"{home}.json") as documents:
            voices = Voices(documents, Architectures())
            for letter in order:
                voices.add(replace(MADE, id=f"parrot:{letter}"))
        written.append((tmp_path / f"{home}.json").read_text().splitlines())
    here, there = written
    assert set(there) <= set(here)
    (first, last) = (here.index('   "parrot:b": {'), here.index('   "parrot:c": {'))
    assert here[:first] + here[last:] == there, "one block of lines, wherever it was added"


@pytest.mark.parametrize(
    "odd",
    [
        {"files": {"model": {"name": "../../x", "sha256": "b" * 64, "bytes": 1}}},
        {"files": {"model": {"name": "x", "sha256": "B" * 64, "bytes": 1}}},
        {"files": {"model": {"name": "x", "sha256": "b" * 64, "bytes": -1}}},
        {"files": {role: {"name": name, "sha256": "b" * 64, "bytes": 1} for role, name in (("a", "x"), ("b", "X"))}},
        {"id": "parrot:../mine"},
        {"id": "../parrot:mine", "architecture": "../parrot"},
        {"id": "other:mine"},
        {"provenance": {"unknown": "field"}},
    ],
)
def test_an_entry_that_somebody_edited_into_danger_is_named_and_not_read(odd: dict[str, object], tmp_path: Path) -> None:
    entry = MADE.as_json() | odd
    path = tmp_path / "voices.json"
    path.write_text(json.dumps({"schema": SCHEMA, "tables": {"voices": {str(entry["id"]): entry}}}))
    with open_documents(path) as documents, pytest.raises(StorageFailed, match="damaged"):
        Voices(documents, Architectures())
