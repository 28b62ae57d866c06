"""Statements that run thousands of times a second: compiled once for each dialect, run on the driver's own cursor.

SQLAlchemy's own way costs more per call than the database does. They take part in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

_Pick = Callable[[Mapping[str, Any]], Any]


class Statement:
    """A Core statement with named parameters; those in `documents` are JSON, None among them is no document."""

    def __init__(self, clause: Any, documents: Collection[str] = (), columns: Sequence[str] = (), ending: str = "") -> None:
        self._clause = clause
        self._documents = frozenset(documents)
        self._columns = list(columns) or None
        self._ending = ending
        self._known: dict[str, tuple[str, _Pick | None]] = {}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Any:
        """The driver's cursor behind it: `rowcount`, `fetchone()`, `fetchall()`."""
        text, pick = self._text(connection.dialect)
        cursor = _cursor(connection)
        cursor.execute(text, self._parameters(values, pick))
        return cursor

    def run_many(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        text, pick = self._text(connection.dialect)
        _cursor(connection).executemany(text, [self._parameters(row, pick) for row in rows])

    def _parameters(self, values: Mapping[str, Any], pick: _Pick | None) -> Any:
        if self._documents:
            values = {**values, **{name: to_json(values[name]) for name in self._documents if name in values}}
        return values if pick is None else pick(values)

    def _text(self, dialect: sa.Dialect) -> tuple[str, _Pick | None]:
        known = self._known.get(dialect.name)
        if known is None:
            compiled = self._clause.compile(dialect=dialect, column_keys=self._columns)
            pick = _picker(compiled.positiontup or ()) if compiled.positional else None
            known = self._known[dialect.name] = str(compiled) + self._ending, pick
        return known


def _cursor(connection: sa.Connection) -> Any:
    """The driver's own: the pool's way to it is longer than a short statement."""
    return connection.connection.dbapi_connection.cursor()      # type: ignore[union-attr]


def _picker(names: Sequence[str]) -> _Pick:
    """Values by their names -> a tuple in this order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)


def to_json(value: Any) -> str | None:
    """As a JSON column holds it. Most are empty, and the encoder costs more than looking first."""
    if value is None:
        return None
    return json.dumps(value) if value or not isinstance(value, (dict, list)) else _EMPTY[type(value)]


_EMPTY = {dict: "{}", list: "[]"}


@cache
def insert(table: sa.Table, columns: tuple[str, ...], *, unless_there: bool = False) -> Statement:
    """Insert a row; `unless_there`: where its key is there already, nothing happens."""
    documents = [name for name in columns if isinstance(table.c[name].type, sa.JSON)]
    ending = " ON CONFLICT DO NOTHING" if unless_there else ""
    return Statement(sa.insert(table).inline(), documents, columns, ending)


@cache
def update(table: sa.Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Statement:
    """Set `columns` where the present values of `keys` are those given as 'if_<key>'."""
    documents = [name for name in columns if isinstance(table.c[name].type, sa.JSON)]
    clause = (
        sa.update(table)
        .where(*(table.c[key] == sa.bindparam(f"if_{key}", type_=table.c[key].type) for key in keys))
        .values({name: sa.bindparam(name, type_=table.c[name].type) for name in columns})
    )
    return Statement(clause, documents)


@cache
def select(table: sa.Table, key: str, order_by: str) -> Statement:
    """All columns of the rows with a key, in an order."""
    query = sa.select(table).where(table.c[key] == sa.bindparam("key", type_=table.c[key].type))
    return Statement(query.order_by(table.c[order_by]))


def rows_of(connection: sa.Connection, table: sa.Table, key: str, value: Any, order_by: str) -> list[dict[str, Any]]:
    """Rows with a key, as SQLAlchemy would give them."""
    columns = _columns(table)
    found = select(table, key, order_by).run(connection, {"key": value}).fetchall()
    return [
        {name: read(cell) if read is not None else cell for (name, read), cell in zip(columns, row, strict=True)}
        for row in found
    ]


def _document(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    return {} if cell == "{}" else json.loads(cell)


@cache
def _columns(table: sa.Table) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Names, and how what the driver gives becomes what is meant: SQLite has neither JSON nor truth values."""
    readers: dict[type, Callable[[Any], Any]] = {sa.JSON: _document, sa.Boolean: bool}
    return tuple((column.name, readers.get(type(column.type))) for column in table.c)
