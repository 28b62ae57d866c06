"""Reads of a batch: jobs of one owner that share a group. Each runs on `JobStore.read`."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from hay_say_lab.domain.batch import Tally
from hay_say_lab.domain.job import Job
from hay_say_lab.storage.rows import read_jobs
from hay_say_lab.storage.schema import jobs


def tally(connection: sa.Connection, owner: str, name: str) -> Tally:
    """Counts by state; no row at all where nobody queued such a batch."""
    query = sa.select(jobs.c.state).where(jobs.c.owner == owner, jobs.c.job_group == name)
    return Tally(name, Counter(connection.execute(query).scalars()))


def tallies(connection: sa.Connection, owner: str, *, before: str | None, limit: int) -> list[Tally]:
    """The batches of an owner, the newest first; `before` is the last name of the page before."""
    newest = sa.func.max(jobs.c.id)
    named = (
        sa.select(jobs.c.job_group, newest.label("newest"))
        .where(jobs.c.owner == owner, jobs.c.job_group.is_not(None))
        .group_by(jobs.c.job_group)
    ).subquery()
    query = sa.select(named.c.job_group).order_by(named.c.newest.desc()).limit(limit)
    if before is not None:
        last = sa.select(named.c.newest).where(named.c.job_group == before).scalar_subquery()
        query = query.where(named.c.newest < last)
    return [tally(connection, owner, name) for name in connection.execute(query).scalars().all()]


def rows(connection: sa.Connection, owner: str, name: str, *, after: str | None, limit: int) -> list[Job]:
    """The jobs of a batch in the order of its rows; `after` is the id of the last one of the page before."""
    query = sa.select(jobs).where(jobs.c.owner == owner, jobs.c.job_group == name).order_by(jobs.c.id).limit(limit)
    return read_jobs(connection, query if after is None else query.where(jobs.c.id > after))


def ids_in(connection: sa.Connection, owner: str, name: str, states: tuple[str, ...]) -> list[str]:
    """Ids of the batch's jobs that are in one of these states, in order."""
    query = (
        sa.select(jobs.c.id)
        .where(jobs.c.owner == owner, jobs.c.job_group == name, jobs.c.state.in_(states))
        .order_by(jobs.c.id)
    )
    return list(connection.execute(query).scalars())
