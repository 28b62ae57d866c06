"""Who was at work lately, whoever hosted: the models of the newest jobs' stages, from which a new host learns whom to warm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hay_say_lab.storage.schema import jobs, stages

NEWEST_JOBS = 200


@dataclass(frozen=True, slots=True)
class Worked:
    """A stage that a worker did. `at`: about when, seconds since the epoch."""

    worker: str
    voice: str | None
    voice_hash: str | None
    at: float


def worked_lately(connection: sa.Connection) -> list[Worked]:
    """The stages of the newest jobs that were really made, oldest first."""
    newest = sa.select(jobs.c.id, jobs.c.updated_at).order_by(jobs.c.id.desc()).limit(NEWEST_JOBS).subquery("newest")
    query = (
        sa.select(stages.c.worker, stages.c.voice, stages.c.voice_hash, newest.c.updated_at)
        .select_from(newest)
        .join(stages, stages.c.job == newest.c.id)
        .where(stages.c.done, sa.not_(stages.c.cached))
        .order_by(newest.c.updated_at)
    )
    return [
        Worked(row.worker, row.voice, row.voice_hash, datetime.fromisoformat(row.updated_at).timestamp())
        for row in connection.execute(query)
    ]
