"""What is about to change on the disk, written down first: a host that was killed in the middle leaves a note for the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hay_say_lab.domain.canonical import is_sha256, new_id
from hay_say_lab.storage.home import write_atomically


@dataclass(frozen=True, slots=True)
class Intent:
    """A thing (of 'voices' or 'assets') that comes or goes, and the contents that come or go with it.

    `name` is its id; empty where only contents go.
    """

    noun: str
    name: str
    files: tuple[str, ...] = ()


class Intents:
    """A folder with a small file for each; made when the first one is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, intent: Intent) -> str:
        """Returns the key with which to end it. Raises StorageFailed; then nothing was written."""
        key = new_id()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        document = {"noun": intent.noun, "name": intent.name, "files": list(intent.files)}
        write_atomically(self._path(key), json.dumps(document).encode())
        return key

    def end(self, key: str) -> None:
        """The disk is as the documents say."""
        self._path(key).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove notes that were half written."""
        for aside in self._folder.glob(".*.part"):
            aside.unlink(missing_ok=True)

    def unfinished(self) -> Iterator[tuple[str, Intent]]:
        """What a killed host had begun, oldest first; a note that cannot be read had not begun."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.json")):
            try:
                found = json.loads(path.read_bytes())
                intent = Intent(str(found["noun"]), str(found["name"]), tuple(map(str, found["files"])))
                if not all(is_sha256(name) for name in intent.files):
                    raise ValueError(path.name)
            except (OSError, ValueError, KeyError, TypeError):
                path.unlink(missing_ok=True)
            else:
                yield path.stem, intent

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"
