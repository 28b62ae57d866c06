"""The store on PostgreSQL keeps the same contract, and what a database with several writers asks for besides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hay_say_lab.domain.job import State
from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage import edges
from hay_say_lab.storage.database import Lease, Writer, migrate, open_engine
from hay_say_lab.storage.rows import insert_event
from hay_say_lab.storage.schema import metadata
from hay_say_lab.storage.store import JobStore
from tests.storage.audit_contract import AuditContract
from tests.storage.chain_contract import ChainContract
from tests.storage.reading_contract import ReadingContract
from tests.storage.stories import job_of
from tests.storage.writing_contract import WritingContract


@pytest.fixture
def url(database_url: str) -> str:
    """An empty database, migrated."""
    engine = open_engine(database_url)
    migrate(engine)
    names = ", ".join(f'"{name}"' for name in metadata.tables)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    engine.dispose()
    return database_url


@pytest.fixture
def store(url: str) -> Iterator[JobStore]:
    store = JobStore(open_engine(url), lambda: None)
    yield store
    store.close()


class TestPostgresqlStore(WritingContract, ReadingContract, ChainContract, AuditContract):
    @pytest.fixture
    def store(self, url: str) -> Iterator[JobStore]:
        store = JobStore(open_engine(url), lambda: None)
        yield store
        store.close()


def test_the_migrations_make_what_the_schema_says(url: str) -> None:
    engine = open_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


def test_who_migrates_at_the_same_time_waits_and_finds_it_done(database_url: str) -> None:
    engines = [open_engine(database_url) for _ in range(4)]
    with engines[0].begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    failures: list[BaseException] = []

    def work(engine: sa.Engine) -> None:
        try:
            migrate(engine)
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=work, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for engine in engines:
        engine.dispose()
    assert failures == []


async def test_a_reader_misses_no_event_however_late_it_is_committed(url: str, store: JobStore) -> None:
    """Two writers: what one numbered first and commits last is not passed by the other's."""
    job, _ = await store.write(edges.submit, job_of(), None, "b" * 64)
    other = Writer(engine := open_engine(url))
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        insert_event(connection, job, "slow", {})
        inside.set()
        go_on.wait(10)

    late = other.submit(slow)
    assert inside.wait(10)
    quick = asyncio.create_task(store.write(insert_event, job, "quick", {}))
    await asyncio.sleep(0.2)
    seen = [event.number for event in store.events_after("ann", 0)]
    assert not quick.done(), "it waits for whoever has a number already"
    go_on.set()
    await quick
    late.result(10)
    seen += [event.number for event in store.events_after("ann", seen[-1])]

    assert [event.kind for event in store.events_after("ann", 0)] == ["queued", "slow", "quick"]
    assert seen == sorted(event.number for event in store.events_after("ann", 0))
    other.close()
    engine.dispose()


async def test_of_two_hosts_writers_one_gets_a_job(url: str, store: JobStore) -> None:
    other = JobStore(open_engine(url), lambda: None)
    for _ in range(5):
        job, _ = await store.write(edges.submit, job_of(), None, "b" * 64)
        claims = await asyncio.gather(
            *(home.write(edges.started, job.id, job.token, "a#1") for home in (store, other) for _ in range(5))
        )
        assert sum(claim is not None for claim in claims) == 1
    other.close()


async def test_a_job_that_was_claimed_meanwhile_is_cancelled_all_the_same(url: str, store: JobStore) -> None:
    """Whoever cancels looked before another writer claimed it; the cancel holds, and its worker is told."""
    job, _ = await store.write(edges.submit, job_of(), None, "b" * 64)
    other = JobStore(open_engine(url), lambda: None)
    ended, _ = await asyncio.gather(
        store.write(edges.cancel, job.id), other.write(edges.started, job.id, job.token, "a#1")
    )
    assert ended.state in (State.CANCELLED, State.CANCELLING)
    assert store.job(job.id).state is ended.state
    other.close()


def test_a_database_has_one_host_at_a_time(url: str) -> None:
    first, second = open_engine(url), open_engine(url)
    lease = Lease(first)
    with pytest.raises(StorageFailed, match="Another host"):
        Lease(second)
    lease.close()
    Lease(second).close()
    first.dispose()
    second.dispose()


async def test_a_connection_that_breaks_refuses_its_writes_and_the_next_ones_go_on(url: str, store: JobStore) -> None:
    job, _ = await store.write(edges.submit, job_of(), None, "b" * 64)

    def break_off(connection: sa.Connection) -> Any:
        return connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StorageFailed):
        await store.write(break_off)
    again, _ = await store.write(edges.submit, job_of(), None, "b" * 64)
    assert {found.id for found in store.jobs("ann")} == {job.id, again.id}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://root@localhost/jobs", "no database"),
        ("nonsense", "cannot be read"),
        ("postgresql://hay_say@/x?host=/nowhere", "cannot be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_with_the_way_out(address: str, words: str) -> None:
    with pytest.raises(StorageFailed, match=words) as refusal:
        migrate(open_engine(address))
    assert refusal.value.problems[0].fix.label


def test_no_statement_of_the_queue_reads_a_whole_table(url: str, store: JobStore, tmp_path: Path) -> None:
    """With enough rows that reading them all would be dearer."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO jobs (id, owner, lane, state, request, created_at, updated_at, token, current) SELECT "
            "lpad(n::text, 26, '0'), 'owner' || n %% 20, 'batch', CASE WHEN n %% 2 = 0 THEN 'queued' ELSE 'failed' END, "
            "'{}', '', '', 0, 0 FROM generate_series(1, 4000) n"
        )
        connection.exec_driver_sql("ANALYZE jobs")
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.extend(row[0] for row in cursor.fetchall())

    sa.event.listen(engine, "before_cursor_execute", explain)
    looking = JobStore(engine, lambda: None)
    assert len(looking.owners_waiting("batch")) == 10
    looking.waiting("batch", 12)
    looking.queued_of("owner2", ("batch",), 1000, before="9" * 26)
    looking.close()
    assert plans
    assert not [plan for plan in plans if "Seq Scan on jobs" in plan], plans
