"""One database, one writer thread: whatever waits while a commit syncs goes into the next commit together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from hay_say_lab.errors import StorageFailed

log = logging.getLogger(__name__)

HEAD = "0009"                   # the newest migration; a test holds it against the folder
LARGEST_GROUP = 64              # writes per commit
_MIGRATIONS = Path(__file__).parent / "migrations"

# Advisory locks of PostgreSQL, numbers of our own. A number is taken in the order of commits while WRITING is held, so
# that who reads events behind the last one never misses one that was numbered earlier and committed later.
WRITING, MIGRATING, HOSTING = (0x4A59_0000 + number for number in range(3))

T = TypeVar("T")
Write = Callable[[sa.Connection], T]


def open_engine(url: str) -> sa.Engine:
    """An SQLAlchemy engine: SQLite with WAL, full sync and foreign keys, or PostgreSQL. Raises StorageFailed for others."""
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise StorageFailed(
            "The database's address cannot be read.", field="HAY_SAY_DATABASE", fix="Write postgresql://user@host/name."
        ) from None
    if address.get_backend_name() == "postgresql":
        return _open_postgresql(address)
    if address.get_backend_name() != "sqlite":
        raise StorageFailed(
            f"'{address.get_backend_name()}' is no database that jobs can lie in.",
            field="HAY_SAY_DATABASE",
            fix="Use postgresql://..., or leave it out for SQLite in the data home.",
        )
    engine = sa.create_engine(address, hide_parameters=True)    # what people wrote does not belong into a log
    sa.event.listen(engine, "connect", _configure_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(address: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(address.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_pre_ping=True)
    except ImportError as error:
        raise StorageFailed(
            "PostgreSQL's driver is not installed.",
            field="HAY_SAY_DATABASE",
            fix="pip install 'hay-say-lab[postgres]'",
        ) from error


def migrate(engine: sa.Engine, database: Path | None = None) -> None:
    """Bring the schema to HEAD; an older file is backed up first. Raises StorageFailed, also for a newer schema.

    On PostgreSQL whoever comes second waits, and finds it done.
    """
    try:
        if _found(engine) != HEAD:
            _migrate(engine, database)
    except sa.exc.OperationalError as error:
        raise StorageFailed(
            f"The database cannot be reached ({type(error.orig).__name__}).",
            field="storage",
            fix="Start the database, or mend its address (HAY_SAY_DATABASE).",
        ) from error


def _found(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        return _version(connection)


def _version(connection: sa.Connection) -> str | None:
    present = sa.inspect(connection).has_table("alembic_version")
    return connection.execute(sa.text("select version_num from alembic_version")).scalar() if present else None


def _migrate(engine: sa.Engine, database: Path | None) -> None:
    found = _found(engine)
    if found is not None and found > HEAD:
        raise StorageFailed(
            f"The data home was written by a newer Hay Say Lab (schema {found}; this one knows {HEAD}).",
            field="HAY_SAY_HOME",
            fix="Update hay-say-lab, or use another data home.",
        )
    if found is not None and database is not None:
        copy_database(database, database.with_name(f"{database.name}.before-{HEAD}"))
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        lock(connection, MIGRATING)
        if _version(connection) != HEAD:
            config.attributes["connection"] = connection
            config.attributes["objects"] = database.parent / "objects" if database is not None else None
            command.upgrade(config, "head")


def lock(connection: sa.Connection, what: int) -> None:
    """Until the transaction ends nobody else holds this lock; SQLite needs none, its file has one."""
    if connection.dialect.name == "postgresql":
        connection.connection.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (what,))


def copy_database(database: Path, copy: Path) -> None:
    """A copy that holds every commit, also those that lie in the write-ahead log still. Raises StorageFailed."""
    try:
        with contextlib.closing(sqlite3.connect(database)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        os.chmod(copy, 0o600)
    except (sqlite3.Error, OSError) as error:
        raise StorageFailed(
            f"The database could not be copied ({error}).",
            field="storage",
            fix="Free some disk space and try again; nothing was changed.",
        ) from error


class Writer:
    """The one thread that writes. A write's result is there once its commit is on disk."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.observe: Callable[[float, int], None] = _unobserved      # of each commit: seconds, and writes in it
        self._driver = engine.dialect.loaded_dbapi
        self._waiting: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Write[T]) -> Future[T]:
        """From any thread. After `close` the future fails with StorageFailed."""
        future: Future[T] = Future()
        self._put(_Entry(write, future, None), future)
        return future

    def submit_here(self, write: Write[T]) -> asyncio.Future[T]:
        """From an event loop, which is told once for all writes of a commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Entry(write, future, loop), future)
        return future

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _put(self, entry: _Entry, future: Future[Any] | asyncio.Future[Any]) -> None:
        with self._closing:
            if self._closed:
                future.set_exception(StorageFailed("The store is closed.", field="storage", fix="Start the host again."))
            else:
                self._waiting.put(entry)

    def _serve(self) -> None:
        open_ended = True
        while open_ended:
            group: list[_Entry] = []
            entry = self._waiting.get()
            while entry is not None:
                group.append(entry)
                if len(group) == LARGEST_GROUP or self._waiting.empty():
                    break
                entry = self._waiting.get()
            open_ended = entry is not None
            # From here on nobody can cancel: a write that was given up before is left out, whole.
            group = [entry for entry in group if entry.wanted()]
            if group:
                _deliver(self._commit(group))

    def _commit(self, group: list[_Entry]) -> list[_Outcome]:
        """All of a group in one transaction. A write that fails takes no other with it."""
        began = time.monotonic()
        try:
            outcomes = self._at_once(group) or self._one_by_one(group)
        except Exception as error:
            log.exception("a commit of %d writes failed", len(group))
            way_out = "Free some disk space and try again; the host's log says more."
            refused = StorageFailed(f"The database refused a commit ({type(error).__name__}).", field="storage", fix=way_out)
            outcomes = [_Outcome(entry, None, refused) for entry in group]
        self.observe(time.monotonic() - began, len(group))
        return outcomes

    def _at_once(self, group: list[_Entry]) -> list[_Outcome]:
        """Nearly always no write fails, and savepoints would cost a tenth of the processor. None of it happened where one
        does: an empty list then. Writes only change the database, so they can be made again."""
        with self._engine.connect() as connection, connection.begin() as transaction:
            lock(connection, WRITING)
            try:
                return [_Outcome(entry, entry.write(connection), None) for entry in group]
            except (sa.exc.OperationalError, self._driver.OperationalError):
                raise
            except Exception:  # noqa: BLE001 - who caused it is found out one by one
                transaction.rollback()
                return []

    def _one_by_one(self, group: list[_Entry]) -> list[_Outcome]:
        """Each write with a savepoint of its own."""
        outcomes: list[_Outcome] = []
        with self._engine.begin() as connection:
            lock(connection, WRITING)
            cursor = connection.connection.cursor()
            for entry in group:
                cursor.execute("SAVEPOINT one_write")
                try:
                    outcomes.append(_Outcome(entry, entry.write(connection), None))
                except (sa.exc.OperationalError, self._driver.OperationalError):
                    raise
                except Exception as error:  # noqa: BLE001 - whatever a write raises belongs to the one who asked for it
                    cursor.execute("ROLLBACK TO SAVEPOINT one_write")
                    outcomes.append(_Outcome(entry, None, error))
                cursor.execute("RELEASE SAVEPOINT one_write")
        return outcomes


@dataclass(frozen=True, slots=True)
class _Entry:
    """A write on its way, and who waits for it: a thread, or a task of an event loop."""

    write: Write[Any]
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None

    def wanted(self) -> bool:
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return not self.future.cancelled()


@dataclass(frozen=True, slots=True)
class _Outcome:
    entry: _Entry
    result: Any
    failure: BaseException | None

    def tell(self) -> None:
        future = self.entry.future
        if future.cancelled():
            return                              # its task has gone; what it asked for has happened
        if self.failure is None:
            future.set_result(self.result)
        else:
            future.set_exception(self.failure)


def _deliver(outcomes: list[_Outcome]) -> None:
    """One call into each loop, however many of its tasks wait: waking a loop costs more than a write."""
    of_loops: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        if outcome.entry.loop is None:
            outcome.tell()
        else:
            of_loops.setdefault(outcome.entry.loop, []).append(outcome)
    for loop, told in of_loops.items():
        with contextlib.suppress(RuntimeError):         # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(_tell_all, told)


def _tell_all(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        outcome.tell()


def _unobserved(seconds: float, group: int) -> None:
    """Nobody measures."""


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None       # the driver must not begin transactions behind our back
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


class Lease:
    """One host at a time for a PostgreSQL database: held as long as this is open. SQLite's host holds a file instead."""

    def __init__(self, engine: sa.Engine) -> None:
        """Raises StorageFailed where another host holds it."""
        self._connection: sa.Connection | None = None
        if engine.dialect.name != "postgresql":
            return
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(HOSTING))).scalar()
        if not taken:
            connection.close()
            raise StorageFailed(
                "Another host works with this database.",
                field="HAY_SAY_DATABASE",
                fix="Use that host (HAY_SAY_URL), or another database for this data home.",
            )
        self._connection = connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sa.exc.DBAPIError), connection:        # where the session has ended, so has its lock
                connection.execute(sa.select(sa.func.pg_advisory_unlock(HOSTING)))
