"""Measured needs as rows: loaded when a host starts, written when the next stage would ask for something else."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hay_say_lab.storage.schema import needs

NAMES = ("subject", "kind", "length_class")


def keep_need(connection: sa.Connection, row: dict[str, Any]) -> None:
    """Write a measured need in place of the older one of its subject."""
    same = [needs.c[name] == row[name] for name in NAMES]
    connection.execute(needs.delete().where(*same))
    connection.execute(needs.insert().values(**row))


def read_needs(connection: sa.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.select(needs)).mappings()]
