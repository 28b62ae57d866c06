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
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from hay_say_lab.engine.devices import out_of_memory_kills
from hay_say_lab.engine.order import CPU, Done, Failed, LossKind, Order, Outcome, Progress, Stopped, Usage, WorkerLost
from hay_say_lab.engine.patience import PATIENCE, Patience
from hay_say_lab.engine.watch import Watch
from hay_say_lab.errors import WorkerFailed, from_json
from hay_say_lab.worker.platform import worker_environment
from hay_say_lab.worker.protocol import HEAD_BYTES, Frame, frame_length, pack, unpack

log = logging.getLogger(__name__)

LARGEST_MEMORY_MB = 1e8         # a worker that says more is lying
FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)      # nothing that a worker does to itself


@dataclass(frozen=True, slots=True)
class Post:
    """Where a worker is to serve: its number, what it runs, by which interpreter, on which device with how many threads."""

    number: int
    worker: str
    runtime: str
    interpreter: str
    folder: Path
    log_file: Path
    device: str = CPU
    threads: int = 1


class Attendant:
    """One worker. Only the host's event loop touches it; at most one stage is in work."""

    def __init__(
        self, post: Post, process: asyncio.subprocess.Process, line: socket.socket, patience: Patience
    ) -> None:
        self.number = post.number
        self.worker = post.worker
        self.device = post.device
        self.promised_mb = 0.0                      # of the stage in work
        self.seen_mb = 0.0                          # the most that anybody saw it hold
        self.voices: dict[str, str] = {}            # what it has loaded: id -> hash
        self.load_seconds = 0.0                     # of the voice that it loaded last
        self.phase: Literal["load", "run"] = "run"  # of the stage in work
        self.usage: Usage | None = None             # as it told last
        self.code_version = ""
        self.fingerprint: dict[str, Any] = {}
        self.stopping: str | None = None            # the answer that the next checkpoint gets, if not 'continue'
        self._process = process
        self._line = line
        self._patience = patience
        self._lost = False                          # it is dead or as good as dead: nobody may give it work
        self._condemned: str | None = None          # why we ended it, if we did and it was its fault
        self._ended_by_us = False
        self._kills_before = out_of_memory_kills()
        self._asked = False                         # it owes an answer
        self._answered: str | None = None           # what its last checkpoint got
        self._replies: asyncio.Queue[Frame | WorkerLost] = asyncio.Queue()
        self._heard_at = time.monotonic()
        self._watch = Watch(process.pid, patience)
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
    async def start(cls, post: Post, patience: Patience = PATIENCE) -> Attendant:
        """Spawn from the host's main thread, in a session of its own. Raises WorkerLost where it does not say hello."""
        ours, theirs = socket.socketpair()
        try:
            with theirs, _log_of(post) as errors:
                process = await asyncio.create_subprocess_exec(
                    post.interpreter, "-P", "-m", "hay_say_lab.worker", str(theirs.fileno()), str(os.getpid()), post.worker,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    cwd=post.folder,
                    env=worker_environment({**os.environ, "OMP_NUM_THREADS": str(post.threads)}),
                )  # fmt: skip
        except OSError as error:
            ours.close()
            raise WorkerLost(f"it could not be started: {error.strerror}", kind="start") from error
        ours.setblocking(False)
        attendant = cls(post, process, ours, patience)
        nonce = secrets.token_hex(16)
        start = {
            "type": "start", "nonce": nonce, "architecture": post.worker, "runtime": post.runtime,
            "device": post.device, "threads": post.threads, "heartbeat_seconds": patience.heartbeat,
        }  # fmt: skip
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
        self._kills_before = out_of_memory_kills()
        try:
            began, is_new, self.phase = time.monotonic(), not self._has(order), "load"
            failure = await self.load(order)
            if failure is not None:
                return failure
            loaded, self.phase = time.monotonic(), "run"
            self._watch.work(order.atomic_seconds, loaded)
            outcome = self._outcome(await self._ask(order.frame(), self._patience.lease), order)
            return replace(outcome, load_seconds=loaded - began) if isinstance(outcome, Done) and is_new else outcome
        finally:
            self._watch.rest()
            self._order = self._progress = self.stopping = self._answered = None
            if self._escalation is not None:
                self._escalation.cancel()
                self._escalation = None

    async def load(self, order: Order) -> Failed | None:
        """Load an order's voice, unless it is there; one of the same name but with other files goes first."""
        if self._has(order):
            return None
        if order.voice in self.voices:
            await self._send({"type": "unload", "voice": order.voice})
            del self.voices[order.voice]
        began = time.monotonic()
        self._watch.loading(began)
        reply = await self._ask(order.load_frame(), self._patience.lease)
        self._watch.rest()
        with self._reading("answer to a load"):
            if reply["type"] == "failed":
                return self._failed(reply)
            if reply["type"] != "ready" or reply["voice"] != order.voice:
                raise ValueError("something else")
            self.usage = _usage(reply["usage"])
        self.voices[str(order.voice)] = order.voice_hash
        self.load_seconds = time.monotonic() - began
        return None

    def _has(self, order: Order) -> bool:
        return order.voice is None or self.voices.get(order.voice) == order.voice_hash

    def stop_stage(self, answer: str) -> None:
        """Stop the stage in work: at its next checkpoint, else by SIGTERM, else by SIGKILL."""
        if self._order is not None and self.stopping != "cancel":
            self.stopping = answer
            if self._escalation is None:
                self._escalation = asyncio.create_task(self._escalate())

    def make_room(self) -> None:
        """Ask the stage in work to let go at the end of its piece. One that makes no pieces goes on to its end."""
        if self._order is not None and self.stopping is None:
            self.stopping = "yield"

    async def end(self) -> None:
        """End the process: the only release of memory that frameworks honour."""
        self._lost = True
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)       # the reader sees the end; it alone closes the line
        await self._reader

    def kill(self, why: str | None = None) -> None:
        """The process and whatever it started; `why` where it was its own fault."""
        self._lost = self._ended_by_us = True
        self._condemned = self._condemned or why
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _outcome(self, reply: Frame, order: Order) -> Outcome:
        if reply.get("stage") != order.stage or reply.get("token") != order.token:
            raise self._broken("it answered for a stage that it was not given")
        with self._reading("answer to a stage"):
            match reply["type"]:
                case "done":
                    self.usage = _usage(reply["usage"])
                    return Done(_checked_names(reply["files"]), self.usage)
                case "failed":
                    return self._failed(reply)
                case "stopped" if reply["answer"] == self._answered != "continue":
                    return Stopped(reply["answer"])
        raise self._broken(f"it answered a stage with '{reply['type'][:20]}'")

    @staticmethod
    def _failed(reply: Frame) -> Failed:
        usage = _usage(reply["usage"]) if "usage" in reply else None
        return Failed(from_json(reply["error"]), bool(reply["fault"]), bool(reply.get("out_of_memory", False)), usage)

    async def _read(self) -> None:
        """Until the line closes: answer checkpoints at once, hand everything else to whoever waits."""
        try:
            while True:
                head = await self._exactly(HEAD_BYTES)
                frame = unpack(await self._exactly(frame_length(head)))
                self._heard_at = time.monotonic()
                if frame["type"] == "checkpoint":
                    await self._answer(frame)
                elif frame["type"] == "heartbeat":
                    self._beat()
                else:
                    self._take_answer(frame)
        except (EOFError, OSError):
            lost = await self._epitaph()
        except (WorkerFailed, KeyError, TypeError, ValueError) as error:
            lost = self._broken(_in_words(error))
            await self._epitaph()
        self._line.close()
        self._replies.put_nowait(lost)

    def _beat(self) -> None:
        """A worker whose heart beats, but which has stopped asking whether to go on, is ended."""
        hangs = self._watch.beat(time.monotonic())
        if hangs is not None:
            log.error("worker %s (%d) is ended: %s", self.worker, self.pid, hangs)
            self.kill(hangs)

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
        self._watch.checkpoint(time.monotonic())
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
                raise WorkerLost(f"no sign of life for {lease_seconds:.0f} s", kind="lease", fault=False) from None
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
        self._ended_by_us = True
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        await asyncio.sleep(self._patience.terminate)
        self.kill()

    async def _epitaph(self) -> WorkerLost:
        """How the process ended. One that only closed its line is killed, and so is what a dead one had started."""
        self._lost = True
        ended_by_us, closed_only = self._ended_by_us, False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), self._patience.stop)
        if self._process.returncode is None:
            closed_only = True
        self.kill()
        code = await self._process.wait()
        if self._condemned is not None:
            return WorkerLost(self._condemned, kind="hung")
        if code >= 0:
            return WorkerLost(f"it ended with exit status {code}")
        killed = signal.Signals(-code)
        taken = killed == signal.SIGKILL and not ended_by_us and not closed_only and self._grew()
        fault = taken or closed_only or killed not in FROM_OUTSIDE
        why = "the system took it for its memory" if taken else f"it was killed by {killed.name}"
        kind: LossKind = "memory" if taken else "killed"
        return WorkerLost(why, kind=kind, fault=fault, out_of_memory=taken, measured_mb=self.seen_mb)

    def _grew(self) -> bool:
        """Whether it was its memory that somebody killed it for: the system says so, or it held more than it was promised."""
        return out_of_memory_kills() > self._kills_before or 0.0 < self.promised_mb < self.seen_mb

    def _broken(self, what: str) -> WorkerLost:
        log.error("worker %s (%d) broke the protocol: %s", self.worker, self.pid, what)
        why = f"it broke the protocol: {what}"
        self.kill(why)
        return WorkerLost(why, kind="protocol")

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


def _usage(document: Frame) -> Usage:
    """Raises ValueError for what is no memory."""
    return Usage(*(_megabytes(document[name]) for name in ("resident_mb", "peak_mb", "live_mb", "host_mb")))


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


def _log_of(post: Post) -> BinaryIO:
    """Where a worker writes what it has to say: a log is no record, and no reason to start none where the disk refuses."""
    try:
        return post.log_file.open("ab")
    except OSError as error:
        log.warning("worker %s has no log: %s", post.worker, error.strerror)
        return open(os.devnull, "ab")


INTERPRETER = sys.executable
