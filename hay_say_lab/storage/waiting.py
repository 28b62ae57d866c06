"""What waits, as the scheduler asks for it: the first few jobs of each owner in a lane, found by index alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.job import State
from hay_say_lab.storage.schema import jobs, stages


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that may start, with the stage that is next."""

    job: str
    owner: str
    worker: str
    task: str
    voice_hash: str | None


def waiting_in(connection: sa.Connection, lane: str, of_each: int) -> list[Waiting]:
    """The oldest `of_each` jobs of every owner who has some in a lane; jobs that wait for others are left out."""
    rows = connection.execute(_HEADS[connection.dialect.name], {"lane": lane, "of_each": of_each})
    found = [Waiting(row.id, row.owner, row.worker, row.task, row.voice_hash) for row in rows]
    return sorted(found, key=lambda entry: entry.job)


def owners_in(connection: sa.Connection, lane: str) -> list[str]:
    """Who has something queued in a lane."""
    return list(connection.execute(_OWNERS, {"lane": lane}).scalars())


_LANE = (jobs.c.state == State.QUEUED.value, jobs.c.lane == sa.bindparam("lane"))


def _hopping() -> sa.CTE:
    """Owners by hopping from one to the next in the index: it costs as many steps as there are owners, not jobs."""
    first = sa.select(jobs.c.owner).where(*_LANE).order_by(jobs.c.owner).limit(1).scalar_subquery()
    owners = sa.select(first.label("owner")).cte("owners", recursive=True)
    behind = (
        sa.select(jobs.c.owner)
        .where(*_LANE, jobs.c.owner > owners.c.owner)
        .order_by(jobs.c.owner)
        .limit(1)
        .scalar_subquery()
    )
    return owners.union_all(sa.select(behind).where(owners.c.owner.is_not(None)))


def _heads(*, lateral: bool) -> sa.Select[Any]:
    """PostgreSQL goes into the index once an owner where it is told so (LATERAL), SQLite where it is asked for ids."""
    owners = _hopping()
    oldest = (
        sa.select(jobs.c.id, jobs.c.owner, jobs.c.current)
        .where(*_LANE, jobs.c.owner == owners.c.owner, jobs.c.held == 0)
        .order_by(jobs.c.id)
        .limit(sa.bindparam("of_each"))
        .correlate(owners)
    )
    head: Any = oldest.lateral("head") if lateral else jobs.alias("head")
    found = sa.true() if lateral else head.c.id.in_(oldest.with_only_columns(jobs.c.id))
    return (
        sa.select(head.c.id, head.c.owner, stages.c.worker, stages.c.task, stages.c.voice_hash)
        .select_from(owners)
        .join(head, found)
        .join(stages, sa.and_(stages.c.job == head.c.id, stages.c.number == head.c.current))
        .where(owners.c.owner.is_not(None))
    )


def _owners() -> sa.Select[Any]:
    owners = _hopping()
    return sa.select(owners.c.owner).where(owners.c.owner.is_not(None))


_OWNERS = _owners()
_HEADS = {"sqlite": _heads(lateral=False), "postgresql": _heads(lateral=True)}
