"""Imports of what another lab kept: its data home, its packs; and quotas, which hold however many come at once."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.voice import Provenance
from hay_say_lab.engine.allowance import Allowance
from hay_say_lab.library.passport import Signer, write_pack
from tests.engine.shelves import brought, open_shelf
from tests.engine.workshops import workbench

WEIGHTS = random.Random(5).randbytes(200_000)

# Another data home.


async def _another_home(root: Path) -> Path:
    shelf = open_shelf(root)
    for name in ("ann", "eve"):
        voice, files = brought(root, f"parrot:{name}", {"config": name.encode()})
        renamed = {role: type(file)(f"{role}.json", file.sha256, file.bytes) for role, file in voice.files.items()}
        await shelf.settle(replace(voice, files=renamed, provenance=Provenance(licence="CC0-1.0")), files)
    return root


async def test_another_data_home_gives_its_voices_with_their_provenance(tmp_path: Path) -> None:
    there = await _another_home(tmp_path / "there")
    async with workbench(tmp_path / "home") as bench:
        assert (await bench.bring(f"{there}#parrot:eve")).outcome["voices"] == ["parrot:eve"]  # type: ignore[index]
        assert (await bench.bring(there)).outcome["voices"] == ["parrot:ann", "parrot:eve"]  # type: ignore[index]
        assert bench.workshop.shelf.voices.get("parrot:ann").provenance.licence == "CC0-1.0"
        assert "holds no voice" in (await bench.bring(f"{there}#parrot:nobody")).error["message"]  # type: ignore[index]
        assert await bench.sound()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "../../x.json"}, "no name of a file inside"),
        ({"name": "x.pth"}, "no plain data|cannot be read"),
        ({"sha256": "0" * 64}, "not what its data home says"),
        ({"bytes": -1}, "cannot be read"),
    ],
)
async def test_a_data_home_that_lies_is_refused(change: dict[str, Any], why: str, tmp_path: Path) -> None:
    there = await _another_home(tmp_path / "there")
    registry = there / "registry" / "voices.json"
    document = json.loads(registry.read_bytes())
    for voice in document["tables"]["voices"].values():
        voice["files"]["config"].update(change)
    registry.write_text(json.dumps(document))
    for folder in (there / "voices" / "parrot").iterdir():
        (folder / "x.pth").write_bytes(b"pickle")
    async with workbench(tmp_path / "home") as bench:
        found = await bench.bring(there)
        assert found.error is not None
        assert re.search(why, found.error["message"]), found.error
        assert not bench.workshop.shelf.voices.has("parrot:ann")


# A voice pack.


def _pack(tmp_path: Path, *, change: bool = False) -> Path:
    voice, files = brought(tmp_path / "there", "parrot:ann", {"config": b"{}", "weights": WEIGHTS})
    renamed = {role: replace(file, name=f"{role}.json" if role == "config" else "weights.safetensors") for role, file in voice.files.items()}
    pack = tmp_path / "ann.zip"
    known = replace(voice, files=renamed, provenance=Provenance(licence="CC0-1.0", author="Ann"))
    write_pack(known, files, Signer.of(tmp_path / "key"), "2026-11-20", pack)
    if change:
        pack.write_bytes(pack.read_bytes().replace(WEIGHTS[:100], bytes(100)))
    return pack


async def test_a_pack_brings_its_voice_with_what_its_passport_says(tmp_path: Path) -> None:
    pack = _pack(tmp_path)
    async with workbench(tmp_path / "home") as bench:
        assert (await bench.bring(pack)).outcome["voices"] == ["parrot:ann"]  # type: ignore[index]
        voice = bench.workshop.shelf.voices.get("parrot:ann")
        assert (voice.provenance.licence, voice.provenance.author) == ("CC0-1.0", "Ann")
        assert voice.origin["signed_by"] == Signer.of(tmp_path / "key").public
        assert await bench.sound()


async def test_a_pack_that_was_changed_on_its_way_is_refused(tmp_path: Path) -> None:
    pack = _pack(tmp_path, change=True)
    async with workbench(tmp_path / "home") as bench:
        found = await bench.bring(pack)
        assert (found.state, found.error and found.error["code"]) == (State.FAILED, "wrong_content")
        assert not bench.workshop.shelf.voices.has("parrot:ann")


# Quotas.


async def test_twenty_who_import_at_once_never_pass_their_quotas(tmp_path: Path) -> None:
    """Each brings three voices of which two fit."""
    models = tmp_path / "models"
    models.mkdir()
    for number in range(60):
        (models / f"v{number}.pth").write_bytes(bytes([number]) * 100_000)
    async with workbench(tmp_path / "home", allowance=Allowance(owner_bytes=250_000)) as bench:
        names = [await bench.submit(models / f"v{number}.pth", owner=f"user{number % 20}") for number in range(60)]
        states = [(await bench.ended(name, 120)).state for name in names]
        held: dict[str, int] = {}
        for voice in bench.workshop.shelf.voices.all():
            held[voice.imported_by] = held.get(voice.imported_by, 0) + sum(file.bytes for file in voice.files.values())
        held.pop("", None)
        assert set(held.values()) == {200_000}
        assert (states.count(State.SUCCEEDED), states.count(State.FAILED)) == (40, 20)
        assert (await bench.workshop.shelf.examine(deep=True, mend=False)).sound
