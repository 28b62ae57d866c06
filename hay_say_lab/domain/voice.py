"""An installed model: its files by hash, its architecture, and where it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Consent = Literal["", "given", "not_needed", "denied"]     # "": nobody has said
CONSENTS: tuple[Consent, ...] = ("given", "not_needed", "denied")

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?")


def is_slug(text: str) -> bool:
    """Whether a name can stand behind the colon of a voice id: 1 to 64 of a-z 0-9 . _ + - with a letter or digit at both ends."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a voice came from and what it may be used for; empty fields are unknown, and shown as such."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    source: str = ""            # where it was got: an address, a citation, whose recording
    author: str = ""            # who made the voice
    licence: str = ""           # SPDX identifier where there is one, else a sentence
    intended_use: str = ""
    training_data: str = ""     # what it was made of
    consent: Consent = ""       # of whoever's voice it is
    evidence: str = ""          # how the consent was given, or why none is needed

    def as_json(self) -> dict[str, str]:
        return {
            "source": self.source,
            "author": self.author,
            "licence": self.licence,
            "intended_use": self.intended_use,
            "training_data": self.training_data,
            "consent": self.consent,
            "evidence": self.evidence,
        }

    def that_travels(self) -> dict[str, str]:
        """What goes into recipes and exports: all but training data and evidence, which may name people and stay here."""
        return {name: text for name, text in self.as_json().items() if name not in ("training_data", "evidence")}


@dataclass(frozen=True, slots=True)
class Approval:
    """An operator's word that a voice may serve although its provenance has gaps: who, when (UTC ISO 8601), and why."""

    by: str
    at: str
    reason: str

    def as_json(self) -> dict[str, str]:
        return {"by": self.by, "at": self.at, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """One file of a voice: its name in the voice's folder, its sha256 and its size in bytes."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Voice:
    """`id` is '<architecture>:<slug>'; `hash` changes when any file, the architecture or a built-in's version does.

    `origin` is how it came in, as JSON: the address and revision, the hashes of the files as they were fetched, the
    confinement of their conversion; {} for voices that were made here.
    """

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
    imported_by: str = ""                                   # the owner who brought or made it
    origin: dict[str, Any] = field(default_factory=dict)
    approval: Approval | None = None

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
            "imported_by": self.imported_by,
            "origin": dict(self.origin),
            "approval": self.approval and self.approval.as_json(),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Voice:
        """What `as_json` wrote, or wrote before voices had an importer, an origin and an approval."""
        approval = document.get("approval")
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
            imported_by=document.get("imported_by") or "",
            origin=dict(document.get("origin") or {}),
            approval=Approval(**approval) if approval else None,
        )
