"""`python -m benchmarks.life_cycles ours|huey FOLDER CYCLES DEPTH`: 32 clients, one JSON line. A process of its own, so
that a slow disk can be put under it and its processor time is its own.

A life cycle is three answers, each on disk before it is given: enqueue, claim, finish. huey's are enqueue, dequeue,
put_data. Ours carry a state, a token, events, holdings and a recipe besides.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

CLIENTS = 32
PAYLOAD = b"x" * 300


def main() -> int:
    who, folder, cycles, depth = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    told = {"ours": ours, "huey": huey}[who](folder, cycles, depth)
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def huey(folder: Path, cycles: int, depth: int) -> dict[str, float]:
    """huey's default SQLite storage."""
    from huey.storage import SqliteStorage

    storage = SqliteStorage("bench", filename=str(folder / "huey.db"))
    if depth:
        raise SystemExit("huey takes its oldest job, whoever asks: its depth is not measured here")

    def client(number: int) -> None:
        for cycle in range(cycles):
            storage.enqueue(PAYLOAD)
            storage.dequeue()
            storage.put_data(f"{number}-{cycle}", PAYLOAD)

    def work() -> None:
        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return _measured(work, cycles)


def ours(folder: Path, cycles: int, depth: int) -> dict[str, float]:
    """Our store, as the engine uses it: tasks of one event loop, one writer."""
    import sqlalchemy as sa

    from hay_say_lab.storage.database import migrate, open_engine
    from hay_say_lab.storage.store import JobStore

    engine = open_engine(f"sqlite:///{folder / 'jobs.sqlite3'}")
    migrate(engine)
    _fill(engine, depth)
    commits: list[None] = []
    sa.event.listen(engine, "commit", lambda _connection: commits.append(None))
    store = JobStore(engine, lambda: None)
    jobs = [[_job() for _ in range(cycles)] for _ in range(CLIENTS)]
    told = _measured(lambda: asyncio.run(_clients(store, jobs)), cycles)
    store.close()
    looks = [_timed(lambda: store.waiting("batch", 12)) for _ in range(50)]
    return {**told, "group": 3 * CLIENTS * cycles / len(commits), "look_ms": 1000 * sorted(looks)[len(looks) // 2]}


async def _clients(store: Any, jobs: list[list[Any]]) -> None:
    await asyncio.gather(*(_client(store, mine) for mine in jobs))


async def _client(store: Any, jobs: list[Any]) -> None:
    from hay_say_lab.storage import edges

    made = edges.Made({"clip": "1" * 64}, "c" * 64, {"device": "a cpu"}, seconds=0.5)
    for job, recipe in jobs:
        await store.write(edges.submit, job, None, "b" * 64)
        claimed = await store.write(edges.started, job.id, 0, "a#1")
        assert await store.write(edges.finished, claimed, made, recipe)


def _job() -> tuple[Any, Any]:
    """A request of about huey's payload, and the recipe that it will have."""
    from hay_say_lab.domain.canonical import new_id
    from hay_say_lab.domain.job import Job, Stage, State
    from hay_say_lab.domain.recipe import recipe_of
    from hay_say_lab.domain.request import Request, RequestText, Step
    from hay_say_lab.storage.rows import now

    request = Request((Step("speak", "a:b"),), text=RequestText("Hello."), seed=7, lane="batch")
    stage = Stage(0, "step", "speak", "a", voice="a:b", voice_hash="f" * 64)
    job = Job(new_id(), "ann", State.QUEUED, request, now(), now(), stages=(stage,))
    return job, recipe_of(job, (replace(stage, outputs={"clip": "1" * 64}),), {})


def _fill(engine: Any, depth: int) -> None:
    """So many jobs that wait already, of ten other owners."""
    from hay_say_lab.storage.rows import job_row, stage_row
    from hay_say_lab.storage.schema import jobs, stages
    from hay_say_lab.storage.statements import insert

    if not depth:
        return
    job, _ = _job()
    row, stage = {**job_row(job), "idempotency_key": None, "body_hash": None}, stage_row(job.id, job.stages[0])
    names = [f"{number:026d}" for number in range(depth)]
    with engine.begin() as connection:
        waiting = [{**row, "id": name, "owner": f"owner{number % 10}"} for number, name in enumerate(names)]
        insert(jobs, tuple(row)).run_many(connection, waiting)
        insert(stages, tuple(stage)).run_many(connection, [{**stage, "job": name} for name in names])


def _measured(work: Callable[[], None], cycles: int) -> dict[str, float]:
    busy = time.process_time()
    seconds = _timed(work)
    count = CLIENTS * cycles
    return {"per_second": count / seconds, "cpu_us": 1e6 * (time.process_time() - busy) / count}


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
