"""Hay Say's catalogues: what an entry says, also where it breaks its own schema, and what must be refused of it.

`character_models.json` and `multi_speaker_models.json` are arrays of entries; `precomputed_styles.json` holds style vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.voice import Provenance
from hay_say_lab.errors import Fix, InvalidRequest, Problem, headline
from hay_say_lab.library import drive
from hay_say_lab.library.fetch import Item
from hay_say_lab.library.names import inside
from hay_say_lab.library.plan import TEXTS, Link, Plan, warning

MOST_ENTRIES = 20_000
MOST_FILES = 200
LONGEST_VECTOR = 4096

# Their licences -> SPDX identifiers where there is one for what they mean, else words.
LICENCES = {
    "UNSPECIFIED": "",
    "OPEN_RAIL_M": "Open RAIL-M",
    "CREATIVEML_OPEN_RAIL_M": "CreativeML Open RAIL-M",
    "CC_UNSPECIFIC": "Creative Commons, which one is not said",
    "CC_BY_4": "CC-BY-4.0",
    "CC0_1": "CC0-1.0",
    "AFL_3": "AFL-3.0",
    "LGPL_LR": "LGPLLR",
    "GPL": "GPL, which version is not said",
    "CC_BY_NC_ND_2": "CC-BY-NC-ND-2.0",
    "CC_BY_NC_ND_3": "CC-BY-NC-ND-3.0",
    "ARTISTIC_2": "Artistic-2.0",
    "MIT": "MIT",
}
WAYS = ("GDOWN", "HUGGINGFACE_HUB", "MEGA", "REQUESTS")
UNPACKING = ("UNZIP_IN_PLACE", "FLATTEN", "REMOVE_OUTERMOST_DIR")

STYLES = "precomputed_styles.json"

_ENTRY = frozenset({
    "Model Name", "Files", "License", "Creator", "Originally Acquired From", "Multi-speaker Model Dependency", "Symlinks",
})  # fmt: skip
_FILE = frozenset({"URL", "Download With", "Download As", "Size (bytes)", "Unzip Strategy"})

Pin = Callable[[str, Item], Item]           # the address of a hub's file, the item -> the item at its commit


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of a catalogue, read. `problems` stand in its way, `warnings` do not."""

    name: str
    items: tuple[Item, ...]
    hub_files: tuple[int, ...]              # which of `items` come from a hub, and are to be named by a commit
    depends_on: str
    links: tuple[Link, ...]
    provenance: Provenance
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


