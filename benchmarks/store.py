"""The store of jobs: life cycles beside huey's, on the disk as it is and on a slow one; a deep queue beside a shallow.

The floor, reasoned before it was measured: one life cycle of ours writes eleven rows or updates in three transactions,
at about 6 us a statement on SQLite's own cursor, 15 us of JSON and 20 us to wake who waits: 130 us. With a client's
share 200 us were hoped for, so 5,000 a second where syncs cost nothing; huey's three transactions sync one by one.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, spread_of

ROUNDS = 5
CYCLES = 30                     # of each of 32 clients
DEEP, SHALLOW = 100_000, 1_000


def figures() -> Iterator[Figure]:
    yield disk_sync()
    yield from beside_huey("the disk as it is", 1 / 1.5, {})
    with tempfile.TemporaryDirectory() as folder:
        shim = _slow_disk(Path(folder))
        if shim is not None:
            yield from beside_huey("each sync 3 ms", 1 / 8, {"LD_PRELOAD": str(shim)}, rounds=3)
    yield from deep_queue()


def disk_sync() -> Figure:
    """What the disk itself takes."""
    seconds = []
    with tempfile.TemporaryFile() as file:
        for _ in range(200):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            seconds.append(1000 * (time.perf_counter() - began))
    return Figure("fdatasync", statistics.median(seconds), "ms", None, "4 KiB, p50", spread_of(seconds))


def beside_huey(disk: str, goal: float, environment: dict[str, str], rounds: int = ROUNDS) -> Iterator[Figure]:
    """Time of a life cycle, ours over huey's, the two one after the other in each round."""
    pairs = [(_run("huey", environment), _run("ours", environment)) for _ in range(rounds)]
    ratios = [huey["per_second"] / ours["per_second"] for huey, ours in pairs]
    told = {name: statistics.median(ours[name] for _, ours in pairs) for name in ("per_second", "cpu_us", "group")}
    theirs = {name: statistics.median(huey[name] for huey, _ in pairs) for name in ("per_second", "cpu_us")}
    yield Figure(
        f"a life cycle through the store / huey's, {disk}", statistics.median(ratios), "", goal,
        f"32 clients, enqueue, claim, finish, each durable; {told['per_second']:.0f} a second against "
        f"{theirs['per_second']:.0f}; processor {told['cpu_us']:.0f} us against {theirs['cpu_us']:.0f} us a cycle; "
        f"{told['group']:.1f} writes a commit", spread_of(ratios),
    )  # fmt: skip


def deep_queue() -> Iterator[Figure]:
    """Time of a life cycle with many jobs waiting over that with few."""
    pairs = [(_run("ours", {}, SHALLOW), _run("ours", {}, DEEP)) for _ in range(3)]
    ratios = [shallow["per_second"] / deep["per_second"] for shallow, deep in pairs]
    looks = [deep["look_ms"] for _, deep in pairs]
    yield Figure(
        "a life cycle at depth 100,000 / at 1,000", statistics.median(ratios), "", 1.25,
        "the same clients beside so many jobs of ten owners that wait", spread_of(ratios),
    )  # fmt: skip
    yield Figure(
        "the scheduler's look at a lane, depth 100,000", statistics.median(looks), "ms", None,
        "the oldest twelve jobs of each of eleven owners, by index", spread_of(looks),
    )  # fmt: skip


def _run(who: str, environment: dict[str, str], depth: int = 0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.life_cycles", who, folder, str(CYCLES), str(depth)]
        done = subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
    return dict(json.loads(done.stdout))


def _slow_disk(folder: Path) -> Path | None:
    """The library that makes every sync take 3 ms; None where no compiler is."""
    compiler = shutil.which("cc")
    if compiler is None:
        sys.stdout.write("the store on a slow disk: NOT MEASURED, no C compiler here\n")
        return None
    shim = folder / "slow_disk.so"
    source = Path(__file__).with_name("slow_disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(shim), str(source)], check=True)
    return shim
