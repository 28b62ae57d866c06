"""Another data home as a source: its documents name files, sizes and hashes, which are checked before anything is copied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.domain.voice import CONSENTS, Provenance, is_slug
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library.names import inside
from hay_say_lab.library.plan import Plan

LARGEST_DOCUMENT_BYTES = 64 << 20
MOST_FILES = 100
# What is read as data. A voice that keeps anything else is imported by its files, which are converted then.
DATA_ENDINGS = (".safetensors", ".json", ".yml", ".yaml", ".npy", ".w64", ".wav", ".flac", ".index", ".txt", ".md")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of a kept voice: where it lies, under which name, and what it must be."""

    path: Path
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class KeptVoice:
    """A voice as another home's registry describes it, checked."""

    id: str
    architecture: str
    title: str
    languages: tuple[str, ...]
    files: Mapping[str, KeptFile]
    provenance: Provenance
    notes: Mapping[str, Any]
    origin: Mapping[str, Any]


def is_home(place: Path) -> bool:
    return (place / "registry" / "voices.json").is_file() and (place / "voices").is_dir()


def plan(source: str, place: Path, voice: str) -> Plan:
    """All its voices, or the one named. Raises InvalidRequest."""
    kept = voices(place)
    chosen = [one for one in kept if not voice or one.id == voice]
    if not chosen:
        there = ", ".join(one.id for one in kept[:10]) or "none of its own"
        raise InvalidRequest(f"That data home holds no voice '{voice}'.", field="source", fix=f"It holds: {there}.")
    return Plan(
        source=source,
        kind="home",
        title=chosen[0].title if len(chosen) == 1 else place.name,
        place=str(place),
        voices=tuple(one.id for one in chosen),
        provenance=chosen[0].provenance if len(chosen) == 1 else Provenance(source=f"another data home ({place.name})"),
    )


def voices(place: Path) -> list[KeptVoice]:
    """Those that are made of files, by id. Raises InvalidRequest for a registry that is damaged or leads out of its home."""
    path = place / "registry" / "voices.json"
    try:
        if path.stat().st_size > LARGEST_DOCUMENT_BYTES:
            raise ValueError("too large")
        documents = json.loads(path.read_bytes())["tables"].get("voices", {}).values()
        found = [_voice(place, document) for document in documents]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidRequest(
            "That data home's registry cannot be read.", field="source", fix="Start its host once, so that it is brought up to date."
        ) from None
    return sorted((voice for voice in found if voice.files), key=lambda voice: voice.id)


def _voice(place: Path, document: Mapping[str, Any]) -> KeptVoice:
    name = str(document["id"])
    architecture, _, slug = name.partition(":")
    if not (is_slug(architecture) and is_slug(slug)) or len(document["files"]) > MOST_FILES:
        raise ValueError(name)
    folder = place / "voices" / architecture / slug
    files = {str(role)[:64]: _file(folder, file) for role, file in document["files"].items()}
    return KeptVoice(
        id=name,
        architecture=architecture,
        title=str(document["title"])[:200],
        languages=tuple(str(tag)[:35] for tag in document["languages"])[:50],
        files=files,
        provenance=_provenance(document["provenance"]),
        notes=dict(document.get("notes") or {}),
        origin=dict(document.get("origin") or {}),
    )


def _file(folder: Path, document: Mapping[str, Any]) -> KeptFile:
    name, sha256, size = inside(str(document["name"]), "source"), str(document["sha256"]), document["bytes"]
    if not is_sha256(sha256) or not isinstance(size, int) or size < 0:
        raise ValueError(name)
    return KeptFile(folder / name, name, sha256, size)


def _provenance(document: Mapping[str, Any]) -> Provenance:
    """Of any schema: a sentence about consent from before there was a word for it becomes evidence."""
    known = {name: str(document.get(name) or "")[:2000] for name in Provenance().as_json()}
    if known["consent"] not in ("", *CONSENTS):
        known["evidence"], known["consent"] = known["evidence"] or known["consent"], "given"
    return Provenance(**known)  # type: ignore[arg-type]
