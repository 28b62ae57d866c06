"""The host's side of one worker process: start it, talk to it, notice its death, end it.

A worker that breaks the protocol (another stage's name, a stale token, a huge frame, a path in a result) is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hay_say_lab.errors import LabError, WorkerFailed, from_json
from hay_say_lab.worker.platform import worker_environment
from hay_say_lab.worker.protocol import HEAD_BYTES, Frame, frame_length, pack, unpack

log = logging.getLogger(__name__)

LEASE_SECONDS = 20.0            # without any frame: heartbeats come four times as often
START_SECONDS = 60.0            # importing a runtime
SECONDS_TO_CHECKPOINT = 2.0     # a stage that is to stop gets this long, then SIGTERM
SECONDS_TO_TERMINATE = 5.0      # then SIGKILL

Progress = Callable[[float, str], None]


class WorkerLost(Exception):
    """The worker died or was killed; `reason` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Order:
    """One stage for a worker: what to do, with which objects, where to write. `token` is the claim's."""

    stage: str
    token: int
    task: str
    out: Path
    pieces: Path
    voice: str | None = None
    voice_files: Mapping[str, Path] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    text: Mapping[str, Any] | None = None
    seed: int = 0
    inputs: Mapping[str, Path] = field(default_factory=dict)

    def frame(self) -> Frame:
        return {
            "type": "run",
            "stage": self.stage,
            "token": self.token,
            "task": self.task,
            "voice": self.voice,
            "settings": dict(self.settings),
            "text": None if self.text is None else dict(self.text),
            "seed": self.seed,
            "inputs": {role: str(path) for role, path in self.inputs.items()},
            "out": str(self.out),
            "pieces": str(self.pieces),
        }


@dataclass(frozen=True, slots=True)
class Done:
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failed:
    error: LabError
    fault: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    answer: str


Outcome = Done | Failed | Stopped


