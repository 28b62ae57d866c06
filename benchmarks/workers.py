"""What workers hold, and how soon a place is free again: real processes in a laboratory of the tests."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, spread_of
from hay_say_lab.domain.job import State
from hay_say_lab.engine.patience import PATIENCE
from tests.engine.bulky import BUDGET_MB, watched
from tests.engine.laboratory import laboratory, say

STEPS = 200
ROUNDS = 3


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="hay-say-bench-") as folder:
        yield memory_of_workers(Path(folder) / "memory")
        yield place_after_cancel(Path(folder) / "cancel")


def memory_of_workers(root: Path) -> Figure:
    """Stages of 50 to 400 MB, three architectures, two at a time; what all workers hold, by proportional share."""
    root.mkdir()
    seen = asyncio.run(watched(root, STEPS, seed=1))
    how = (
        f"{STEPS} stages of 50 to 400 MB, of three architectures, two at a time, {BUDGET_MB:.0f} MB for all: the most "
        f"that workers held together (PSS) over the budget; {seen.looks} looks, {seen.evicted} workers ended for others, "
        f"{seen.succeeded} succeeded, {seen.ran_out} ran out"
    )
    return Figure("memory of workers", seen.most_mb / BUDGET_MB, "of the budget", 1.05, how)


def place_after_cancel(root: Path) -> Figure:
    """A runtime that hangs is cancelled: until the next job has started in its place."""
    seconds = asyncio.run(_cancelled(root))
    how = "a runtime hangs without a checkpoint and its job is cancelled: until its only place is free"
    return Figure("cancel of a hung runtime", max(seconds), "s", 8.0, how, spread_of(seconds))


async def _cancelled(root: Path) -> list[float]:
    seconds = []
    async with laboratory(root, places=1, patience=PATIENCE) as lab:
        for number in range(ROUNDS):
            job = await lab.submit(say(f"word {number}", crash="hang"))
            await lab.at_work(job)
            began = time.perf_counter()
            await lab.engine.cancel(job.id)
            await lab.until(lambda: not any(seat.busy for seat in lab.pool.ledger().seats))
            seconds.append(time.perf_counter() - began)
            assert (await lab.ended(job)).state is State.CANCELLED
            assert lab.store.job(job.id).artifact is None
    return seconds
