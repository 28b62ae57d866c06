"""However many jobs there are, the hot questions are answered from an index."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hay_say_lab.domain.job import State
from hay_say_lab.domain.recipe import recipe_of
from hay_say_lab.errors import NotFound
from hay_say_lab.storage import batches, edges
from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.pauses import pause, resume
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import MADE, job_of

QUESTIONS: dict[str, Callable[[JobStore], Any]] = {
    "the heads of a lane": lambda store: store.waiting("interactive", 16),
    "who waits in a lane": lambda store: store.owners_waiting("interactive"),
    "what one person has waiting": lambda store: store.queued_of("ann", ("interactive", "batch"), 1000),
    "how many wait in a lane": lambda store: store.count(State.QUEUED, lane="batch"),
    "whether anything is unfinished": lambda store: store.count(State.QUEUED, State.RUNNING, State.CANCELLING),
    "which are unfinished": lambda store: store.unfinished_ids(),
    "a place in the queue": lambda store: store.queued_of("ann", ("batch",), 1000, before="0" * 26),
    "one job": lambda store: store.job("0" * 26),
    "the newest jobs": lambda store: store.jobs("ann"),
    "a page of jobs": lambda store: store.jobs("ann", before="Z" * 26),
    "a group": lambda store: store.jobs("ann", group="g"),
    "how a batch stands": lambda store: store.read(batches.tally, "ann", "g"),
    "rows of a batch": lambda store: store.read(lambda c: batches.rows(c, "ann", "g", after="0" * 26, limit=10)),
    "rows of a batch in a state": lambda store: store.read(batches.ids_in, "ann", "g", ("queued", "running")),
    "events from here on": lambda store: store.events_after("ann", 5),
    "a job's story": lambda store: store.events_after("ann", 0, job="0" * 26),
    "the last event": lambda store: store.last_event(),
    "a recipe": lambda store: store.recipe("0" * 64, "ann"),
    "recipes of a sound": lambda store: store.recipes_of("0" * 64, "ann"),
    "who may read": lambda store: store.holds("ann", "0" * 64),
    "a kept result": lambda store: store.result("0" * 64),
    "a clip": lambda store: store.clip("ann", "0" * 64),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    migrate(engine)
    yield engine
    engine.dispose()


@contextlib.contextmanager
def _statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Every statement that the database itself sees inside, with its values."""
    ran: list[str] = []

    def listen(connection: Any, _record: Any) -> None:
        connection.set_trace_callback(ran.append)

    engine.dispose()
    sa.event.listen(engine, "connect", listen)
    yield ran
    sa.event.remove(engine, "connect", listen)


def _plans(engine: sa.Engine, statements: list[str]) -> list[str]:
    engine.dispose()
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        return [
            str(row[3])
            for statement in statements
            if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
            for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        ]


def wasteful(plans: list[str]) -> list[str]:
    """Steps that read a whole table or sort what they read; walking along what was found so far is neither."""
    return [plan for plan in plans if (plan.startswith("SCAN") and plan not in HARMLESS) or "TEMP B-TREE" in plan]


HARMLESS = ("SCAN CONSTANT ROW", "SCAN owners", "SCAN counted")


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_hot_question_reads_a_whole_table(engine: sa.Engine, question: str) -> None:
    store = JobStore(engine, lambda: None)

    with _statements(engine) as statements, contextlib.suppress(NotFound):
        QUESTIONS[question](store)
    store.close()

    plans = _plans(engine, statements)
    assert plans
    assert not wasteful(plans), plans


async def test_no_edge_reads_a_whole_table(engine: sa.Engine) -> None:
    store = JobStore(engine, lambda: None)
    with _statements(engine) as statements:
        job, _ = await store.write(edges.submit, job_of(), "key", "b" * 64)
        claimed = await store.write(edges.started, job.id, job.token, "a#1")
        assert claimed is not None
        await store.write(edges.worker_lost, claimed, "it died")
        other, _ = await store.write(edges.submit, job_of(after=(job.id,)), "another", "b" * 64)
        again = await store.write(edges.started, job.id, store.job(job.id).token, "a#1")
        assert again is not None
        made = replace(MADE, key="k" * 64, audio_seconds=1.0)
        await store.write(edges.stage_done, again, made)
        await store.write(edges.reused, store.job(job.id), made, None)
        await store.write(edges.started, job.id, store.job(job.id).token, "a#1")
        last = store.job(job.id)
        await store.write(edges.finished, last, made, recipe_of(last, (last.stage.evolve(outputs=MADE.outputs),), {}))
        await store.write(edges.failed, await store.write(edges.started, other.id, 0, "a#1"), {})
        await store.write(edges.retry, other.id)
        await store.write(edges.cancel, other.id)
        await store.write(edges.host_changed)
        await store.write(pause, "batch", "olga")
        await store.write(resume, "batch")
    store.close()

    plans = _plans(engine, statements)
    assert len(plans) > 40
    through_all = [plan for plan in plans if "jobs_waiting (state=?)" in plan]
    assert len(through_all) <= 2, "only a change of hosts looks at all jobs of a state"
    assert not wasteful(plans), plans


async def test_a_page_of_jobs_costs_two_statements_however_long_it_is(engine: sa.Engine) -> None:
    store = JobStore(engine, lambda: None)
    for _ in range(40):
        await store.write(edges.submit, job_of(), None, "b" * 64)
    with _statements(engine) as statements:
        assert len(store.jobs("ann", limit=40)) == 40
    store.close()
    assert [statement.split()[0] for statement in statements if not statement.startswith("PRAGMA")] == [
        "BEGIN", "SELECT", "SELECT", "ROLLBACK",
    ]  # fmt: skip
