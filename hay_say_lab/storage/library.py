"""The library of voices in the rows: which jobs use a voice, and news of it for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.job import ENDED, State
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.schema import events, jobs, stages
from hay_say_lab.storage.statements import insert

EVERYBODY = ""                  # the owner of news that all may read
_UNFINISHED = tuple(state.value for state in State if state not in ENDED)


def jobs_with_voice(connection: sa.Connection, voice: str) -> list[str]:
    """Ids of the unfinished jobs that use a voice, oldest first."""
    query = (
        sa.select(jobs.c.id)
        .join(stages, stages.c.job == jobs.c.id)
        .where(jobs.c.state.in_(_UNFINISHED), stages.c.voice == voice)
        .distinct()
        .order_by(jobs.c.id)
    )
    return list(connection.execute(query).scalars())


def tell_everybody(connection: sa.Connection, kind: str, body: Mapping[str, Any]) -> None:
    """An event of no job, which every listener gets."""
    values = {"job": "", "owner": EVERYBODY, "kind": kind, "at": now(), "body": dict(body)}
    insert(events, tuple(values)).run(connection, values)
