"""A thousand rows: how fast they go, and whether the host's memory stays where it is; one SIGKILL on the way."""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.control_plane import _home, end_host
from benchmarks.figures import Figure
from hay_say_lab import Lab
from hay_say_lab.client.batch import Batch
from hay_say_lab.domain.host import read_record

ROWS = 1000
KILLED_AT = 500             # rows that were made when the host is killed
SETTLED = 100               # rows after which memory is looked at: before, caches fill
VOICE = "espeak_ng:en-us"
MOST_KB_PER_ROW = 4.0       # a thousand rows are then four megabytes; a row's job, stages and events lie on disk


def figures() -> Iterator[Figure]:
    """Real host, real workers, every row another text."""
    with _home() as home:
        lab = Lab(home)
        began = time.monotonic()
        batch = lab.batch([f"This is line number {number}." for number in range(ROWS)], voice=VOICE, seed=1)
        queued = time.monotonic() - began
        held = _followed(batch, home)
        seconds = time.monotonic() - began
        summary = batch.summary()
        story = [event["kind"] for row in summary.rows for event in lab.job(row.job).events()]
        end_host(home)
    yield Figure("batch, queued", 1000 * queued / ROWS, "ms a row", None, f"{ROWS} rows judged and durable in one call")
    yield Figure("batch, made", 1000 * seconds / ROWS, "ms a row", None, f"{ROWS} rows of one sentence, a SIGKILL of the host among them")
    yield Figure("batch, rows without a sound", float(ROWS - summary.states.get("succeeded", 0)), "rows", 0, "of the same batch")
    yield Figure("batch, rows published twice", float(max(0, story.count("finished") - ROWS)), "rows", 0, "by the event log")
    for name, points in held.items():
        yield Figure(f"batch, memory of the {name}", _slope(points), "KB a row", MOST_KB_PER_ROW,
                     f"RssAnon over rows, least squares, from {points[0][1] / 1024:.0f} to {points[-1][1] / 1024:.0f} MB")  # fmt: skip


def _followed(batch: Batch, home: Path) -> dict[str, list[tuple[int, float]]]:
    """(rows made, RssAnon in KB) of the host before the kill and of the one after it."""
    held: dict[str, list[tuple[int, float]]] = {"first host": [], "second host": []}
    killed = False
    while True:
        tally = batch.status()
        memory = _anonymous_kb(home)
        points = held["second host" if killed else "first host"]
        since = KILLED_AT if killed else 0
        if memory is not None and tally.ended >= since + SETTLED and (not points or tally.ended > points[-1][0]):
            points.append((tally.ended, memory))
        if tally.done:
            return held
        if not killed and tally.ended >= KILLED_AT:
            killed = True
            record = read_record(home)
            assert record is not None
            os.kill(record.pid, signal.SIGKILL)
        time.sleep(0.1)


def _anonymous_kb(home: Path) -> float | None:
    record = read_record(home)
    try:
        status = Path(f"/proc/{record.pid if record else 0}/status").read_text()
    except OSError:
        return None
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")))


def _slope(points: list[tuple[int, float]]) -> float:
    """KB per row."""
    return statistics.linear_regression(*zip(*points, strict=True)).slope if len(points) > 2 else 0.0
