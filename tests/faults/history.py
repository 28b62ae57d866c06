"""Reads what a data home says happened, and judges it by rules of its own: nothing of the engine is imported.

lost: an acknowledged job that is not there, or that ended in a way that nobody asked for. doubled: published twice.
stuck: not ended, or its story leads elsewhere than its row. orphans: processes, temp files, objects without a name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

# The states and edges as docs/operations.md and the design tell them, written down again: an oracle shares no table.
EDGES = {
    "queued": {"started": "running", "refused": "failed", "cancel": "cancelling"},
    "running": {
        "stage_done": "queued", "finished": "succeeded", "gave_way": "queued", "worker_lost": "queued",
        "host_changed": "queued", "poisoned": "quarantined", "failed": "failed", "cancel": "cancelling",
    },
    "cancelling": {"stopped": "cancelled", "worker_lost": "cancelled", "host_changed": "cancelled"},
    "failed": {"retry": "queued"},
    "quarantined": {"released": "queued"},
    "cancelled": {},
    "succeeded": {},
}  # fmt: skip
ENDS = {"succeeded", "failed", "cancelled", "quarantined"}


@dataclass
class Verdict:
    """What was found; `notes` say it of each job."""

    jobs: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    orphans: int = 0
    quarantined: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.stuck or self.orphans)

    def line(self, faults: int) -> str:
        return (
            f"faults {faults}, jobs {self.jobs}, lost {self.lost}, doubled {self.doubled}, stuck {self.stuck}, "
            f"orphans {self.orphans}, quarantined {self.quarantined}"
        )


def judge(home: Path, acknowledged: dict[str, str]) -> Verdict:
    """`acknowledged`: job -> how it should have ended: 'succeeded', 'cancelled' where somebody asked for that too, 'let go'
    where somebody removed its result."""
    verdict = Verdict(jobs=len(acknowledged))
    with contextlib.closing(sqlite3.connect(home / "jobs.sqlite3")) as rows:
        rows.row_factory = sqlite3.Row
        jobs = {row["id"]: row for row in rows.execute("select id, state, artifact, recipe from jobs")}
        stories: dict[str, list[str]] = {job: [] for job in jobs}
        for row in rows.execute("select job, kind from events order by number"):
            stories[row["job"]].append(row["kind"])
        outputs = [json.loads(row["outputs"]) for row in rows.execute("select outputs from stages")]
    for job, wished in acknowledged.items():
        if job not in jobs:
            verdict.lost += 1
            verdict.notes.append(f"{job}: acknowledged, and not there")
            continue
        _one(verdict, home, jobs[job], stories[job], wished)
    unasked = set(jobs) - set(acknowledged)
    if unasked:
        verdict.doubled += len(unasked)
        verdict.notes.append(f"jobs that nobody was told of: {sorted(unasked)}")
    _leftovers(verdict, home, {name for made in outputs for name in made.values()})
    return verdict


def _one(verdict: Verdict, home: Path, row: sqlite3.Row, story: list[str], wished: str) -> None:
    job, state = row["id"], row["state"]
    verdict.quarantined += "poisoned" in story
    if story.count("finished") > 1:
        verdict.doubled += 1
        verdict.notes.append(f"{job}: published {story.count('finished')} times: {story}")
    led = _led(story)
    if led != state or state not in ENDS:
        verdict.stuck += 1
        verdict.notes.append(f"{job}: its row says {state}, its story leads to {led}: {story}")
    elif state != "succeeded" and not (state == "cancelled" and wished == "cancelled"):
        verdict.lost += 1
        verdict.notes.append(f"{job}: ended {state}: {story}")
    elif state == "succeeded" and wished != "let go" and not _whole(home, row["artifact"]):
        verdict.lost += 1
        verdict.notes.append(f"{job}: its artifact is not there, or not what its name says")
    elif state == "cancelled" and (row["artifact"] or "finished" in story):
        verdict.doubled += 1
        verdict.notes.append(f"{job}: published after it was cancelled: {story}")


def _led(story: list[str]) -> str:
    """The state behind a story; where it breaks a rule, the rule."""
    if not story or story[0] != "queued":
        return f"a story that begins with {story[:1]}"
    state = "queued"
    for kind in story[1:]:
        if kind not in EDGES[state]:
            return f"{kind} while {state}"
        state = EDGES[state][kind]
    return state


def _whole(home: Path, name: str) -> bool:
    path = home / "objects" / name[:2] / name
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == name


def _leftovers(verdict: Verdict, home: Path, named: set[str]) -> None:
    scratch = [path for path in (home / "scratch").rglob("*") if path.is_file()]
    parts = list(home.rglob("*.part"))
    nameless = [path for path in (home / "objects").glob("*/*") if path.name not in named]
    verdict.orphans += len(scratch) + len(parts)
    kinds = Counter(path.parent.name for path in nameless)
    if scratch or parts:
        verdict.notes.append(f"left over: {[str(path.relative_to(home)) for path in (*scratch, *parts)]}")
    if nameless:            # a result whose host died before its row: retention takes it after a day, and it is told
        verdict.notes.append(f"{len(nameless)} objects without a row yet ({sum(kinds.values())} files)")
