"""Lanes that an operator has stopped: they stay so until somebody resumes them, whoever hosts."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from hay_say_lab.storage.rows import now
from hay_say_lab.storage.schema import pauses


@dataclass(frozen=True, slots=True)
class Pause:
    lane: str
    by: str
    at: str                     # UTC, ISO 8601


def pause(connection: sa.Connection, lane: str, by: str) -> Pause:
    """Stop a lane. Who pauses it again changes nothing."""
    known = connection.execute(sa.select(pauses.c.by, pauses.c.at).where(pauses.c.lane == lane)).first()
    if known is not None:
        return Pause(lane, known.by, known.at)
    made = Pause(lane, by, now())
    connection.execute(pauses.insert().values(lane=lane, by=by, at=made.at))
    return made


def resume(connection: sa.Connection, lane: str) -> None:
    connection.execute(pauses.delete().where(pauses.c.lane == lane))


def paused(connection: sa.Connection) -> list[Pause]:
    rows = connection.execute(sa.select(pauses.c.lane, pauses.c.by, pauses.c.at).order_by(pauses.c.lane))
    return [Pause(*row) for row in rows]
