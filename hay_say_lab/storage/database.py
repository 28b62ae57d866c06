"""One database, one writer thread: whatever waits while a commit syncs goes into the next commit together."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from hay_say_lab.errors import StorageFailed

log = logging.getLogger(__name__)

HEAD = "0007"                   # the newest migration; a test holds it against the folder
LARGEST_GROUP = 64              # writes per commit
_MIGRATIONS = Path(__file__).parent / "migrations"

T = TypeVar("T")
Write = Callable[[sa.Connection], T]


def open_engine(url: str) -> sa.Engine:
    """An SQLAlchemy engine; on SQLite with WAL, full sync, foreign keys, and transactions that begin by themselves."""
    engine = sa.create_engine(url, hide_parameters=True)        # what people wrote does not belong into a log
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(engine: sa.Engine, database: Path | None = None) -> None:
    """Bring the schema to HEAD; an older one is backed up first. Raises StorageFailed for a newer one."""
    with engine.connect() as connection:
        present = sa.inspect(connection).has_table("alembic_version")
        found = connection.execute(sa.text("select version_num from alembic_version")).scalar() if present else None
    if found == HEAD:
        return
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
        config.attributes["connection"] = connection
        config.attributes["objects"] = database.parent / "objects" if database is not None else None
        command.upgrade(config, "head")


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
    """The one thread that writes. `submit` returns a future; its result is there once the commit is on disk."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.observe: Callable[[float, int], None] = _unobserved      # of each commit: seconds, and writes in it
        self._waiting: queue.SimpleQueue[tuple[Write[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Write[T]) -> Future[T]:
        """After `close` the future fails with StorageFailed."""
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                future.set_exception(StorageFailed("The store is closed.", field="storage", fix="Start the host again."))
            else:
                self._waiting.put((write, future))
        return future

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _serve(self) -> None:
        open_ended = True
        while open_ended:
            group: list[tuple[Write[Any], Future[Any]]] = []
            entry = self._waiting.get()
            while entry is not None:
                group.append(entry)
                if len(group) == LARGEST_GROUP or self._waiting.empty():
                    break
                entry = self._waiting.get()
            open_ended = entry is not None
            # From here on nobody can cancel: a write that was given up before is left out, whole.
            group = [(write, future) for write, future in group if future.set_running_or_notify_cancel()]
            if group:
                self._commit(group)

    def _commit(self, group: list[tuple[Write[Any], Future[Any]]]) -> None:
        """Each write has a savepoint of its own: one that fails takes no other with it."""
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        began = time.monotonic()
        try:
            with self._engine.begin() as connection:
                for write, future in group:
                    try:
                        with connection.begin_nested():
                            result = write(connection)
                        outcomes.append((future, result, None))
                    except sa.exc.OperationalError:
                        raise
                    except Exception as error:  # noqa: BLE001 - whatever a write raises belongs to the one who asked for it
                        outcomes.append((future, None, error))
        except Exception as error:
            log.exception("a commit of %d writes failed", len(group))
            refused = StorageFailed(f"The database refused a commit ({type(error).__name__}).", field="storage")
            outcomes = [(future, None, refused) for _, future in group]
        self.observe(time.monotonic() - began, len(group))
        for future, result, failure in outcomes:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)


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
