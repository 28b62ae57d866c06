"""One thread a client: follows the host's events and tells the handles that somebody waits on, and whoever listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from hay_say_lab.client.answers import JobStatus
from hay_say_lab.client.api import Api
from hay_say_lab.errors import HostUnreachable, LabError

if TYPE_CHECKING:
    from hay_say_lab.client.handle import Handle

SECONDS_TO_POLL = 20
SECONDS_BETWEEN_TRIES = 1.0
MOST_TRIES = 3                  # in vain, each as long as `Api` tries; then whoever waits is told


class Listener(Protocol):
    """Hears all news of the owner, on the follower's thread: it must not wait."""

    def news(self, events: list[dict[str, Any]], progress: Mapping[str, Any]) -> None: ...

    def connection(self, connected: bool) -> None: ...


class Follower:
    """The thread runs while a handle is waited on or somebody listens, and ends when nobody does."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._handles: set[Handle] = set()
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._in_vain: dict[Handle, int] = {}
        self._told: dict[Listener, bool] = {}

    def follow(self, handle: Handle) -> None:
        with self._lock:
            self._handles.add(handle)
            self._start()

    def listen(self, listener: Listener) -> None:
        """From now on `listener` hears the news; twice is once."""
        with self._lock:
            self._listeners.add(listener)
            self._start()

    def unlisten(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)
            self._told.pop(listener, None)

    def leave(self, handle: Handle) -> None:
        with self._lock:
            self._handles.discard(handle)
            self._in_vain.pop(handle, None)

    def story(self, job_id: str) -> list[dict[str, Any]]:
        """All events of a job, in order."""
        events: list[dict[str, Any]] = []
        while page := self.api.get("/events", job=job_id, after=events[-1]["number"] if events else 0)["events"]:
            events += page
        return events

    def _start(self) -> None:
        """The caller holds the lock."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """Wait for anything of this owner's to happen; ask anew for the jobs that it happened to."""
        after: int | None = None
        while self._has_audience():
            moved: set[str] | None = None           # anybody's job may have moved
            try:
                news = self.api.get("/events", after=after, wait=SECONDS_TO_POLL if after is not None else 0)
                if after is not None:
                    moved = {event["job"] for event in news["events"]} | set(news["progress"])
                self._tell(news["events"], news["progress"])
                after = news["last"]
            except (LabError, KeyError, TypeError):
                self._tell_connection(False)
                time.sleep(SECONDS_BETWEEN_TRIES)   # the host is being replaced, or too many listen: ask for each job
            for handle in self._watched():
                if moved is None or handle.id in moved:
                    self._ask(handle)

    def _tell(self, events: list[dict[str, Any]], progress: Mapping[str, Any]) -> None:
        self._tell_connection(True)
        if events or progress:
            for listener in self._heard_by():
                listener.news(events, progress)

    def _tell_connection(self, connected: bool) -> None:
        """To each listener once, and again when it changes."""
        for listener in self._heard_by():
            if self._told.get(listener) != connected:
                self._told[listener] = connected
                listener.connection(connected)

    def _heard_by(self) -> list[Listener]:
        with self._lock:
            return list(self._listeners)

    def _ask(self, handle: Handle) -> None:
        try:
            asked_at = time.monotonic()
            handle.told(JobStatus.from_json(self.api.get(f"/jobs/{handle.id}")), asked_at)
        except LabError as error:
            self._in_vain[handle] = self._in_vain.get(handle, 0) + 1
            if error.retry != "safe" or self._in_vain[handle] >= MOST_TRIES:
                handle.lost(error)
        except (KeyError, TypeError, ValueError) as odd:
            handle.lost(HostUnreachable(f"The host tells of the job in an unknown way ({type(odd).__name__}).", field="host"))
        else:
            self._in_vain.pop(handle, None)

    def _watched(self) -> list[Handle]:
        with self._lock:
            return [handle for handle in self._handles if not handle.ended and handle.failure is None]

    def _has_audience(self) -> bool:
        """Where nobody is left the thread ends, and the next who comes starts another."""
        with self._lock:
            waited = any(not handle.ended and handle.failure is None for handle in self._handles)
            if not waited and not self._listeners:
                self._thread = None
                self._told.clear()
            return waited or bool(self._listeners)
