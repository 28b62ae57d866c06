"""One writer thread: commits are shared, durable, and never stop because somebody gave up or the store is closing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest
import sqlalchemy as sa

from hay_say_lab.domain.job import Job
from hay_say_lab.domain.request import RequestText
from hay_say_lab.errors import Conflict, StorageFailed
from hay_say_lab.storage import edges
from hay_say_lab.storage.database import LARGEST_GROUP, Writer, migrate, open_engine
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import job_of


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    migrate(engine)
    yield engine
    engine.dispose()


def _count(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("select count(*) from jobs")).scalar_one())


def _submission() -> Callable[[sa.Connection], tuple[Job, bool]]:
    job = job_of()
    return lambda connection: edges.submit(connection, job, None, "b" * 64)


def test_every_commit_is_synced_and_readers_never_wait(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_writes_that_wait_while_a_commit_syncs_share_the_next_one(engine: sa.Engine) -> None:
    commits: list[None] = []
    sa.event.listen(engine, "commit", lambda _connection: commits.append(None))
    writer = Writer(engine)
    first = threading.Event()
    holding = writer.submit(lambda _connection: first.wait(10))

    futures = [writer.submit(_submission()) for _ in range(200)]
    first.set()
    wait([holding, *futures], timeout=10)
    writer.close()

    assert all(future.result()[1] for future in futures)
    assert len(commits) <= 2 + 200 // LARGEST_GROUP + 1


def test_a_write_that_fails_takes_none_of_its_group_with_it_and_none_happens_twice(engine: sa.Engine) -> None:
    # given: a group of six, two of which fail half-way
    writer = Writer(engine)
    first = threading.Event()
    holding = writer.submit(lambda _connection: first.wait(10))

    def half(connection: sa.Connection) -> None:
        _submission()(connection)
        raise Conflict("Half of it was done.")

    futures = [writer.submit(write) for write in (_submission(), half, _submission(), _submission(), half, _submission())]
    # when
    first.set()
    wait([holding, *futures], timeout=10)
    writer.close()
    # then
    assert [isinstance(future.exception(), Conflict) for future in futures] == [False, True, False, False, True, False]
    with engine.connect() as connection:
        assert _count(connection) == 4


def test_what_was_submitted_before_closing_is_written(engine: sa.Engine) -> None:
    writer = Writer(engine)
    futures = [writer.submit(_submission()) for _ in range(50)]
    writer.close()
    assert all(future.done() and future.exception() is None for future in futures)
    with engine.connect() as connection:
        assert _count(connection) == 50


def test_a_write_to_a_closed_store_fails_and_never_hangs(engine: sa.Engine) -> None:
    writer = Writer(engine)
    writer.close()
    writer.close()
    with pytest.raises(StorageFailed, match="closed"):
        writer.submit(_count).result(timeout=5)


def test_a_write_that_was_given_up_before_its_turn_is_left_out_whole(engine: sa.Engine) -> None:
    writer = Writer(engine)
    gate = threading.Event()
    writer.submit(lambda _connection: gate.wait(10))
    given_up = writer.submit(_submission())
    assert given_up.cancel()
    gate.set()

    assert writer.submit(_count).result(timeout=5) == 0
    writer.close()


async def test_readers_see_every_commit_and_the_bell_rings_for_each(tmp_path: Path) -> None:
    rung: list[None] = []
    engine = open_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    migrate(engine)
    store = JobStore(engine, lambda: rung.append(None))
    for number in range(1, 11):
        job, _ = await store.write(edges.submit, job_of(), None, "b" * 64)
        assert store.job(job.id) == job
        assert len(rung) == number
    await asyncio.gather(*(store.write(edges.cancel, job.id) for job in store.jobs("ann")))
    assert len(rung) == 20
    store.close()


def test_what_people_wrote_stays_out_of_the_log(engine: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    job = job_of(text=RequestText("for nobody else"))

    def fails(connection: sa.Connection) -> None:
        connection.execute(sa.text("insert into nowhere values (:body)"), {"body": job.request.text})

    writer = Writer(engine)
    with pytest.raises(StorageFailed, match="refused a commit") as refusal:
        writer.submit(fails).result(timeout=5)
    writer.close()

    assert "a commit of 1 writes failed" in caplog.text
    assert "for nobody else" not in caplog.text + str(refusal.value)
