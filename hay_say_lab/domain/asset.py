"""A file that many voices share, such as a content encoder: kept, named and removed like a voice, chosen by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.voice import Provenance, VoiceFile

WEIGHTS = "weights"             # the role of an asset's main file


def model_hash(voice_hash: str, assets: Mapping[str, str]) -> str:
    """The hash of all that is loaded for a voice; `assets`: the hashes of those that it works with, by role."""
    return content_id({"voice": voice_hash, "assets": dict(assets)}) if assets else voice_hash


@dataclass(frozen=True, slots=True)
class Asset:
    """`id` is a slug; `kind` is a word that manifests use ('content_encoder'); `hash` changes when any file does.

    Its main file has the role 'weights'; others, such as a 'config', lie beside it.
    """

    id: str
    kind: str
    title: str
    hash: str
    files: dict[str, VoiceFile] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    created_at: str = ""
    imported_by: str = ""                                   # the owner who brought it
    origin: dict[str, Any] = field(default_factory=dict)    # how it came in, as of a voice

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "hash": self.hash,
            "files": {
                role: {"name": file.name, "sha256": file.sha256, "bytes": file.bytes}
                for role, file in self.files.items()
            },
            "provenance": self.provenance.as_json(),
            "created_at": self.created_at,
            "imported_by": self.imported_by,
            "origin": dict(self.origin),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Asset:
        """What `as_json` wrote."""
        return cls(
            id=document["id"],
            kind=document["kind"],
            title=document["title"],
            hash=document["hash"],
            files={role: VoiceFile(f["name"], f["sha256"], f["bytes"]) for role, f in document["files"].items()},
            provenance=Provenance(**document["provenance"]),
            created_at=document["created_at"],
            imported_by=document["imported_by"],
            origin=dict(document["origin"]),
        )
