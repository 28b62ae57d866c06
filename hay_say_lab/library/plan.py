"""What a source comes to: which files are to be fetched, or lie here already, and what is known of where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hay_say_lab.domain.voice import Provenance
from hay_say_lab.errors import Fix, Problem
from hay_say_lab.library.fetch import Item

# What no voice needs: recordings it was made of, code, pictures, bookkeeping of other programs.
UNWANTED_ENDINGS = (
    ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mp4", ".mkv", ".webm", ".png", ".jpg", ".jpeg", ".gif",
    ".webp", ".bmp", ".py", ".pyc", ".ipynb", ".sh", ".bat", ".exe", ".dll", ".so", ".lock", ".gitattributes", ".gitignore",
    ".ds_store", ".log", ".tfevents",
)  # fmt: skip
UNWANTED_FOLDERS = frozenset({"__pycache__", "__macosx", "node_modules"})
TEXTS = (".md", ".txt", ".rst")


@dataclass(frozen=True, slots=True)
class Link:
    """A file that is shared: `name` in the voice's folder is `target` below the shared one."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`place`: a file or folder of this machine that is copied instead of fetching `items`; `kind` says what lies there.

    `documents` are written beside the files, as JSON, by their names. `shared` are further items, of a model that several voices share; of those only `links` belong to this voice (all where
    there are none). `pinned`: what names the version, such as the commit of a repository. `voices`: of another data home.
    """

    source: str
    kind: str                           # folder | file | upload | address | repository | catalogue | home
    title: str
    items: tuple[Item, ...] = ()
    shared: tuple[Item, ...] = ()
    links: tuple[Link, ...] = ()
    documents: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    voices: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    pinned: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    @property
    def bytes(self) -> int | None:
        """To be fetched in all; None where a size is not known beforehand."""
        sizes = [item.bytes for item in (*self.items, *self.shared)]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "provenance": self.provenance.as_json(),
            "pinned": dict(self.pinned),
            "documents": dict(self.documents),
            "warnings": [warning.as_json() for warning in self.warnings],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Plan:
        return cls(
            source=document["source"],
            kind=document["kind"],
            title=document["title"],
            items=tuple(map(_item, document["items"])),
            shared=tuple(map(_item, document["shared"])),
            links=tuple(Link(**link) for link in document["links"]),
            documents=dict(document["documents"]),
            place=document["place"],
            voices=tuple(document["voices"]),
            provenance=Provenance(**document["provenance"]),
            pinned=dict(document["pinned"]),
            warnings=tuple(map(Problem.from_json, document["warnings"])),
        )


def is_wanted(name: str) -> bool:
    """Whether a file may be part of a voice, by its path (with '/')."""
    parts = name.lower().split("/")
    hidden = any(part.startswith(".") or part in UNWANTED_FOLDERS for part in parts)
    return not hidden and not parts[-1].endswith(UNWANTED_ENDINGS)


def warning(field_name: str, message: str, fix: str = "") -> Problem:
    return Problem(field_name, message, Fix(fix))


def _item(document: Mapping[str, Any]) -> Item:
    return Item(**{**document, "mirrors": tuple(document["mirrors"])})
