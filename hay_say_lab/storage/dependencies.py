"""Jobs that wait for other jobs: how many each waits for stands in its row, so that who waits is never looked at."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from hay_say_lab.domain.job import ENDED, State
from hay_say_lab.errors import Conflict
from hay_say_lab.storage.schema import dependencies, jobs
from hay_say_lab.storage.statements import Statement

_LOST = tuple(state.value for state in ENDED if state is not State.SUCCEEDED)


def unfinished_of(connection: sa.Connection, owner: str, after: Sequence[str]) -> int:
    """How many of the jobs that a new one waits for are not done yet. Raises Conflict where one never will be."""
    if not after:
        return 0
    found = sa.select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(set(after)), jobs.c.owner == owner)
    states = {row.id: row.state for row in connection.execute(found)}
    for name in after:
        if states.get(name, State.FAILED.value) in _LOST:
            raise _never(name)
    return sum(state != State.SUCCEEDED.value for state in states.values())


def tie(connection: sa.Connection, job_id: str, after: Sequence[str]) -> None:
    """Write down what a new job waits for."""
    if after:
        connection.execute(dependencies.insert(), [{"job": job_id, "needs": name} for name in dict.fromkeys(after)])


def still_needed(connection: sa.Connection, job_id: str) -> int:
    """How many jobs a job that starts anew waits for. Raises Conflict where one of them ended without success."""
    needed = (
        sa.select(jobs.c.id, jobs.c.state)
        .join(dependencies, dependencies.c.needs == jobs.c.id)
        .where(dependencies.c.job == job_id)
    )
    rows = connection.execute(needed).all()
    lost = [row.id for row in rows if row.state in _LOST]
    if lost:
        raise _never(lost[0])
    return sum(row.state != State.SUCCEEDED.value for row in rows)


def let_go(connection: sa.Connection, job_id: str) -> None:
    """A job succeeded: those that waited for it wait for one less."""
    dependents = waiting_for(connection, job_id)
    if dependents:
        connection.execute(jobs.update().where(jobs.c.id.in_(dependents)).values(held=jobs.c.held - 1))


def waiting_for(connection: sa.Connection, job_id: str) -> list[str]:
    """Queued jobs that wait for this one."""
    dependents = [row[0] for row in _DEPENDENTS.run(connection, {"needs": job_id}).fetchall()]
    if not dependents:
        return []
    queued = sa.select(jobs.c.id).where(jobs.c.id.in_(dependents), jobs.c.state == State.QUEUED.value)
    return list(connection.execute(queued).scalars())


_DEPENDENTS = Statement(
    sa.select(dependencies.c.job).where(dependencies.c.needs == sa.bindparam("needs", type_=sa.String))
)


def _never(job_id: str) -> Conflict:
    return Conflict(
        f"The job {job_id}, which must succeed first, did not.", field="after", fix="Retry that one, or leave it out."
    )
