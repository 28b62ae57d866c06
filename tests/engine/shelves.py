"""A shelf on a data home of its own, without an engine, and voices to put on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hay_say_lab.domain.asset import Asset
from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.voice import Voice, VoiceFile
from hay_say_lab.engine.allowance import Allowance
from hay_say_lab.engine.equipment import Equipment
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.assets import Assets, asset_hash
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.voices import Voices, voice_hash
from hay_say_lab.storage.home import Home

ANN = "parrot:ann"


def open_shelf(
    root: Path,
    *,
    allowance: Allowance | None = None,
    jobs_of: Callable[[str], list[str]] = lambda voice: [],
    told: list[tuple[str, str, str]] | None = None,
) -> Shelf:
    """As a host opens it. `told` collects the news: (noun, change, id)."""
    home = Home(root)
    home.prepare()

    async def tell(noun: str, body: Mapping[str, Any]) -> None:
        if told is not None:
            told.append((noun, body["change"], body["id"]))

    assets = Assets(open_documents(home.registry / "assets.json"))
    return Shelf(
        home=home,
        voices=Voices(open_documents(home.registry / "voices.json"), Architectures()),
        assets=assets,
        book=BudgetBook(open_documents(home.registry / "budgets.json")),
        allowance=allowance or Allowance(),
        equipment=Equipment(Architectures(), assets.all),
        jobs_of=jobs_of,
        tell=tell,
    )


def brought(
    root: Path, name: str = ANN, files: Mapping[str, bytes] | None = None, by: str = "ann"
) -> tuple[Voice, dict[str, Path]]:
    """A voice as an import brings it: its document, and its files in the scratch folder."""
    contents = files if files is not None else {"model": b"weights of ann" * 100, "config": b"{}"}
    paths, kept = _written(root, contents)
    architecture, _, slug = name.partition(":")
    digest = voice_hash(architecture, {role: file.sha256 for role, file in kept.items()})
    return Voice(name, architecture, slug, digest, builtin=False, files=kept, imported_by=by), paths


def brought_asset(root: Path, name: str = "hubert-base", kind: str = "content_encoder", **files: bytes) -> tuple[Asset, dict[str, Path]]:
    contents = {"weights": b"an encoder" * 50, **files}
    paths, kept = _written(root, contents)
    digest = asset_hash(kind, {role: file.sha256 for role, file in kept.items()})
    return Asset(name, kind, name.title(), digest, kept, imported_by="ann"), paths


def _written(root: Path, contents: Mapping[str, bytes]) -> tuple[dict[str, Path], dict[str, VoiceFile]]:
    folder = root / "scratch" / new_id()
    folder.mkdir(parents=True)
    for role, content in contents.items():
        (folder / role).write_bytes(content)
    kept = {
        role: VoiceFile(f"{role}.bin", hashlib.sha256(content).hexdigest(), len(content))
        for role, content in contents.items()
    }
    return {role: folder / role for role in contents}, kept
