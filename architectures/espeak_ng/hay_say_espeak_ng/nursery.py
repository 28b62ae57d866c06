"""The worker's side of the nurse: start it, hand it orders, name what went wrong."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hay_say_espeak_ng.frames import HELLO, ORDER, Hangup, packed, receive, send, unpacked
from hay_say_espeak_ng.library import Order, RawEvent, Utterance
from hay_say_espeak_ng.nurse import OVERTIME
from hay_say_lab.errors import InvalidRequest, LabError, WorkerFailed

LIMIT_SECONDS = 60.0            # for one piece, which takes a tenth of a second; see pieces.LONGEST_CHARACTERS
START_SECONDS = 30.0
ASK_SECONDS = 0.5               # how often the worker looks up from waiting
BROKEN_BY_THE_TEXT = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
SHOWN_CHARACTERS = 60


class Nursery:
    """A nurse process, started at the first call and again after it was lost. Use it from one thread at a time."""

    def __init__(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._limit_seconds = limit_seconds
        self._nurse: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._version = ""

    @property
    def process_id(self) -> int | None:
        return self._nurse.pid if self._nurse else None

    @property
    def version(self) -> str:
        """The library's version, such as '1.52.0'. Raises LabError where the library is not installed."""
        self._open()
        return self._version

    def start(self) -> None:
        """Start the nurse now, so that the first order need not wait for it. Raises LabError."""
        self._open()

    def utter(self, order: Order, while_waiting: Callable[[], None] | None = None) -> Utterance:
        """Speak one piece in a fresh child. `while_waiting` is called twice a second and may raise to stop.

        Raises InvalidRequest where the library breaks down on this very text, WorkerFailed where the child was
        lost or took too long. Whatever is raised, no child goes on behind our back.
        """
        channel = self._open()
        patience = time.monotonic() + self._limit_seconds + START_SECONDS     # the nurse keeps the limit, we keep her

        def look_up() -> None:
            if time.monotonic() > patience:
                raise Hangup
            if while_waiting is not None:
                while_waiting()

        finished = False
        try:
            send(channel, ORDER, packed({"order": order.as_json(), "limit_seconds": self._limit_seconds}))
            status, content = receive(channel, look_up)
            finished = True
        except Hangup as hangup:
            raise WorkerFailed("The process that runs espeak-ng ended.", fix="Try again.") from hangup
        finally:
            if not finished:
                self.close()
        return self._judged(order, status, content)

    def close(self) -> None:
        """End the nurse, and with it a child at work."""
        if self._channel is not None:
            self._channel.close()
        if self._nurse is not None:
            self._nurse.kill()
            self._nurse.wait()
        self._channel = self._nurse = None

    def _open(self) -> socket.socket:
        if self._channel is not None:
            return self._channel
        library, data_parent = installed_library()
        ours, theirs = socket.socketpair()
        ours.settimeout(START_SECONDS)
        environment = {name: value for name, value in os.environ.items() if name != "ESPEAK_DATA_PATH"}
        with theirs:
            self._nurse = subprocess.Popen(
                [sys.executable, "-P", "-m", "hay_say_espeak_ng.nurse"]
                + [str(theirs.fileno()), str(library), str(data_parent)],
                pass_fds=(theirs.fileno(),),        # and nothing else of the worker's
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        self._channel = ours
        self._version = self._greeting(ours)
        ours.settimeout(ASK_SECONDS)
        return ours

    def _greeting(self, channel: socket.socket) -> str:
        def too_late() -> None:
            raise Hangup

        problem = "It gave no sign of life."
        try:
            kind, content = receive(channel, too_late)
            greeting, _ = unpacked(content)
            if kind == HELLO and "version" in greeting:
                return str(greeting["version"])
            problem = str(greeting.get("problem", problem))
        except Hangup:
            pass
        self.close()
        raise WorkerFailed(f"espeak-ng does not start. {problem}", fix="Install 'hay-say-espeak-ng[runtime]' anew.")

    def _judged(self, order: Order, status: int, content: bytes) -> Utterance:
        passage = order.text.strip()
        shown = passage if len(passage) <= SHOWN_CHARACTERS else passage[:SHOWN_CHARACTERS] + "..."
        if status == OVERTIME:
            raise WorkerFailed(
                f"espeak-ng was stopped after {self._limit_seconds:g} s on this passage: '{shown}'.",
                field="text.body",
                fix="Try again; if it happens again, change this passage.",
            )
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) in BROKEN_BY_THE_TEXT:
            raise InvalidRequest(
                f"espeak-ng breaks down on this passage: '{shown}'.",
                field="text.body",
                fix="Change or leave out this passage; mixed scripts and rare symbols are the usual cause.",
            )
        if status != 0:
            raise WorkerFailed(
                f"The child that spoke was lost (status {status}) on this passage: '{shown}'.", fix="Try again."
            )
        note, samples = unpacked(content)
        if isinstance(note, dict):
            raise LabError(str(note["refused"]))
        events: list[RawEvent] = [(kind, sample, position, name) for kind, sample, position, name in note]
        return Utterance(bytearray(samples), events)


def installed_library() -> tuple[Path, Path]:
    """(the shared library, the folder that holds 'espeak-ng-data') as espeakng-loader brings them.

    Found without importing the loader. Raises LabError where it is not installed.
    """
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is None or spec.origin is None:
        raise LabError(
            "The espeak-ng library is not installed.", fix="Run: pip install 'hay-say-espeak-ng[runtime]'"
        )
    folder = Path(spec.origin).parent
    suffix = "dylib" if sys.platform == "darwin" else "so"
    return folder / f"libespeak-ng.{suffix}", folder
