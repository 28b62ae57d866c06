"""Reads over everybody's events and waiting jobs, for who watches the whole host. Each runs on `JobStore.read`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.job import Event, State
from hay_say_lab.storage.rows import read_events
from hay_say_lab.storage.schema import events, jobs, pauses


@dataclass(frozen=True, slots=True)
class LaneState:
    """One lane's waiting jobs: how many, and when the oldest was queued (UTC, ISO 8601)."""

    lane: str
    depth: int
    oldest: str


def events_since(connection: sa.Connection, number: int, limit: int) -> list[Event]:
    """Of all owners, in order."""
    return read_events(
        connection, sa.select(events).where(events.c.number > number).order_by(events.c.number).limit(limit)
    )


def lanes_waiting(connection: sa.Connection) -> list[LaneState]:
    query = (
        sa.select(jobs.c.lane, sa.func.count(), sa.func.min(jobs.c.created_at))
        .where(jobs.c.state == State.QUEUED.value)
        .group_by(jobs.c.lane)
    )
    return [LaneState(lane, count, oldest) for lane, count, oldest in connection.execute(query)]


def lanes_of(connection: sa.Connection, ids: set[str]) -> dict[str, tuple[str, str]]:
    """Job -> its lane, and when it was queued."""
    query = sa.select(jobs.c.id, jobs.c.lane, jobs.c.created_at).where(jobs.c.id.in_(ids))
    return {job: (lane, created_at) for job, lane, created_at in connection.execute(query)}


def quarantined(connection: sa.Connection) -> int:
    query = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state == State.QUARANTINED.value)
    return int(connection.execute(query).scalar_one())


def writable(connection: sa.Connection) -> bool:
    """A write that leaves everything as it was, and yet goes to the disk. Raises where the disk refuses."""
    connection.execute(pauses.insert().values(lane="", by="", at=""))       # what touches no row is not written
    connection.execute(pauses.delete().where(pauses.c.lane == ""))
    return True


def schema_version(connection: sa.Connection) -> str:
    found: Any = connection.execute(sa.text("select version_num from alembic_version")).scalar()
    return str(found)