class Attendant:
    """One worker. Only the host's event loop touches it; at most one stage is in work."""

    def __init__(self, number: int, worker: str, process: asyncio.subprocess.Process, line: socket.socket) -> None:
        self.number = number
        self.worker = worker
        self.memory_mb = 0.0
        self.voices: set[str] = set()
        self.code_version = ""
        self.fingerprint: dict[str, Any] = {}
        self.used_at = time.monotonic()
        self.stopping: str | None = None            # the answer that the next checkpoint gets, if not 'continue'
        self._process = process
        self._line = line
        self._replies: asyncio.Queue[Frame | WorkerLost] = asyncio.Queue()
        self._heard_at = time.monotonic()
        self._order: Order | None = None
        self._progress: Progress | None = None
        self._escalation: asyncio.Task[None] | None = None
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._reader.done()

    @classmethod
    async def start(
        cls, number: int, worker: str, runtime: str, *, interpreter: str, folder: Path, log_file: Path
    ) -> Attendant:
        """Spawn from the host's main thread, in a session of its own. Raises WorkerLost where it does not say hello."""
        ours, theirs = socket.socketpair()
        with log_file.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                interpreter, "-P", "-m", "hay_say_lab.worker", str(theirs.fileno()), str(os.getpid()), worker,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                cwd=folder,
                env=worker_environment(dict(os.environ)),
            )  # fmt: skip
        theirs.close()
        ours.setblocking(False)
        attendant = cls(number, worker, process, ours)
        nonce = secrets.token_hex(16)
        await attendant._send({"type": "start", "nonce": nonce, "architecture": worker, "runtime": runtime})
        hello = await attendant._reply(START_SECONDS)
        if hello["type"] != "hello" or hello.get("nonce") != nonce:
            raise attendant._broken("it did not answer the start with its nonce")
        attendant.code_version = str(hello["code_version"])
        attendant.fingerprint = dict(hello["fingerprint"])
        return attendant

    async def run(self, order: Order, progress: Progress) -> Outcome:
        """Load the voice where it is new, then do the stage. Raises WorkerLost."""
        self._order, self._progress = order, progress
        try:
            if order.voice is not None and order.voice not in self.voices:
                failure = await self._load(order)
                if failure is not None:
                    return failure
            await self._send(order.frame())
            return self._outcome(await self._reply(LEASE_SECONDS), order)
        finally:
            self._order = self._progress = self.stopping = None
            self.used_at = time.monotonic()
            if self._escalation is not None:
                self._escalation.cancel()
                self._escalation = None

    def stop_stage(self, answer: str) -> None:
        """Stop the stage in work: at its next checkpoint, else by SIGTERM, else by SIGKILL."""
        if self._order is not None and self.stopping != "cancel":
            self.stopping = answer
            if self._escalation is None:
                self._escalation = asyncio.create_task(self._escalate())

    async def end(self) -> None:
        """End the process: the only release of memory that frameworks honour."""
        self._line.close()
        try:
            await asyncio.wait_for(self._process.wait(), SECONDS_TO_CHECKPOINT)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        self._reader.cancel()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _load(self, order: Order) -> Failed | None:
        files = {role: str(path) for role, path in order.voice_files.items()}
        await self._send({"type": "load", "voice": order.voice, "files": files})
        reply = await self._reply(LEASE_SECONDS)
        if reply["type"] == "failed":
            return Failed(from_json(reply["error"]), bool(reply["fault"]))
        if reply["type"] != "ready" or reply.get("voice") != order.voice:
            raise self._broken("it answered a load with something else")
        self.voices.add(str(order.voice))
        self.memory_mb = float(reply["memory_mb"])
        return None

    def _outcome(self, reply: Frame, order: Order) -> Outcome:
        if reply.get("stage") != order.stage or reply.get("token") != order.token:
            raise self._broken("it answered for a stage that it was not given")
        match reply["type"]:
            case "done":
                self.memory_mb = float(reply["memory_mb"])
                return Done(_checked_names(reply["files"], self))
            case "failed":
                return Failed(from_json(reply["error"]), bool(reply["fault"]))
            case "stopped":
                return Stopped(str(reply["answer"]))
        raise self._broken(f"it answered a stage with '{reply['type']}'")

    async def _read(self) -> None:
        """Until the line closes: answer checkpoints at once, hand everything else to whoever waits."""
        try:
            while True:
                head = await self._exactly(HEAD_BYTES)
                frame = unpack(await self._exactly(frame_length(head)))
                self._heard_at = time.monotonic()
                if frame["type"] == "checkpoint":
                    await self._answer(frame)
                elif frame["type"] != "heartbeat":
                    self._replies.put_nowait(frame)
        except (EOFError, OSError):
            self._replies.put_nowait(WorkerLost(await self._epitaph()))
        except (WorkerFailed, KeyError, TypeError, ValueError) as error:
            log.error("worker %s (%d) broke the protocol: %s", self.worker, self.pid, error)
            self.kill()
            self._replies.put_nowait(WorkerLost(f"it broke the protocol: {error}"))

    async def _answer(self, frame: Frame) -> None:
        order = self._order
        if order is None or frame["stage"] != order.stage or frame["token"] != order.token:
            raise WorkerFailed("a checkpoint for a stage that it was not given")
        if self._progress is not None:
            self._progress(float(frame["fraction"]), str(frame["message"])[:200])
        answer = self.stopping or "continue"
        await self._send({"type": "answer", "stage": order.stage, "token": order.token, "answer": answer})

    async def _reply(self, lease_seconds: float) -> Frame:
        """The next frame that is an answer. Raises WorkerLost at its death, or after a silence of `lease_seconds`."""
        while True:
            quiet = time.monotonic() - self._heard_at
            try:
                reply = await asyncio.wait_for(self._replies.get(), max(0.05, lease_seconds - quiet))
            except TimeoutError:
                if time.monotonic() - self._heard_at < lease_seconds:
                    continue
                self.kill()
                raise WorkerLost(f"no sign of life for {lease_seconds:.0f} s") from None
            if isinstance(reply, WorkerLost):
                raise reply
            return reply

    async def _exactly(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        received = bytearray()
        while len(received) < count:
            part = await loop.sock_recv(self._line, count - len(received))
            if not part:
                raise EOFError
            received += part
        return bytes(received)

    async def _send(self, frame: Frame) -> None:
        """A line that is closed already is noticed by the reader, which tells who waits."""
        self._heard_at = max(self._heard_at, time.monotonic())
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._line, pack(frame))

    async def _escalate(self) -> None:
        await asyncio.sleep(SECONDS_TO_CHECKPOINT)
        self._process.send_signal(signal.SIGTERM)
        await asyncio.sleep(SECONDS_TO_TERMINATE)
        self.kill()

    async def _epitaph(self) -> str:
        code = await self._process.wait()
        return f"it was killed by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit status {code}"

    def _broken(self, what: str) -> WorkerLost:
        log.error("worker %s (%d) broke the protocol: %s", self.worker, self.pid, what)
        self.kill()
        return WorkerLost(f"it broke the protocol: {what}")


def _checked_names(files: Any, attendant: Attendant) -> dict[str, str]:
    """Role -> plain file name; anything that could point elsewhere breaks the protocol."""
    if not isinstance(files, dict):
        raise attendant._broken("its files are no table")
    for role, name in files.items():
        if not (isinstance(role, str) and isinstance(name, str)) or os.path.basename(name) != name or not name:
            raise attendant._broken("a result is no plain file name")
    return dict(files)


INTERPRETER = sys.executable
