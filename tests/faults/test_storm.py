"""Sixty seeded faults: nothing is lost, published twice, stuck or left behind. `make faults KILLS=1000` does more."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.faults.history import judge
from tests.faults.rough import RoughDisk, built, can_be_built
from tests.faults.storm import Storm


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_twenty_faults_lose_nothing_and_leave_nothing(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no compiler is, only processes are struck."""
    monkeypatch.setenv("HAY_SAY_IDLE_SECONDS", "60")
    rough = RoughDisk(built(tmp_path), tmp_path / "home") if can_be_built() else None
    for name, value in rough.environment.items() if rough is not None else ():
        monkeypatch.setenv(name, value)             # of the hosts that the client starts
    storm = Storm(tmp_path / "home", seed, rough)
    storm.rage(20)
    storm.rest()
    verdict = storm.verdict()
    assert verdict.clean, verdict.notes
    assert verdict.jobs == len(storm.acknowledged) > 0
    assert sum(storm.struck.values()) == 20


def _home(folder: Path, state: str, story: list[str], artifact: str | None = None) -> Path:
    """A data home of one job."""
    (folder / "objects" / "aa").mkdir(parents=True)
    (folder / "scratch").mkdir()
    with sqlite3.connect(folder / "jobs.sqlite3") as rows:
        rows.execute("create table jobs (id, state, artifact, recipe)")
        rows.execute("create table events (number integer primary key, job, kind)")
        rows.execute("create table stages (job, outputs)")
        rows.execute("insert into jobs values ('j', ?, ?, null)", (state, artifact))
        rows.executemany("insert into events (job, kind) values ('j', ?)", [(kind,) for kind in story])
        rows.execute("insert into stages values ('j', ?)", (json.dumps({}),))
    return folder


DONE = ["queued", "started", "finished"]
WRONG = {
    # what the oracle must see, or it proves nothing
    "a job that is not there": ("queued", ["queued"], {"other": "succeeded"}, "lost"),
    "a job that waits for ever": ("queued", ["queued"], {"j": "succeeded"}, "stuck"),
    "a job that runs for ever": ("running", ["queued", "started"], {"j": "succeeded"}, "stuck"),
    "a story that leads elsewhere": ("succeeded", ["queued", "started"], {"j": "succeeded"}, "stuck"),
    "a step that no rule allows": ("succeeded", ["queued", "finished"], {"j": "succeeded"}, "stuck"),
    "published twice": ("succeeded", [*DONE, "finished"], {"j": "succeeded"}, "doubled"),
    "failed without being asked": ("failed", ["queued", "started", "failed"], {"j": "succeeded"}, "lost"),
    "an artifact that is not there": ("succeeded", DONE, {"j": "succeeded"}, "lost"),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_oracle_sees_what_goes_wrong(case: str, tmp_path: Path) -> None:
    state, story, acknowledged, kind = WRONG[case]
    verdict = judge(_home(tmp_path, state, story, "a" * 64), acknowledged)
    assert getattr(verdict, kind) >= 1
    assert not verdict.clean


def test_the_oracle_sees_what_is_left_behind(tmp_path: Path) -> None:
    home = _home(tmp_path, "cancelled", ["queued", "cancel", "stopped"])
    assert judge(home, {"j": "cancelled"}).clean
    (home / "scratch" / "half").write_bytes(b"half")
    assert judge(home, {"j": "cancelled"}).orphans == 1
