"""Ending the host at any moment of a prune leaves store and disk equal."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from hay_say_lab.storage.database import open_engine
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.schema import removals
from hay_say_lab.storage.survey import survey
from tests.hosts import end_host
from tests.service.running_host import speak, start_host

RESULTS = 40


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_host_killed_while_it_prunes_leaves_nothing_half_removed(seed: int, tmp_path: Path) -> None:
    home = tmp_path / "home"
    host = start_host(home)
    order = {"name": "many", "requests": [speak(f"Line {number}.", lane="batch") for number in range(RESULTS)]}
    host.call("POST", "/batches", order)
    while not host.call("GET", "/batches/many").json()["done"]:
        time.sleep(0.05)
    kept = host.call("GET", "/batches/many/rows").json()["rows"][-1]["job"]
    host.call("POST", f"/jobs/{kept}/pin")
    host.end()
    host = start_host(home)         # a host that published none of them: nothing is fresh

    pruning = threading.Thread(target=_prune, args=(host,), daemon=True)
    pruning.start()
    time.sleep(random.Random(seed).uniform(0.0, 0.25))
    os.kill(host.process.pid, signal.SIGKILL)
    host.process.wait()

    host = start_host(home)
    after = host.call("POST", "/storage/fsck", {"deep": True}).json()
    artifact = host.call("GET", f"/jobs/{kept}").json()["artifact"]
    assert host.call("GET", f"/artifacts/{artifact}").status == 200
    host.end()

    assert after["sound"], after
    engine = open_engine(f"sqlite:///{home / 'jobs.sqlite3'}")
    with engine.connect() as connection:
        found = survey(connection, Home(home), ObjectStore(home / "objects"))
        assert connection.execute(sa.select(removals.c.object)).first() is None
    engine.dispose()
    named = {name for per_job in found.uses.values() for name in per_job} | set(found.uploads)
    assert set(found.files) - found.remembered == named
    end_host(home)


def _prune(host: object) -> None:
    from http.client import HTTPException

    try:
        host.call("POST", "/storage/prune", {"owner_mb": 0, "disk_floor_mb": 1 << 30})  # type: ignore[attr-defined]
    except (OSError, HTTPException):
        return                  # it died under us, as it should