class _Reading:
    """An entry while it is read: each finding is noted, and the reading goes on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def refuse(self, message: str, fix: str) -> None:
        self.problems.append(Problem("source", f"'{self.name[:80]}': {message}", Fix(fix)))

    def warn(self, message: str) -> None:
        self.warnings.append(warning("source", f"'{self.name[:80]}': {message}"))

    def path(self, text: Any, what: str) -> str:
        """A relative path, or '' with a problem noted."""
        try:
            return inside(text if isinstance(text, str) else "", "source")
        except InvalidRequest:
            self.refuse(f"its {what} leads out of the voice's folder ({str(text)[:80]!r}).", "Leave this entry alone.")
            return ""

    def text(self, document: Mapping[str, Any], key: str) -> str:
        found = document.get(key)
        if found is None or isinstance(found, str):
            return (found or "").strip()[:2000]
        self.warn(f"'{key}' is no text.")
        return ""

    def array(self, document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        found = document.get(key)
        if found is None:
            return []
        if not isinstance(found, list) or len(found) > MOST_FILES or not all(isinstance(item, dict) for item in found):
            self.refuse(f"'{key}' is no list of at most {MOST_FILES} things.", "Leave this entry alone.")
            return []
        return found


def entries(document: Any) -> list[Entry]:
    """All entries of a catalogue, in its order. Raises InvalidRequest for what is none."""
    if not isinstance(document, list) or len(document) > MOST_ENTRIES or not all(isinstance(one, dict) for one in document):
        raise InvalidRequest("That is no catalogue of Hay Say: a list of models.", field="source", fix="Give its character_models.json.")
    return [read_entry(one) for one in document]


def chosen(document: Any, name: str) -> Entry:
    """The entry of that name. Raises InvalidRequest: none, several that differ, or one that must be refused, with its reasons."""
    if not name:
        raise InvalidRequest(
            f"The catalogue holds {len(entries(document))} models.", field="source", fix="Name one: haysay:CATALOGUE#MODEL NAME."
        )
    found = [one for one in entries(document) if one.name == name]
    if not found:
        near = [one.name for one in entries(document) if name.lower() in one.name.lower()][:5]
        raise InvalidRequest(
            f"The catalogue holds no model '{name[:80]}'.", field="source",
            fix=f"Did you mean: {', '.join(near)}?" if near else "Look into the catalogue for its 'Model Name'.",
        )  # fmt: skip
    if any(one != found[0] for one in found):
        raise InvalidRequest(
            f"The catalogue holds {len(found)} different models '{name[:80]}'.", field="source", fix="Fetch its files by hand."
        )
    if found[0].problems:
        raise InvalidRequest(headline(found[0].problems), problems=found[0].problems)
    return found[0]


def read_entry(document: Mapping[str, Any]) -> Entry:
    """What an entry says. Nothing of it is believed but its shape."""
    name = document.get("Model Name")
    reading = _Reading(name if isinstance(name, str) else "?")
    if not isinstance(name, str) or not name.strip():
        reading.refuse("it has no name.", "Leave this entry alone.")
    elif "/" in name:
        reading.refuse("its name holds a folder.", "Leave this entry alone.")
    else:
        reading.path(name, "name")
    for key in sorted(set(document) - _ENTRY):
        reading.warn(f"its field '{key[:40]}' is not known and was left out.")
    files = [_item(reading, file) for file in reading.array(document, "Files")]
    items = [item for item, _ in files if item is not None]
    _check_names(reading, items)
    depends_on = reading.text(document, "Multi-speaker Model Dependency")
    links = [_link(reading, link) for link in reading.array(document, "Symlinks")]
    if links and not depends_on:
        reading.refuse("it links to the files of a shared model and names none.", "Fetch its files by hand.")
    if depends_on and not links:
        reading.warn("it names a shared model and none of its files: all of them are taken.")
    if not items and not depends_on:
        reading.refuse("it names no file.", "Leave this entry alone.")
    return Entry(
        name=reading.name,
        items=tuple(items),
        hub_files=tuple(number for number, (_, hub) in enumerate(pair for pair in files if pair[0] is not None) if hub),
        depends_on=depends_on,
        links=tuple(link for link in links if link is not None),
        provenance=_provenance(reading, document),
        problems=tuple(reading.problems),
        warnings=tuple(reading.warnings),
    )


def plan(source: str, entry: Entry, shared: Entry | None, styles: Any, pin: Pin) -> Plan:
    """Raises InvalidRequest where the shared model must be refused, and what `pin` raises."""
    if shared is not None and shared.problems:
        raise InvalidRequest(headline(shared.problems), problems=shared.problems)
    pinned: dict[str, str] = {"catalogue entry": entry.name}
    return Plan(
        source=source,
        kind="catalogue",
        title=entry.name,
        items=_pinned(entry, pin),
        shared=_pinned(shared, pin) if shared is not None else (),
        links=entry.links,
        documents={STYLES: styles} if styles else {},
        provenance=entry.provenance,
        pinned=pinned | ({"shared model": shared.name} if shared is not None else {}),
        warnings=entry.warnings + (shared.warnings if shared is not None else ()),
    )


def read_styles(document: Any, model: str) -> dict[str, dict[str, list[float]]]:
    """character -> trait -> style vector of one model; {} where there are none. Raises InvalidRequest for another shape."""
    if not isinstance(document, list):
        raise _no_styles()
    for of_model in document:
        if not isinstance(of_model, dict) or not isinstance(of_model.get("Characters"), list):
            raise _no_styles()
        if of_model.get("Model") == model:
            return {str(one.get("Character")): _traits(one) for one in of_model["Characters"] if isinstance(one, dict)}
    return {}


def _traits(character: Mapping[str, Any]) -> dict[str, list[float]]:
    styles = character.get("Pre-computed Styles")
    if not isinstance(styles, list) or not all(isinstance(style, dict) for style in styles):
        raise _no_styles()
    return {str(style.get("Trait")): _vector(style.get("Style Vector")) for style in styles}


def _vector(found: Any) -> list[float]:
    while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]                    # some are written as one row
    if not isinstance(found, list) or not 0 < len(found) <= LONGEST_VECTOR:
        raise _no_styles()
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one) for one in found):
        raise _no_styles()
    return [float(one) for one in found]


def _no_styles() -> InvalidRequest:
    return InvalidRequest("That is no list of precomputed styles.", field="source", fix="Leave the file out.")


def _item(reading: _Reading, document: Mapping[str, Any]) -> tuple[Item | None, bool]:
    """The file, None with a problem noted; and whether it lies on a hub."""
    for key in sorted(set(document) - _FILE):
        reading.warn(f"the field '{key[:40]}' of a file is not known and was left out.")
    name = reading.path(document.get("Download As"), "file name")
    url, way = document.get("URL"), document.get("Download With")
    unpacking = document.get("Unzip Strategy")
    if unpacking is not None and unpacking not in UNPACKING:
        reading.warn(f"'{str(unpacking)[:40]}' is no way to unpack '{name[:80]}'; archives are unpacked by their content.")
    if not isinstance(url, str) or not url:
        reading.refuse(f"'{name[:80]}' has no address.", "Leave this entry alone.")
        return None, False
    if way == "MEGA":
        reading.refuse(
            f"'{name[:80]}' lies at Mega, which gives files to its own programs only.",
            "Download it in a browser, then import the file with the entry's licence and source.",
        )
        return None, False
    if way not in WAYS:
        reading.refuse(f"'{str(way)[:40]}' is no way to fetch '{name[:80]}' that is known here.", "Fetch it by hand and import the file.")
        return None, False
    if not name:
        return None, False
    optional = name.lower().endswith(TEXTS)
    size = None if optional else _size(reading, name, document.get("Size (bytes)"))
    if way == "GDOWN":
        file_id = drive.read_file_id(url)
        if file_id is None:
            reading.refuse(f"the address of '{name[:80]}' is none of Google Drive.", "Fetch it by hand and import the file.")
            return None, False
        return Item(drive.address_of(file_id), name, bytes=size, optional=optional, confirmed=True), False
    return Item(url, name, bytes=size, optional=optional), way == "HUGGINGFACE_HUB"


def _size(reading: _Reading, name: str, found: Any) -> int | None:
    """What the file must have; 0 and what is no number say nothing."""
    if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
        return found or None
    reading.warn(f"the size of '{name[:80]}' is not said.")
    return None


def _link(reading: _Reading, document: Mapping[str, Any]) -> Link | None:
    name, target = reading.path(document.get("As"), "link's name"), reading.path(document.get("Target"), "link's target")
    return Link(name, target) if name and target else None


def _check_names(reading: _Reading, items: Sequence[Item]) -> None:
    names = [item.name.lower() for item in items]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reading.refuse(f"two of its files are called '{name[:80]}'.", "Fetch them by hand.")


def _provenance(reading: _Reading, document: Mapping[str, Any]) -> Provenance:
    licence = reading.text(document, "License")
    if licence and licence not in LICENCES:
        reading.warn(f"its licence '{licence[:40]}' is none of Hay Say's; it is kept as it is written.")
    return Provenance(
        source=reading.text(document, "Originally Acquired From"),
        author=reading.text(document, "Creator"),
        licence=LICENCES.get(licence, licence[:200]),
    )


def _pinned(entry: Entry, pin: Pin) -> tuple[Item, ...]:
    return tuple(
        pin(item.url, item) if number in entry.hub_files else item for number, item in enumerate(entry.items)
    )
