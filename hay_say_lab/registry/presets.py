"""Presets by owner and name. Each change is a version of its own, named by its content; the document holds the newest ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinydb import TinyDB, where

from hay_say_lab.domain.preset import Preset
from hay_say_lab.domain.voice import is_slug
from hay_say_lab.errors import Conflict, InvalidRequest, PresetMissing, StorageFailed

MOST_PRESETS = 500              # of one owner
MOST_VERSIONS = 50              # of one preset; the oldest go
SHORTEST_VERSION = 6            # digits that name one


@dataclass(frozen=True, slots=True)
class PresetVersion:
    """One state of a preset, and when it was written (UTC)."""

    at: str
    preset: Preset


@dataclass(frozen=True, slots=True)
class KeptPreset:
    """A preset as it is kept: its versions, the newest one last."""

    owner: str
    name: str
    versions: tuple[PresetVersion, ...]

    @property
    def newest(self) -> PresetVersion:
        return self.versions[-1]


class Presets:
    """One index in memory over documents; a listing reads no file."""

    def __init__(self, documents: TinyDB) -> None:
        self._table = documents.table("presets")
        self._kept: dict[tuple[str, str], KeptPreset] = {}
        for document in self._table.all():
            kept = _read(dict(document))
            self._kept[kept.owner, kept.name] = kept

    def all(self, owner: str) -> list[KeptPreset]:
        return [self._kept[key] for key in sorted(self._kept) if key[0] == owner]

    def get(self, owner: str, name: str) -> KeptPreset:
        """Raises PresetMissing: another's is as missing as none."""
        try:
            return self._kept[owner, name]
        except KeyError:
            raise PresetMissing(
                f"There is no preset '{name[:64]}'.", field="preset", fix="See 'hay-say presets' for yours."
            ) from None

    def find(self, owner: str, reference: str) -> tuple[KeptPreset, PresetVersion]:
        """'name', or 'name@' and the first digits of a version. Raises PresetMissing."""
        name, at, digits = reference.partition("@")
        kept = self.get(owner, name)
        if not at:
            return kept, kept.newest
        found = [version for version in kept.versions if version.preset.id.startswith(digits)]
        if len(digits) < SHORTEST_VERSION or len(found) != 1:
            raise PresetMissing(
                f"The preset '{name[:64]}' has no version '{digits[:64]}'.",
                field="preset",
                fix=f"Its newest one is {kept.newest.preset.id[:12]}.",
            )
        return kept, found[0]

    def put(self, owner: str, name: str, preset: Preset, at: str) -> KeptPreset:
        """Make this the newest version. The same content again changes nothing; content of an older version moves up.

        Raises InvalidRequest for a name that is none, Conflict where there are too many.
        """
        if not is_slug(name):
            raise InvalidRequest(
                f"'{name[:64]}' is no name of a preset.",
                field="name",
                fix="Use 1 to 64 of a-z 0-9 . _ + -, with a letter or digit at both ends.",
            )
        before = self._kept.get((owner, name))
        if before is not None and before.newest.preset.id == preset.id:
            return before
        if before is None and sum(key[0] == owner for key in self._kept) >= MOST_PRESETS:
            raise Conflict(f"You have {MOST_PRESETS} presets.", field="name", fix="Remove one first.")
        older = [version for version in (before.versions if before else ()) if version.preset.id != preset.id]
        kept = KeptPreset(owner, name, (*older[-(MOST_VERSIONS - 1) :], PresetVersion(at, preset)))
        self._table.upsert(_document(kept), _is(owner, name))
        self._kept[owner, name] = kept
        return kept

    def remove(self, owner: str, name: str) -> KeptPreset:
        """Raises PresetMissing."""
        kept = self.get(owner, name)
        self._table.remove(_is(owner, name))
        del self._kept[owner, name]
        return kept


def _is(owner: str, name: str) -> Any:
    return (where("owner") == owner) & (where("name") == name)


def _document(kept: KeptPreset) -> dict[str, Any]:
    versions = [{"at": version.at, "preset": version.preset.as_json()} for version in kept.versions]
    return {"owner": kept.owner, "name": kept.name, "versions": versions}


def _read(document: dict[str, Any]) -> KeptPreset:
    try:
        versions = tuple(PresetVersion(entry["at"], Preset.from_json(entry["preset"])) for entry in document["versions"])
        if not versions:
            raise ValueError
        return KeptPreset(document["owner"], document["name"], versions)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise StorageFailed(
            f"The registry's entry of the preset '{document.get('name')}' is damaged.",
            field="registry",
            fix="Put presets.previous.json in the place of presets.json.",
        ) from None
