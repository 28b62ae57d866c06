"""Documents under ids of their own, so that a registry file reads, compares and merges as one block of lines for each."""

from __future__ import annotations

from typing import Any, cast

from tinydb import TinyDB

from hay_say_lab.registry.documents import AtomicStorage

Change = tuple[str, str, dict[str, Any] | None]         # table, id, the document from now on; None: none


class Blocks:
    """The tables of one registry file. A change is one write, whatever tables it touches: all of it happens, or nothing."""

    def __init__(self, documents: TinyDB) -> None:
        self._storage = cast(AtomicStorage, documents.storage)

    def of(self, table: str) -> dict[str, Any]:
        """What a table holds by id, in the order of the ids: documents, where nobody has damaged the file."""
        found = self._storage.look(table)
        return {key: found[key] for key in sorted(found)}

    def change(self, *changes: Change) -> None:
        """Raises StorageFailed; then nothing has changed."""
        self._storage.put(changes)
