"""Pronunciation dictionaries by owner and name. Each change is a version of its own, named by its content.

The index is a small document; each version is a file beside it that never changes, `dictionaries/<sha256>.json`, and
is the same file for all who wrote the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinydb import TinyDB, where

from hay_say_lab.domain.canonical import canonical_json, is_sha256, sha256_hex
from hay_say_lab.domain.voice import is_slug
from hay_say_lab.errors import Conflict, DictionaryMissing, InvalidRequest, StorageFailed
from hay_say_lab.storage.home import make_folder, remove, write_atomically
from hay_say_lab.text.pronunciation import Pronunciations

MOST_DICTIONARIES = 200         # of one owner
MOST_VERSIONS = 1000            # of one dictionary
SHORTEST_VERSION = 6            # digits that name one


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a dictionary: the sha256 of its canonical JSON, how many words it holds, when it was written (UTC)."""

    id: str
    entries: int
    at: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A dictionary as it stands in the index: its versions, the newest one last."""

    owner: str
    name: str
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    def version(self, digits: str) -> Version:
        """The version whose id begins so. Raises DictionaryMissing where there is none, or more than one."""
        found = {version.id: version for version in self.versions if version.id.startswith(digits)}
        if len(digits) < SHORTEST_VERSION or len(found) != 1:
            known = ", ".join(version.id[:12] for version in self.versions[-5:])
            raise DictionaryMissing(
                f"The dictionary '{self.name}' has no version '{digits[:64]}'.",
                field="dictionary",
                fix=f"Its newest ones are: {known}.",
            )
        return next(iter(found.values()))


class Dictionaries:
    """One index in memory over documents; a version is read from its file when it is asked for."""

    def __init__(self, documents: TinyDB, folder: Path) -> None:
        self._table = documents.table("dictionaries")
        self._folder = folder
        self._kept: dict[tuple[str, str], Kept] = {}
        for document in self._table.all():
            kept = _read(dict(document))
            self._kept[kept.owner, kept.name] = kept

    def all(self, owner: str) -> list[Kept]:
        return [self._kept[key] for key in sorted(self._kept) if key[0] == owner]

    def get(self, owner: str, name: str) -> Kept:
        """Raises DictionaryMissing: another's is as missing as none."""
        try:
            return self._kept[owner, name]
        except KeyError:
            raise DictionaryMissing(
                f"There is no dictionary '{name[:64]}'.", field="dictionary", fix="See 'hay-say dictionary' for yours."
            ) from None

    def find(self, owner: str, reference: str) -> tuple[Kept, Version]:
        """'name', or 'name@' and the first digits of a version. Raises DictionaryMissing."""
        name, at, digits = reference.partition("@")
        kept = self.get(owner, name)
        return kept, kept.version(digits) if at else kept.newest

    def read(self, version: str) -> Pronunciations:
        """What a version holds. Raises StorageFailed where its file is gone or changed."""
        path = self._path(version)
        try:
            content = path.read_bytes()
            if sha256_hex(content) != version:
                raise ValueError(version)
            return Pronunciations.from_json(json.loads(content))
        except (OSError, ValueError, InvalidRequest):
            raise StorageFailed(
                f"The dictionary version {version[:12]} is damaged.", field="dictionary", fix="Import it again."
            ) from None

    def put(self, owner: str, name: str, dictionary: Pronunciations, at: str, replaces: str | None = None) -> Kept:
        """Make this the newest version, and the dictionary where it is new. The same content again changes nothing.

        `replaces`: the version that the change was made to; where another one is the newest by now, or the dictionary
        is gone, Conflict. Raises InvalidRequest for a name that is none, Conflict where there are too many.
        """
        if not is_slug(name):
            raise InvalidRequest(
                f"'{name[:64]}' is no name of a dictionary.",
                field="name",
                fix="Use 1 to 64 of a-z 0-9 . _ + -, with a letter or digit at both ends.",
            )
        before = self._kept.get((owner, name))
        if replaces is not None and (before is None or before.newest.id != replaces):
            raise Conflict(
                f"The dictionary '{name}' was changed by somebody else meanwhile.",
                field="replaces",
                fix="Read it again, and make the change to that.",
            )
        content = canonical_json(dictionary.as_json())
        version = Version(sha256_hex(content), len(dictionary.entries), at)
        if before is not None and before.newest.id == version.id:
            return before
        self._check_room(owner, before)
        kept = Kept(owner, name, (*(before.versions if before else ()), version))
        make_folder(self._folder)
        write_atomically(self._path(version.id), content)
        self._table.upsert(_document(kept), (where("owner") == owner) & (where("name") == name))
        self._kept[owner, name] = kept
        return kept

    def remove(self, owner: str, name: str) -> Kept:
        """With its history. Recipes hold the pronunciations that they used, so they stay true. Raises DictionaryMissing."""
        kept = self.get(owner, name)
        self._table.remove((where("owner") == owner) & (where("name") == name))
        del self._kept[owner, name]
        needed = {version.id for other in self._kept.values() for version in other.versions}
        for version in kept.versions:
            if version.id not in needed:
                remove(self._path(version.id))
        return kept

    def _check_room(self, owner: str, before: Kept | None) -> None:
        if before is None and len(self.all(owner)) >= MOST_DICTIONARIES:
            raise Conflict(f"You have {MOST_DICTIONARIES} dictionaries.", field="name", fix="Remove one first.")
        if before is not None and len(before.versions) >= MOST_VERSIONS:
            raise Conflict(
                f"'{before.name}' has {MOST_VERSIONS} versions.", field="name", fix="Go on under another name."
            )

    def _path(self, version: str) -> Path:
        if not is_sha256(version):
            raise ValueError(version)
        return self._folder / f"{version}.json"


def _document(kept: Kept) -> dict[str, Any]:
    versions = [{"id": version.id, "entries": version.entries, "at": version.at} for version in kept.versions]
    return {"owner": kept.owner, "name": kept.name, "versions": versions}


def _read(document: dict[str, Any]) -> Kept:
    try:
        versions = tuple(Version(str(one["id"]), int(one["entries"]), str(one["at"])) for one in document["versions"])
        kept = Kept(str(document["owner"]), str(document["name"]), versions)
        if not versions or not all(is_sha256(version.id) for version in versions):
            raise ValueError(kept.name)
    except (KeyError, TypeError, ValueError):
        raise StorageFailed(
            f"The registry's entry of the dictionary '{document.get('name')}' is damaged.",
            field="registry",
            fix="Put dictionaries.previous.json in the place of dictionaries.json.",
        ) from None
    return kept
