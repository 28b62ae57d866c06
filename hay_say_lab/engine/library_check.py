"""The library's documents and its disk held against each other, and what of it can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hay_say_lab.engine.inventory import ASSETS, Inventory, contents
from hay_say_lab.errors import LabError
from hay_say_lab.registry.installed import Thing
from hay_say_lab.storage.home import remove
from hay_say_lab.storage.objects import hash_file


@dataclass(frozen=True, slots=True)
class LibraryFindings:
    """`orphans`: contents that no document names. `strays`: folders and files without a document. `missing`: files that a
    document names and that are not there. `unlinked`: ids whose folder is not as their document says, though the contents
    are there. `damaged`: contents that are not those of their name. `unfinished`: ids with something begun and not ended."""

    contents: int = 0
    orphans: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return not (self.orphans or self.strays or self.missing or self.unlinked or self.damaged or self.unfinished)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in LibraryFindings.__slots__}


def examine(inventory: Inventory, root: Path, *, deep: bool) -> LibraryFindings:
    """Changes nothing; `root` is the folder of all voices. `deep` reads every content. Whoever calls holds the shelf's lock."""
    sizes = inventory.weights.sizes()
    needed = contents(*inventory.documents())
    damaged = {name for name in sizes if deep and hash_file(inventory.weights.path(name)) != name}
    missing = {name for name, size in needed.items() if sizes.get(name) != size}
    return LibraryFindings(
        contents=len(sizes),
        orphans=tuple(sorted(set(sizes) - set(needed))),
        strays=tuple(sorted(str(path.relative_to(root)) for path in _strays(inventory, root))),
        missing=tuple(sorted(set(_named(inventory.documents(), missing)))),
        unlinked=tuple(thing.id for noun, thing in _whole(inventory, missing) if not inventory.is_sound(noun, thing)),
        damaged=tuple(sorted(damaged)),
        unfinished=tuple(intent.name for _, intent in inventory.intents.unfinished()),
    )


def mend(inventory: Inventory, root: Path, found: LibraryFindings) -> None:
    """Remove what nothing names, lay out again what can be. What is missing or damaged must be brought again.

    Raises StorageFailed where the disk refuses.
    """
    inventory.recover()
    for name in found.strays:
        remove(root / name)
    needed = contents(*inventory.documents())
    for sha256 in found.orphans:
        if sha256 not in needed:
            inventory.weights.drop(sha256)
    for noun, thing in inventory.installed():
        if thing.id in found.unlinked:
            inventory.lay_out(noun, thing)


def _strays(inventory: Inventory, root: Path) -> Iterator[Path]:
    """What lies where voices and assets lie, and is none; and what was half written."""
    known = set()
    for noun, thing in inventory.installed():
        try:
            known.add(inventory.folder(noun, thing.id))
        except LabError:
            continue                            # a built-in whose architecture has an odd name: it has no folder
    for place in sorted(root.iterdir()) if root.is_dir() else ():
        if place.name in (".files", ".intents"):
            continue
        if place.name == f".{ASSETS}" or (place.is_dir() and not place.name.startswith(".")):
            inside = sorted(place.iterdir())
            yield from (path for path in inside if path not in known)
        else:
            yield place
    for folder in (".files", ".intents"):
        yield from (root / folder).glob(".*.part")


def _named(things: list[Thing], missing: set[str]) -> Iterator[str]:
    for thing in things:
        yield from (f"{thing.id}: {file.name}" for file in thing.files.values() if file.sha256 in missing)


def _whole(inventory: Inventory, missing: set[str]) -> Iterator[tuple[str, Thing]]:
    """Installed things with files, all of whose contents are there."""
    for noun, thing in inventory.installed():
        if thing.files and not missing & set(contents(thing)):
            yield noun, thing
