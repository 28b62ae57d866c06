"""TinyDB documents behind one writer: a file is replaced whole, its previous version is kept, and people can read it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage

from hay_say_lab.errors import StorageFailed
from hay_say_lab.registry.migrations import SCHEMA, migrated
from hay_say_lab.storage.home import disk_refused, write_atomically


class AtomicStorage(Storage):
    """TinyDB's storage as one JSON file: temp, sync, rename. Reads come from memory; the host is the only writer.

    A file of an older schema is migrated when it is opened; it stays beside the new one as `NAME.schemaN.previous.json`.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._tables: dict[str, dict[str, Any]] | None = self._load()

    def read(self) -> dict[str, dict[str, Any]] | None:
        """A copy: TinyDB changes what it read before it writes, and a write that fails must change nothing."""
        return copy.deepcopy(self._tables)

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        content = _written(data)
        if self._path.exists():
            write_atomically(self._path.with_suffix(".previous.json"), self._path.read_bytes())
        write_atomically(self._path, content)
        self._tables = data

    def _load(self) -> dict[str, dict[str, Any]] | None:
        if not self._path.exists():
            return None
        try:
            document = json.loads(self._path.read_bytes())
            tables, schema = document["tables"], document["schema"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._damaged() from None
        except OSError as error:
            raise disk_refused(error) from error
        if not isinstance(schema, int) or not isinstance(tables, dict):
            raise self._damaged()
        if not all(isinstance(table, dict) for table in tables.values()):
            raise self._damaged()
        if schema > SCHEMA:
            raise StorageFailed(
                f"The registry file {self._path.name} was written by a newer Hay Say Lab.",
                field="registry",
                fix="Update hay-say-lab.",
            )
        if schema < 1:
            raise self._damaged()
        return tables if schema == SCHEMA else self._migrate(tables, schema)

    def _migrate(self, tables: dict[str, dict[str, Any]], schema: int) -> dict[str, dict[str, Any]]:
        """Killed anywhere, the file is the old one, or the new one with the old one beside it."""
        write_atomically(self._path.with_suffix(f".schema{schema}.previous.json"), self._path.read_bytes())
        new = migrated(tables, schema)
        write_atomically(self._path, _written(new))
        return new

    def _damaged(self) -> StorageFailed:
        return StorageFailed(
            f"The registry file {self._path.name} is damaged.",
            field="registry",
            fix=f"Put {self._path.stem}.previous.json in its place.",
        )


def _written(tables: dict[str, dict[str, Any]]) -> bytes:
    return json.dumps({"schema": SCHEMA, "tables": tables}, indent=1, sort_keys=True, ensure_ascii=False).encode()


def open_documents(path: Path) -> TinyDB:
    """A TinyDB over one atomic file."""
    return TinyDB(str(path), storage=AtomicStorage)
