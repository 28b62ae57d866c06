"""What was acknowledged is there after kill -9; a disk that refuses leaves the store usable."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.store import JobStore

OPEN = """
import asyncio, resource, sys
from pathlib import Path
from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage import edges
from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import job_of

database = Path(sys.argv[1])
engine = open_engine(f"sqlite:///{database}")
migrate(engine, database)
store = JobStore(engine, lambda: None)

async def submit():
    job, _ = await store.write(edges.submit, job_of(), None, "b" * 64)
    print(job.id, flush=True)
"""

WRITES_FOR_EVER = OPEN + """
async def main():
    while True:
        await asyncio.gather(*(submit() for _ in range(8)))
asyncio.run(main())
"""

MEETS_A_FULL_DISK = OPEN + """
async def main():
    for _ in range(5):
        await submit()
    present = max(path.stat().st_size for path in database.parent.iterdir())
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (present + 8192, hard))     # a file that grows further gets an error
    refused = 0
    for _ in range(60):
        try:
            await submit()
        except StorageFailed as error:
            assert error.retry == "safe"
            refused += 1
    print("refused", refused, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for _ in range(5):
        await submit()
    store.close()
asyncio.run(main())
"""


def _child(program: str, database: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(database)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )


def _stored(database: Path) -> set[str]:
    """Ids of all jobs that have their event and their stages, in a database that SQLite finds sound."""
    engine = open_engine(f"sqlite:///{database}")
    migrate(engine)
    store = JobStore(engine, lambda: None)
    jobs = store.jobs("ann", limit=100_000)
    events = {event.job for event in store.events_after("ann", 0, limit=100_000)}
    store.close()
    assert all(len(job.stages) == 3 for job in jobs)
    assert {job.id for job in jobs} == events
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    return events


def test_a_process_killed_while_it_writes_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite3"
    acknowledged: set[str] = set()
    for life in range(3):
        with _child(WRITES_FOR_EVER, database) as child:
            assert child.stdout is not None
            first = child.stdout.readline()
            time.sleep(0.15 + 0.07 * life)
            child.kill()
            told = (first + child.stdout.read()).splitlines()
        assert child.returncode == -signal.SIGKILL
        acknowledged |= {line for line in told if len(line) == 26}

        assert acknowledged <= _stored(database)
    assert len(acknowledged) >= 24


def test_a_full_disk_refuses_writes_one_by_one_and_the_store_goes_on_behind_it(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite3"
    with _child(MEETS_A_FULL_DISK, database) as child:
        lines = child.communicate(timeout=60)[0].split()

    assert child.returncode == 0
    refused = int(lines[lines.index("refused") + 1])
    acknowledged = {line for line in lines if len(line) == 26}
    assert refused > 0
    assert len(acknowledged) == 70 - refused
    assert _stored(database) == acknowledged, "what was refused is not there, what was acknowledged is"


def test_a_database_that_is_damaged_is_a_typed_error_of_every_read(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite3"
    engine = open_engine(f"sqlite:///{database}")
    migrate(engine)
    engine.dispose()
    content = database.read_bytes()
    database.write_bytes(content[:100] + bytes(range(256)) * (len(content) // 256))

    store = JobStore(open_engine(f"sqlite:///{database}"), lambda: None)

    for read in (lambda: store.jobs("ann"), lambda: store.waiting("batch", 1), store.unfinished_ids, store.last_event):
        with pytest.raises(StorageFailed, match="cannot be read"):
            read()
    store.close()
