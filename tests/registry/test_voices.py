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
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.voices import Voices, voice_hash

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
    assert voices.remove("parrot:mine") == MADE
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
        voices.remove("parrot:polly")
    assert voices.has("parrot:polly")


@pytest.mark.parametrize("name", ["parrot:nobody", "", "nobody", "../parrot:polly", "parrot:polly "])
def test_a_voice_that_is_not_there_is_missing_by_its_name(name: str, voices: Voices) -> None:
    with pytest.raises(VoiceMissing, match="not installed"):
        voices.get(name)
    with pytest.raises(VoiceMissing):
        voices.remove(name)


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
