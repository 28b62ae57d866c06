"""An installed model: its files by hash, its architecture, and where it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?")


def is_slug(text: str) -> bool:
    """Whether a name can stand behind the colon of a voice id: 1 to 64 of a-z 0-9 . _ + - with a letter or digit at both ends."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a voice came from and what it may be used for; empty fields are unknown, and shown as such."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    source: str = ""            # who spoke or published it: a name, a citation, an address
    licence: str = ""           # SPDX identifier or a sentence
    consent: str = ""           # whose consent, and how it was given
    intended_use: str = ""

    def as_json(self) -> dict[str, str]:
        return {
            "source": self.source,
            "licence": self.licence,
            "consent": self.consent,
            "intended_use": self.intended_use,
        }


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """One file of a voice: its name in the voice's folder, its sha256 and its size in bytes."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Voice:
    """`id` is '<architecture>:<slug>'; `hash` changes when any file, the architecture or a built-in's version does."""

    id: str
    architecture: str
    title: str
    hash: str
    builtin: bool
    languages: tuple[str, ...] = ()
    files: dict[str, VoiceFile] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    created_at: str = ""
    notes: dict[str, Any] = field(default_factory=dict)     # what the fit found, for people

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "architecture": self.architecture,
            "title": self.title,
            "hash": self.hash,
            "builtin": self.builtin,
            "languages": list(self.languages),
            "files": {
                role: {"name": file.name, "sha256": file.sha256, "bytes": file.bytes}
                for role, file in self.files.items()
            },
            "provenance": self.provenance.as_json(),
            "created_at": self.created_at,
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Voice:
        return cls(
            id=document["id"],
            architecture=document["architecture"],
            title=document["title"],
            hash=document["hash"],
            builtin=document["builtin"],
            languages=tuple(document["languages"]),
            files={role: VoiceFile(f["name"], f["sha256"], f["bytes"]) for role, f in document["files"].items()},
            provenance=Provenance(**document["provenance"]),
            created_at=document["created_at"],
            notes=dict(document.get("notes") or {}),
        )
