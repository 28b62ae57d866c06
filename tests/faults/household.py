"""One data home with real processes around it: who starts a job, who is killed, what is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

IDLE_SECONDS = 5
SPOKEN = (
    "The first sentence is short. The second one goes on for a little longer than the first. "
    "A third one follows, and then the words come to an end."
)
SEED = 7
BODY = {
    "text": {"body": SPOKEN, "language": "en", "markup": "plain"},
    "steps": [
        {"task": "speak", "voice": "espeak_ng:en-us", "settings": {"rate_wpm": 170}},
        {"task": "convert", "voice": "world:controls", "settings": {"pitch_semitones": -3}},
    ],
    "seed": SEED,
}
# The worker of each step, as `ps` shows it.
STEP_WORKERS = {1: "espeak_ng", 2: "world"}


@dataclass
class Household:
    """A data home and everybody who lives on it; `mark` is in the environment of every starter."""

    home: Path
    work: Path
    mark: str
    starters: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        folders = {
            f"JUPYTER_{name}_DIR": str(self.work / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
        }
        return {
            **os.environ,
            **folders,
            "HOME": str(self.work),
            "IPYTHONDIR": str(self.work / "ipython"),
            "HAY_SAY_HOME": str(self.home),
            "HAY_SAY_IDLE_SECONDS": str(IDLE_SECONDS),
            "HAY_SAY_TEST_MARK": self.mark,
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """A starter, in a session of its own as from another terminal."""
        with (self.work / "starter.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self.environment(), cwd=self.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.starters.append(process)
        return process

    # What the rows say: read beside the host, so that looking is no client call.

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        if not (self.home / "jobs.sqlite3").exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.home / 'jobs.sqlite3'}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.OperationalError:
                return []               # its tables are being made

    def story(self) -> list[tuple[str, dict[str, Any]]]:
        return [(row["kind"], json.loads(row["body"])) for row in self.rows("select kind, body from events order by number")]

    def states(self) -> list[str]:
        return [row["state"] for row in self.rows("select state from jobs")]

    def artifacts(self) -> list[str]:
        return [row["artifact"] for row in self.rows("select artifact from jobs")]

    def started(self, task: str) -> bool:
        return any(kind == "started" and body["task"] == task for kind, body in self.story())

    # Who is there.

    def host(self) -> psutil.Process | None:
        try:
            return psutil.Process(json.loads((self.home / "host.json").read_bytes())["pid"])
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None

    def worker(self, name: str) -> psutil.Process | None:
        host = self.host()
        if host is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in host.children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if child.cmdline()[-1:] == [name] and child.status() != psutil.STATUS_ZOMBIE:
                        return child
        return None

    def living(self) -> list[psutil.Process]:
        """Every process of this household: it carries the mark, or works in the data home."""
        return list(self._living())

    def _living(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                    continue
                at_home = Path(process.cwd()).is_relative_to(self.home)
                if at_home or process.environ().get("HAY_SAY_TEST_MARK") == self.mark:
                    yield process

    def hosts_served(self) -> int:
        """How many hosts ever held the lock and served, one after the other."""
        log = self.home / "logs" / "host.log"
        return log.read_text().count(" serves port ") if log.exists() else 0

    def left_over(self) -> list[str]:
        """Files that only work in progress may leave."""
        scratch = [str(path) for path in (self.home / "scratch").rglob("*")]
        return scratch + [str(path) for path in self.home.rglob("*.part")]

    def end(self) -> None:
        """Whatever a failed test left alive."""
        for process in self.living():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for starter in self.starters:
            starter.wait(10)


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first truth of `condition`; AssertionError with `what` when it never came."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"after {seconds:.0f} s: {what}")


def kill(process: psutil.Process | subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)


# The three starters: each brings the same request to the host in its own way.


def start_with_hay_say(household: Household) -> subprocess.Popen[bytes]:
    settings = ("--set", "rate_wpm=170", "--then", "world:controls", "--then-set", "pitch_semitones=-3")
    return household.start(
        "hay_say_lab.cli", "say", SPOKEN, "--voice", "espeak_ng:en-us", "--language", "en", *settings,
        "--seed", str(SEED), "--out", "spoken.wav",
    )  # fmt: skip


def start_with_papermill(household: Household) -> subprocess.Popen[bytes]:
    import nbformat.v4 as nb

    cells = [
        "from hay_say_lab import Lab\nfrom hay_say_lab.domain.request import Request",
        f"Lab().submit(Request.from_json({BODY!r})).result()",
    ]
    document = nb.new_notebook(
        cells=[nb.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path = household.work / "say.ipynb"
    path.write_text(json.dumps(document))
    return household.start("papermill", str(path), str(household.work / "said.ipynb"), "--no-progress-bar")


def start_with_jupyter(household: Household) -> subprocess.Popen[bytes]:
    """A Jupyter server; the request goes through its extension, as a browser's would."""
    port, token = _free_port(), "test-token"
    server = household.start(
        "jupyter_server", f"--ServerApp.port={port}", "--ServerApp.open_browser=False", "--ServerApp.allow_root=True",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={household.work}", "--ServerApp.port_retries=0",
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(f"{url}/api/status?token={token}"), 40, "the Jupyter server did not answer")
    request = urllib.request.Request(
        f"{url}/hay-say/v1/jobs",
        data=json.dumps(BODY).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"token {token}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 201
    return server


STARTERS = {
    "jupyter": start_with_jupyter,
    "hay-say": start_with_hay_say,
    "papermill": start_with_papermill,
}


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
