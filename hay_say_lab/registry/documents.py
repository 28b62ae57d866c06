"""TinyDB documents behind one writer: a file is replaced whole, its previous version is kept, and people can read it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage

from hay_say_lab.errors import StorageFailed
from hay_say_lab.registry.migrations import SCHEMA, migrated
from hay_say_lab.storage.home import disk_refused, write_atomically

_Texts = dict[tuple[str, str], tuple[Any, str]]     # (table, key) -> document, its text


class AtomicStorage(Storage):
    """TinyDB's storage as one JSON file: temp, sync, rename. Reads come from memory; the host is the only writer.

    A file of an older schema is migrated when it is opened; it stays beside the new one as `NAME.schemaN.previous.json`.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._texts: _Texts = {}
        self._tables: dict[str, dict[str, Any]] | None = self._load()

    def read(self) -> dict[str, dict[str, Any]] | None:
        """A copy: TinyDB changes what it read before it writes, and a write that fails must change nothing."""
        return copy.deepcopy(self._tables)

    def look(self, table: str) -> Mapping[str, Any]:
        """What a table holds, itself: whoever looks changes nothing of it."""
        return (self._tables or {}).get(table, {})

    def put(self, changes: Iterable[tuple[str, str, dict[str, Any] | None]]) -> None:
        """Whole documents by table and key, None for none, in one write; the others are neither copied nor encoded again."""
        tables = {name: dict(table) for name, table in (self._tables or {}).items()}
        for name, key, document in changes:
            kept = tables.setdefault(name, {})
            if document is None:
                kept.pop(key, None)
            else:
                kept[key] = document
        self.write(tables)

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        content = self._encoded(data)
        if self._path.exists():
            write_atomically(self._path.with_suffix(".previous.json"), self._path.read_bytes())
        write_atomically(self._path, content)
        self._tables = data

    def _encoded(self, tables: Mapping[str, Mapping[str, Any]]) -> bytes:
        """The whole file. A document that is the very one of last time has its text already."""
        texts = {}
        for name, table in tables.items():
            for key, document in table.items():
                known = self._texts.get((name, key))
                texts[name, key] = known if known is not None and known[0] is document else (document, _text(document))
        self._texts = texts
        return _written({name: {key: texts[name, key][1] for key in table} for name, table in tables.items()})

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
        write_atomically(self._path, self._encoded(new))
        return new

    def _damaged(self) -> StorageFailed:
        return StorageFailed(
            f"The registry file {self._path.name} is damaged.",
            field="registry",
            fix=f"Put {self._path.stem}.previous.json in its place.",
        )


def _text(value: Any) -> str:
    """JSON as people read it: one line a field, in the order of the names."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


def _written(tables: Mapping[str, Mapping[str, str]]) -> bytes:
    """The file, of its documents' texts: what `_text` would make of the whole."""
    body = _braces({name: _braces(table) for name, table in tables.items()})
    return f'{{\n "schema": {SCHEMA},\n "tables": {_deeper(body)}\n}}'.encode()


def _braces(texts: Mapping[str, str]) -> str:
    lines = ",\n".join(f" {_text(key)}: {_deeper(texts[key])}" for key in sorted(texts))
    return f"{{\n{lines}\n}}" if lines else "{}"


def _deeper(text: str) -> str:
    """One space further in. No string of JSON holds a line break."""
    return text.replace("\n", "\n ")


def open_documents(path: Path) -> TinyDB:
    """A TinyDB over one atomic file."""
    return TinyDB(str(path), storage=AtomicStorage)
