"""Migrations make the schema that the code expects; an older home is backed up first, a newer one refused."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hay_say_lab.domain.code import ROOT
from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage.database import HEAD, migrate, open_engine
from hay_say_lab.storage.rows import job_row, stage_row
from hay_say_lab.storage.schema import metadata
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import job_of


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "storage" / "migrations"))
    return config


REVISIONS = [script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()]
NEXT = f"{int(HEAD) + 1:04d}"

WRITE_ONE_JOB_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from hay_say_lab.storage import edges
from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import job_of

engine = open_engine(f"sqlite:///{sys.argv[1]}")
migrate(engine)
asyncio.run(JobStore(engine, lambda: None).write(edges.submit, job_of(), None, "b" * 64))
os.kill(os.getpid(), signal.SIGKILL)
"""

MIGRATE = """
import sys
from pathlib import Path
from hay_say_lab.storage.database import HEAD, migrate, open_engine

assert HEAD == sys.argv[2], HEAD
migrate(open_engine(f"sqlite:///{sys.argv[1]}"), Path(sys.argv[1]))
"""

NEWER = '''
"""A column more."""
import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"

def upgrade() -> None:
    op.add_column("jobs", sa.Column("mood", sa.String(16)))
    {more}
'''


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A home's database, left behind by a host that was killed: its only job lies in the write-ahead log."""
    path = tmp_path / "home" / "jobs.sqlite3"
    path.parent.mkdir()
    done = _run(WRITE_ONE_JOB_AND_DIE, path, Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert path.with_name("jobs.sqlite3-wal").stat().st_size > 0
    return path


def _newer_program(folder: Path, more: str = "") -> Path:
    """This program as it will be one migration later."""
    shutil.copytree(ROOT, folder / "hay_say_lab", ignore=shutil.ignore_patterns("static", "__pycache__"))
    versions = folder / "hay_say_lab" / "storage" / "migrations" / "versions"
    (versions / f"{NEXT}_more.py").write_text(NEWER.format(more=more, head=HEAD, next=NEXT))
    module = folder / "hay_say_lab" / "storage" / "database.py"
    module.write_text(module.read_text().replace(f'HEAD = "{HEAD}"', f'HEAD = "{NEXT}"'))
    return folder


def _run(program: str, database: Path, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, str(database), NEXT],
        cwd=where, env={**os.environ, "PYTHONPATH": str(where)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _columns_and_jobs(database: Path) -> tuple[set[str], int]:
    with closing(sqlite3.connect(database)) as connection:
        columns = {row[1] for row in connection.execute("pragma table_info(jobs)")}
        return columns, connection.execute("select count(*) from jobs").fetchone()[0]


def test_the_migrations_make_what_the_schema_says(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        written = connection.execute(sa.text("select sql from sqlite_master where name = 'events'")).scalar_one()
    engine.dispose()
    assert "AUTOINCREMENT" in written, "an event's number is never given twice, also where old events were deleted"


def test_the_head_that_the_code_names_is_the_newest_migration() -> None:
    config = _alembic()
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine, path)
    migrate(engine, path)
    engine.dispose()
    assert [entry.name for entry in tmp_path.iterdir() if "before" in entry.name] == []


def test_an_older_home_is_backed_up_whole_and_then_migrated(database: Path, tmp_path: Path) -> None:
    done = _run(MIGRATE, database, _newer_program(tmp_path / "newer"))

    assert done.returncode == 0, done.stderr
    columns, jobs = _columns_and_jobs(database)
    assert "mood" in columns
    assert jobs == 1
    backup = database.with_name(f"jobs.sqlite3.before-{NEXT}")
    columns, jobs = _columns_and_jobs(backup)
    assert "mood" not in columns
    assert jobs == 1, "also what lay in the write-ahead log"
    assert backup.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("revision", sorted(set(REVISIONS) - {HEAD}))
def test_a_job_of_every_earlier_schema_is_still_there(revision: str, tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    config = _alembic()
    job = job_of()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        tables = sa.MetaData()
        tables.reflect(connection)
        rows = [("jobs", job_row(job)), *(("stages", stage_row(job.id, stage)) for stage in job.stages)]
        for name, row in rows:
            known = {column: value for column, value in row.items() if column in tables.tables[name].c}
            connection.execute(metadata.tables[name].insert().values(known))

    migrate(engine, path)

    store = JobStore(engine, lambda: None)
    assert store.job(job.id) == job
    assert [entry.job for entry in store.waiting("interactive", 5)] == [job.id]
    store.close()
    assert path.with_name(f"jobs.sqlite3.before-{HEAD}").exists()


def test_what_was_sent_before_counts_with_the_size_of_its_object(tmp_path: Path) -> None:
    """given a home from before quotas, when it is migrated, then each holding of an upload knows its bytes"""
    path = tmp_path / "jobs.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    config = _alembic()
    sent, made, lost = "a" * 64, "b" * 64, "c" * 64
    for name in (sent, made):
        (tmp_path / "objects" / name[:2]).mkdir(parents=True)
        (tmp_path / "objects" / name[:2] / name).write_bytes(b"x" * 1234)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for name in (sent, made, lost):
            connection.execute(sa.text("insert into clips values (:name, '{}')"), {"name": name})
        rows = [("ann", sent, "a.wav"), ("bob", sent, "b.wav"), ("ann", made, ""), ("ann", lost, "gone.wav")]
        for owner, name, label in rows:
            connection.execute(sa.text("insert into holdings values (:o, :n, :l)"), {"o": owner, "n": name, "l": label})

    migrate(engine, path)

    store = JobStore(engine, lambda: None)
    assert (store.sent_bytes("ann"), store.sent_bytes("bob"), store.sent_bytes("eve")) == (1234, 1234, 0)
    store.close()


def test_a_migration_that_fails_leaves_the_old_schema_and_the_jobs(database: Path, tmp_path: Path) -> None:
    done = _run(MIGRATE, database, _newer_program(tmp_path / "newer", "raise ValueError('half-way')"))

    assert done.returncode != 0
    assert "half-way" in done.stderr
    assert _columns_and_jobs(database)[1] == 1
    assert "mood" not in _columns_and_jobs(database)[0]
    migrate(open_engine(f"sqlite:///{database}"), database)         # today's program goes on with it


def test_a_newer_home_is_refused_and_not_touched(database: Path, tmp_path: Path) -> None:
    assert _run(MIGRATE, database, _newer_program(tmp_path / "newer")).returncode == 0
    before = hashlib.sha256(database.read_bytes()).hexdigest()

    engine = open_engine(f"sqlite:///{database}")
    with pytest.raises(StorageFailed, match="newer"):
        migrate(engine, database)
    engine.dispose()

    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
