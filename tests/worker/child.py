"""A real worker process, driven over a real socket pair by a test that plays the host."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from hay_say_lab.worker.platform import worker_environment
from hay_say_lab.worker.protocol import Frame, Line

PARROT = {"architecture": "parrot", "runtime": "hay_say_parrot.runtime:Parrot"}
AUDIO = {"architecture": "audio", "runtime": "hay_say_lab.worker.audio:AudioRuntime"}
WHOLE = {"longest_seconds": None, "longest_characters": None, "pools": False}
QUIET = {"beeps": 1, "tune": "ceg", "seconds_of_work": 0.0, "crash": "no"}


class Child:
    """One worker and our end of its line."""

    def __init__(self, folder: Path, more_environment: dict[str, str] | None = None) -> None:
        ours, theirs = socket.socketpair()
        ours.settimeout(20)
        self.socket = ours
        self.line = Line(ours)
        self.folder = folder
        self.log = folder / "worker.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hay_say_lab.worker", str(theirs.fileno()), str(os.getpid())],
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=worker_environment(dict(os.environ)) | (more_environment or {}),
            )
        theirs.close()

    def start(self, nonce: str = "n", **which: str) -> Frame:
        return self.ask({"type": "start", "nonce": nonce, **(which or PARROT)})

    def ask(self, frame: Frame) -> Frame:
        """Send a frame and receive the next one that is no heartbeat."""
        self.line.send(frame)
        return self.next()

    def next(self) -> Frame:
        while True:
            frame = self.line.receive()
            assert frame is not None, f"the worker left: {self.log.read_text()}"
            if frame["type"] != "heartbeat":
                return frame

    def load(self, voice: str = "parrot:polly") -> Frame:
        return self.ask({"type": "load", "voice": voice, "files": {}})

    def order(self, body: str = "one two three", **changes: Any) -> Frame:
        """A run frame: the parrot speaks."""
        settings = {**QUIET, **changes.pop("settings", {})}
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        return {
            "type": "run", "stage": "job/0", "token": 1, "task": "speak", "voice": "parrot:polly", "settings": settings,
            "text": {
                "body": body, "language": None, "markup": "plain", "spoken_language": None,
                "contract": {"markups": ["plain"], "longest_characters": 1000, "ssml_elements": []},
            }, "seed": 7, "limits": WHOLE, "inputs": {}, "out": str(out),
            "pieces": str(self.folder / "pieces"), **changes,
        }  # fmt: skip

    def run(self, answers: tuple[str, ...] = (), **changes: Any) -> tuple[Frame, list[Frame]]:
        """Run a stage, answering its checkpoints in turn and then with 'continue'; what it came to, and its checkpoints."""
        order = self.order(**changes)
        name = {"stage": order["stage"], "token": order["token"]}
        frame, checkpoints = self.ask(order), []
        while frame["type"] == "checkpoint":
            answer = answers[len(checkpoints)] if len(checkpoints) < len(answers) else "continue"
            checkpoints.append(frame)
            frame = self.ask({"type": "answer", **name, "answer": answer})
        return frame, checkpoints

    def leave(self) -> int:
        """Close our end; the worker's exit status."""
        self.socket.close()
        return self.process.wait(timeout=10)


@contextlib.contextmanager
def worker(folder: Path, more_environment: dict[str, str] | None = None) -> Iterator[Child]:
    """A worker that is gone at the end, whatever the test did, with everything that it started."""
    child = Child(folder, more_environment)
    try:
        yield child
    finally:
        family = [*psutil.Process(child.process.pid).children(recursive=True)] if child.process.poll() is None else []
        child.socket.close()
        try:
            child.process.wait(timeout=5)
        finally:
            child.process.kill()
            child.process.wait()
        gone(*(process.pid for process in family))


def gone(*pids: int, seconds: float = 5.0) -> None:
    """Waits until none of these processes lives; fails where one does."""
    deadline = time.monotonic() + seconds
    while alive := [pid for pid in pids if _alive(pid)]:
        assert time.monotonic() < deadline, f"still alive: {alive}"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
