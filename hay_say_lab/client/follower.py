"""One thread a client: follows the host's events and tells the handles that somebody waits on."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from hay_say_lab.client.answers import JobStatus
from hay_say_lab.client.api import Api
from hay_say_lab.errors import HostUnreachable, LabError

if TYPE_CHECKING:
    from hay_say_lab.client.handle import Handle

SECONDS_TO_POLL = 20
SECONDS_BETWEEN_TRIES = 1.0
MOST_TRIES = 3                  # in vain, each as long as `Api` tries; then whoever waits is told


class Follower:
    """The thread runs while a handle is waited on, and ends when none is."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._handles: set[Handle] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._in_vain: dict[Handle, int] = {}

    def follow(self, handle: Handle) -> None:
        with self._lock:
            self._handles.add(handle)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
                self._thread.start()

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

    def _run(self) -> None:
        """Wait for anything of this owner's to happen; ask anew for the jobs that it happened to."""
        after: int | None = None
        while handles := self._watched():
            moved: set[str] | None = None           # anybody's job may have moved
            try:
                news = self.api.get("/events", after=after, wait=SECONDS_TO_POLL if after is not None else 0)
                if after is not None:
                    moved = {event["job"] for event in news["events"]} | set(news["progress"])
                after = news["last"]
            except (LabError, KeyError, TypeError):
                time.sleep(SECONDS_BETWEEN_TRIES)   # the host is being replaced, or too many listen: ask for each job
            for handle in handles:
                if moved is None or handle.id in moved:
                    self._ask(handle)

    def _ask(self, handle: Handle) -> None:
        try:
            handle.told(JobStatus.from_json(self.api.get(f"/jobs/{handle.id}")))
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
            handles = [handle for handle in self._handles if not handle.ended and handle.failure is None]
            if not handles:
                self._thread = None
            return handles
