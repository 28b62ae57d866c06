"""Rows <-> nouns: the only place that knows which column holds what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.job import Event, Job, Stage, State
from hay_say_lab.domain.request import Request
from hay_say_lab.errors import Problem
from hay_say_lab.storage.schema import events, jobs, stages
from hay_say_lab.storage.statements import insert, rows_of


def now() -> str:
    """UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job_row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "owner": job.owner,
        "job_group": job.request.group,
        "lane": job.request.lane,
        "state": job.state.value,
        "request": job.request.as_json(),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "token": job.token,
        "current": job.current,
        "held": job.held,
        "warnings": [warning.as_json() for warning in job.warnings],
    }


def stage_row(job: str, stage: Stage) -> dict[str, Any]:
    return {
        "job": job,
        "number": stage.index,
        **{name: getattr(stage, name) for name in _OF_A_STAGE},
    }


def read_jobs(connection: sa.Connection, query: sa.Select[Any]) -> list[Job]:
    """The jobs of a query over `jobs`, with their stages, in the query's order: two statements, however many jobs."""
    rows = connection.execute(query).mappings().all()
    found: dict[str, list[Stage]] = {row["id"]: [] for row in rows}
    if found:
        of_jobs = sa.select(stages).where(stages.c.job.in_(found)).order_by(stages.c.job, stages.c.number)
        for row in connection.execute(of_jobs).mappings():
            found[row["job"]].append(Stage(index=row["number"], **{name: row[name] for name in _OF_A_STAGE}))
    return [_job(row, tuple(found[row["id"]])) for row in rows]


def read_job(connection: sa.Connection, job_id: str) -> Job | None:
    found = rows_of(connection, jobs, "id", job_id, "id")
    return _job(found[0], read_stages(connection, job_id)) if found else None


def read_stages(connection: sa.Connection, job_id: str) -> tuple[Stage, ...]:
    return tuple(
        Stage(index=row["number"], **{name: row[name] for name in _OF_A_STAGE})
        for row in rows_of(connection, stages, "job", job_id, "number")
    )


_OF_A_STAGE = tuple(name for name in Stage.__slots__ if name != "index")


def insert_event(connection: sa.Connection, job: Job, kind: str, body: dict[str, Any]) -> None:
    values = {"job": job.id, "owner": job.owner, "kind": kind, "at": now(), "body": body}
    insert(events, tuple(values)).run(connection, values)


def read_events(connection: sa.Connection, query: sa.Select[Any]) -> list[Event]:
    rows: Iterable[Any] = connection.execute(query).mappings()
    return [Event(r["number"], r["job"], r["owner"], r["kind"], r["at"], r["body"]) for r in rows]


def _job(row: Any, job_stages: tuple[Stage, ...]) -> Job:
    return Job(
        id=row["id"],
        owner=row["owner"],
        state=State(row["state"]),
        request=Request.from_json(row["request"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        token=row["token"],
        current=row["current"],
        stages=job_stages,
        artifact=row["artifact"],
        recipe=row["recipe"],
        error=row["error"],
        held=row["held"],
        pinned_at=row["pinned_at"],
        removed_at=row["removed_at"],
        warnings=tuple(Problem.from_json(warning) for warning in row["warnings"]),
    )
