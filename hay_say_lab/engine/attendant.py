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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hay_say_lab.errors import LabError, WorkerFailed, from_json
from hay_say_lab.worker.platform import worker_environment
from hay_say_lab.worker.protocol import HEAD_BYTES, Frame, frame_length, pack, unpack

log = logging.getLogger(__name__)

LARGEST_MEMORY_MB = 1e8         # a worker that says more is lying

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds, the host waits for a worker before it goes on without it."""

    lease: float = 20.0         # without any frame: heartbeats come four times as often
    start: float = 60.0         # importing a runtime
    stop: float = 2.0           # to the next checkpoint, or to its end once the line is closed; then SIGTERM
    terminate: float = 5.0      # then SIGKILL


PATIENCE = Patience()


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
    limits: Mapping[str, Any] = field(default_factory=dict)     # as Offer.limits; none of the audio worker's own tasks
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
            "limits": dict(self.limits),
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

    def __init__(
        self, number: int, worker: str, process: asyncio.subprocess.Process, line: socket.socket, patience: Patience
    ) -> None:
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
        self._patience = patience
        self._lost = False                          # it is dead or as good as dead: nobody may give it work
        self._asked = False                         # it owes an answer
        self._answered: str | None = None           # what its last checkpoint got
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
        return not self._lost

    @classmethod
    async def start(
        cls,
        number: int,
        worker: str,
        runtime: str,
        *,
        interpreter: str,
        folder: Path,
        log_file: Path,
        patience: Patience = PATIENCE,
    ) -> Attendant:
        """Spawn from the host's main thread, in a session of its own. Raises WorkerLost where it does not say hello."""
        ours, theirs = socket.socketpair()
        try:
            with theirs, log_file.open("ab") as errors:
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
        except OSError as error:
            ours.close()
            raise WorkerLost(f"it could not be started: {error.strerror}") from error
        ours.setblocking(False)
        attendant = cls(number, worker, process, ours, patience)
        nonce = secrets.token_hex(16)
        start = {"type": "start", "nonce": nonce, "architecture": worker, "runtime": runtime}
        hello = await attendant._ask(start, patience.start)
        with attendant._reading("answer to the start"):
            if hello["type"] != "hello" or hello["nonce"] != nonce:
                raise ValueError("another nonce")
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
            return self._outcome(await self._ask(order.frame(), self._patience.lease), order)
        finally:
            self._order = self._progress = self.stopping = self._answered = None
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
        self._lost = True
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)       # the reader sees the end; it alone closes the line
        await self._reader

    def kill(self) -> None:
        """The process and whatever it started."""
        self._lost = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _load(self, order: Order) -> Failed | None:
        files = {role: str(path) for role, path in order.voice_files.items()}
        reply = await self._ask({"type": "load", "voice": order.voice, "files": files}, self._patience.lease)
        with self._reading("answer to a load"):
            if reply["type"] == "failed":
                return Failed(from_json(reply["error"]), bool(reply["fault"]))
            if reply["type"] != "ready" or reply["voice"] != order.voice:
                raise ValueError("something else")
            self.memory_mb = _megabytes(reply["memory_mb"])
        self.voices.add(str(order.voice))
        return None

    def _outcome(self, reply: Frame, order: Order) -> Outcome:
        if reply.get("stage") != order.stage or reply.get("token") != order.token:
            raise self._broken("it answered for a stage that it was not given")
        with self._reading("answer to a stage"):
            match reply["type"]:
                case "done":
                    self.memory_mb = _megabytes(reply["memory_mb"])
                    return Done(_checked_names(reply["files"]))
                case "failed":
                    return Failed(from_json(reply["error"]), bool(reply["fault"]))
                case "stopped" if reply["answer"] == self._answered != "continue":
                    return Stopped(reply["answer"])
        raise self._broken(f"it answered a stage with '{reply['type'][:20]}'")

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
                    self._take_answer(frame)
        except (EOFError, OSError):
            reason = await self._epitaph()
        except (WorkerFailed, KeyError, TypeError, ValueError) as error:
            reason = self._broken(_in_words(error)).reason
            await self._epitaph()
        self._line.close()
        self._replies.put_nowait(WorkerLost(reason))

    def _take_answer(self, frame: Frame) -> None:
        if not self._asked:
            raise WorkerFailed(f"it sent '{frame['type'][:20]}' before it was asked")
        self._asked = False
        self._replies.put_nowait(frame)

    async def _answer(self, frame: Frame) -> None:
        order = self._order
        if order is None or frame["stage"] != order.stage or frame["token"] != order.token:
            raise WorkerFailed("a checkpoint for a stage that it was not given")
        fraction = float(frame["fraction"])
        if not 0.0 <= fraction <= 1.0:
            raise WorkerFailed("a share of the work that is none")
        if self._progress is not None:
            self._progress(fraction, str(frame["message"])[:200])
        self._answered = answer = self.stopping or "continue"
        await self._send({"type": "answer", "stage": order.stage, "token": order.token, "answer": answer})

    async def _ask(self, frame: Frame, lease_seconds: float) -> Frame:
        """Send a frame and wait for its answer. Raises WorkerLost."""
        self._asked = True
        await self._send(frame)
        return await self._reply(lease_seconds)

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
        await asyncio.sleep(self._patience.stop)
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        await asyncio.sleep(self._patience.terminate)
        self.kill()

    async def _epitaph(self) -> str:
        """How the process ended. One that only closed its line is killed, and so is what a dead one had started."""
        self._lost = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), self._patience.stop)
        self.kill()
        code = await self._process.wait()
        return f"it was killed by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit status {code}"

    def _broken(self, what: str) -> WorkerLost:
        log.error("worker %s (%d) broke the protocol: %s", self.worker, self.pid, what)
        self.kill()
        return WorkerLost(f"it broke the protocol: {what}")

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        """A frame that is not as the protocol says breaks it, in whatever way it differs."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise self._broken(f"its {what} cannot be read ({type(error).__name__})") from None


def _in_words(error: Exception) -> str:
    """What a worker sent may be anything: only our own sentences are repeated."""
    return str(error) if isinstance(error, WorkerFailed) else f"a frame that cannot be read ({type(error).__name__})"


def _megabytes(value: Any) -> float:
    """Raises ValueError for what is no memory."""
    megabytes = float(value)
    if not 0.0 <= megabytes < LARGEST_MEMORY_MB:
        raise ValueError(megabytes)
    return megabytes


def _checked_names(files: dict[str, str]) -> dict[str, str]:
    """Role -> plain file name. Raises ValueError for anything that could point elsewhere."""
    for role, name in files.items():
        if not isinstance(name, str) or os.path.basename(name) != name or name in ("", ".", "..") or "\0" in name:
            raise ValueError(role)
    return dict(files)


INTERPRETER = sys.executable
