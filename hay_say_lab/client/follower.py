"""One thread a client: follows the host's events and tells the handles that somebody waits on."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from hay_say_lab.client.answers import JobStatus
from hay_say_lab.client.api import Api
from hay_say_lab.errors import LabError

if TYPE_CHECKING:
    from hay_say_lab.client.handle import Handle

SECONDS_TO_POLL = 20


class Follower:
    """The thread runs while a handle is waited on, and ends when none is."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._handles: set[Handle] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def follow(self, handle: Handle) -> None:
        with self._lock:
            self._handles.add(handle)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
                self._thread.start()

    def leave(self, handle: Handle) -> None:
        with self._lock:
            self._handles.discard(handle)

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
            try:
                news = self.api.get("/events", after=after, wait=SECONDS_TO_POLL if after is not None else 0)
                moved = {event["job"] for event in news["events"]} | set(news["progress"])
                for handle in handles:
                    if after is None or handle.id in moved:
                        handle.told(JobStatus.from_json(self.api.get(f"/jobs/{handle.id}")))
                after = news["last"]
            except LabError:
                time.sleep(1.0)         # the host is being replaced; `Api` has tried for a minute already

    def _watched(self) -> list[Handle]:
        with self._lock:
            handles = [handle for handle in self._handles if not handle.ended]
            if not handles:
                self._thread = None
            return handles
