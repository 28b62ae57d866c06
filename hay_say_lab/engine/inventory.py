"""Documents and disk of the library held together: which files a thing has, who shares them, what a folder should hold."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hay_say_lab.domain.voice import is_slug
from hay_say_lab.errors import InvalidRequest, LabError, StorageFailed
from hay_say_lab.registry.assets import Assets
from hay_say_lab.registry.installed import Installed, Thing
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.intents import Intent, Intents
from hay_say_lab.storage.weights import Weights

log = logging.getLogger(__name__)

VOICES, ASSETS = "voices", "assets"


@dataclass(frozen=True, slots=True)
class Freed:
    """What a removal frees once the trash is emptied: bytes, and the names of the files; `kept_because` names each file
    that stays and who needs it."""

    bytes: int
    files: tuple[str, ...]
    kept_because: tuple[str, ...]


class Inventory:
    """What is there is said by the registry's documents; the disk follows them. Whoever calls holds the shelf's lock."""

    def __init__(self, home: Home, voices: Voices, assets: Assets) -> None:
        self.weights = Weights(home.voices)
        self.intents = Intents(home.voices / ".intents")
        self.registers: tuple[Installed[Any], ...] = (voices, assets)
        self._home = home

    def installed(self) -> list[tuple[str, Thing]]:
        """Each with the noun of its register."""
        return [(register.noun, thing) for register in self.registers for thing in register.all()]

    def documents(self) -> list[Thing]:
        """All that name files: what is installed and what lies in the trash."""
        return [thing for register in self.registers for thing in register.documents()]

    def folder(self, noun: str, name: str) -> Path:
        """Raises InvalidRequest for a name that would lie elsewhere."""
        if not all(is_slug(part) for part in name.split(":")) or name.count(":") != (1 if noun == VOICES else 0):
            raise InvalidRequest(f"'{name[:80]}' cannot be an id.", field="name", fix="Use a-z, 0-9, '.', '_', '+', '-'.")
        return self._home.voice_folder(name) if noun == VOICES else self._home.asset_folder(name)

    def is_sound(self, noun: str, thing: Thing) -> bool:
        """Whether its folder holds just its files, by their sizes."""
        files = {file.name: (file.sha256, file.bytes) for file in thing.files.values()}
        return self.weights.is_laid_out(self.folder(noun, thing.id), files)

    def lay_out(self, noun: str, thing: Thing) -> None:
        """Raises StorageFailed, InvalidRequest."""
        self.weights.lay_out(self.folder(noun, thing.id), _names(thing))

    def copied_bytes(self, noun: str, thing: Thing) -> int:
        """What its folder takes beside the contents, on a disk without hard links."""
        return self.weights.copied_bytes(self.folder(noun, thing.id), _names(thing))

    def bring_in(self, noun: str, thing: Thing, files: Mapping[str, Path]) -> None:
        """Its files (role -> path) become contents, then its folder is laid out; what lay there damaged is mended for all.

        Raises InvalidRequest where a file is not what the document says, StorageFailed.
        """
        mended = set()
        needed = contents(*self.documents())
        for role, file in thing.files.items():
            size = files[role].lstat().st_size if files[role].exists() else -1
            if size != file.bytes:
                said = f"The file '{role}' of '{thing.id}' has {size} bytes, not {file.bytes}."
                raise InvalidRequest(said, field=f"files.{role}", fix="Bring it again.")
            if self.weights.put(files[role], file.sha256) and file.sha256 in needed:
                mended.add(file.sha256)
        self.lay_out(noun, thing)
        for owner, other in self.installed():
            if mended & {file.sha256 for file in other.files.values()}:
                self.lay_out(owner, other)

    def freed(self, noun: str, thing: Thing) -> Freed:
        """What its removal would free."""
        needing: dict[str, set[str]] = {}
        for other in self.documents():
            if other is not thing:
                for sha256 in contents(other):
                    needing.setdefault(sha256, set()).add(other.id)
        own = {sha256: size for sha256, size in contents(thing).items() if sha256 not in needing}
        files = tuple(file.name for file in thing.files.values() if file.sha256 in own)
        kept = tuple(
            f"{file.name}: {', '.join(sorted(needing[file.sha256]))}"
            for file in thing.files.values()
            if file.sha256 in needing
        )
        return Freed(sum(own.values()) + self.copied_bytes(noun, thing), files, kept)

    def held(self) -> dict[str, int]:
        """Bytes on the disk by class: 'voices', 'assets' (that no voice holds), 'trash' (that nothing else holds)."""
        sizes = self.weights.sizes()
        of_voices, of_assets = (set(contents(*register.all())) for register in self.registers)
        trashed = {sha256 for register in self.registers for one in register.trash() for sha256 in contents(one.thing)}
        classes = {VOICES: of_voices, ASSETS: of_assets - of_voices, "trash": trashed - of_assets - of_voices}
        held = {name: sum(sizes.get(sha256, 0) for sha256 in files) for name, files in classes.items()}
        for noun, thing in self.installed():
            held[noun] += self.copied_bytes(noun, thing)
        return held

    # Letting the disk agree.

    def agree(self, intent: Intent) -> None:
        """Let the disk be as the documents say, as far as an intent touches it. Raises LabError."""
        for register in self.registers:
            if intent.name and register.noun == intent.noun:
                if not register.has(intent.name):
                    self.weights.clear(self.folder(intent.noun, intent.name))
                elif not self.is_sound(intent.noun, register.get(intent.name)):
                    self.lay_out(intent.noun, register.get(intent.name))
        needed = contents(*self.documents())
        for sha256 in intent.files:
            if sha256 not in needed:
                self.weights.drop(sha256)

    def recover(self) -> None:
        """When a host starts: what a killed one had begun is ended; what lies as an earlier version left it is taken over;
        what can be laid out again is. Told in the log where a file is missing: `fsck` names it."""
        self.weights.sweep()
        self.intents.sweep()
        for key, intent in self.intents.unfinished():
            try:
                self.agree(intent)
                self.intents.end(key)
            except InvalidRequest:              # a note that nobody here has written
                self.intents.end(key)
            except LabError as error:
                log.warning("what was begun with '%s' cannot be ended: %s", intent.name, error.message)
        links = self.weights.links()
        for noun, thing in self.installed():
            if thing.files and not (self.is_sound(noun, thing) and not (links and self.copied_bytes(noun, thing))):
                try:
                    self.take_over(noun, thing)
                except LabError as error:
                    log.warning("'%s' is not whole: %s", thing.id, error.message)

    def take_over(self, noun: str, thing: Thing) -> None:
        """Contents that only the thing's own folder holds become the library's; then it is laid out. Raises LabError."""
        folder = self.folder(noun, thing.id)
        for file in thing.files.values():
            if not self.weights.holds(file.sha256, file.bytes) and (folder / file.name).exists():
                self.weights.adopt(folder / file.name, file.sha256)
        missing = [file.name for file in thing.files.values() if not self.weights.holds(file.sha256, file.bytes)]
        if missing:
            raise StorageFailed(
                f"{', '.join(missing)} of '{thing.id}' is missing or damaged.", field="storage", fix="Remove it and bring it again."
            )
        self.lay_out(noun, thing)


def contents(*things: Thing) -> dict[str, int]:
    """sha256 -> bytes of all their files, each content once."""
    return {file.sha256: file.bytes for thing in things for file in thing.files.values()}


def _names(thing: Thing) -> dict[str, str]:
    return {file.name: file.sha256 for file in thing.files.values()}
