"""A host that dies in the middle of an import, wherever that is: the next one ends it, once, and disk and registry agree."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from hay_say_lab.domain.host import read_record
from tests.data_homes import data_home
from tests.service.running_host import SECONDS_TO_START, RunningHost, _open, until

KILLS = 6
MOST_STEPS = 45                 # on the disk, of an import of this source: more are counted below


def test_a_host_killed_at_any_step_of_an_import_loses_and_doubles_nothing(tmp_path: Path) -> None:
    home, control = tmp_path / "home", tmp_path / "control"
    source = data_home(tmp_path / "there", "pony", "filly")
    draw = random.Random(20)
    host = start(home, control)
    died = 0
    try:
        for _ in range(KILLS):
            control.symlink_to(str(draw.randrange(MOST_STEPS)))
            name = host.call("POST", "/imports", {"source": str(source)}).json()["id"]
            until(lambda host=host, name=name: host.process.poll() is not None or has_ended(host, name), 60, "neither died nor ended")
            if host.process.poll() is not None:
                died += 1
                host = start(home, control)
            control.unlink(missing_ok=True)
            until(lambda host=host, name=name: has_ended(host, name), 60, "the next host did not end the import")

            ended = host.call("GET", f"/imports/{name}").json()
            assert ended["state"] == "succeeded", ended["error"]
            assert sorted(ended["voices"]) == ["parrot:filly", "parrot:pony"]
            check(host)
            for voice in ended["voices"]:
                assert host.call("DELETE", f"/voices/{voice}").status == 200
            assert host.call("DELETE", "/trash").status == 200
        assert died >= KILLS / 2, "most of the steps were those of an import"
    finally:
        control.unlink(missing_ok=True)
        host.end()


def check(host: RunningHost) -> None:
    """Documents and disk agree, and nothing of an import is left."""
    found = host.call("POST", "/storage/fsck", {"deep": True}).json()
    assert found["sound"], found
    until(lambda: not list((host.home / "imports").iterdir()), 10, "something of an import is left")


def has_ended(host: RunningHost, name: str) -> bool:
    try:
        return host.call("GET", f"/imports/{name}").json()["state"] in ("succeeded", "failed", "cancelled")
    except (OSError, ValueError):
        return False                    # it dies just now


def start(home: Path, control: Path) -> RunningHost:
    """As `start_host`, under the eyes of `import_host`."""
    (home / "logs").mkdir(parents=True, exist_ok=True)
    with (home / "logs" / "host.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.import_host", str(control), "--home", str(home)],
            env={**os.environ, "HAY_SAY_IDLE_SECONDS": "600", "HAY_SAY_HOME": str(home)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def record() -> Any:
        assert process.poll() is None, (home / "logs" / "host.log").read_text()
        found = read_record(home)
        return found if found is not None and found.pid == process.pid else None

    host = RunningHost(home, process, until(record, SECONDS_TO_START, "the host did not start"))
    until(lambda: _open(host), SECONDS_TO_START, "the host did not open its door")
    return host
