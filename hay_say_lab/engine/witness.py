"""Watches over the audit log: keeps its newest hash aside, writes refusals down without being flooded, verifies all of it."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from hay_say_lab.domain.deed import Deed
from hay_say_lab.errors import LabError
from hay_say_lab.storage.audit import Head, Verdict, linked, newest, record, verify
from hay_say_lab.storage.store import JobStore

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 2.0
MOST_REFUSALS = 30              # of one caller that are written down in a window
WINDOW_SECONDS = 60.0
MOST_CALLERS = 1000             # whose refusals are counted


class Witness:
    """One per host. Everybody else adds to the log with `store.write(record, Deed(...))`, or inside an edge of theirs."""

    def __init__(self, store: JobStore, head: Path) -> None:
        self._store = store
        self._path = head
        self._head: Head | None = None          # None: the chain is broken, and what is kept aside stays as evidence
        self._refusals: dict[str, _Window] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """At a host's start: follow what was written since the hash was kept aside; begin where there is none."""
        head = await asyncio.to_thread(Head.read, self._path)
        if head is None:
            if self._store.read(newest).number:
                await self._store.write(record, Deed("begin", "audit", detail={"why": "no hash was kept aside"}))
            head = self._store.read(newest)
            await asyncio.to_thread(head.write, self._path)
        self._head = head
        await self.keep()

    async def keep(self) -> None:
        """Keep the newest hash aside, where the chain leads to it."""
        if self._head is None or self._store.read(newest) == self._head:
            return
        head = await asyncio.to_thread(self._store.read, linked, self._head)
        if head is None:
            log.error("the audit log is broken behind row %d: see 'hay-say audit verify'", self._head.number)
        else:
            await asyncio.to_thread(head.write, self._path)
        self._head = head

    async def tend(self) -> None:
        """Keep it again and again."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            try:
                await self.keep()
            except LabError:
                log.exception("the audit log's newest hash could not be kept aside; it is tried again")

    async def verify(self) -> Verdict:
        await self.keep()
        return await asyncio.to_thread(lambda: self._store.read(verify, Head.read(self._path)))

    def refused(self, deed: Deed) -> None:
        """Write a refusal down soon. Of a caller who is refused all the time, so many a minute; then only how many more."""
        window = self._refusals.get(deed.actor)
        now = time.monotonic()
        if window is None or now - window.since > WINDOW_SECONDS:
            left_out = window.count - MOST_REFUSALS if window is not None else 0
            if len(self._refusals) >= MOST_CALLERS:
                self._refusals.clear()
            window = self._refusals[deed.actor] = _Window(now)
            if left_out > 0:
                deed = Deed(deed.action, deed.subject, deed.actor, deed.role, {**deed.detail, "more_before": left_out})
        window.count += 1
        if window.count <= MOST_REFUSALS:
            task = asyncio.get_running_loop().create_task(self._tell(deed))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def close(self) -> None:
        if self._telling:
            await asyncio.wait(self._telling)
        await self.keep()

    async def _tell(self, deed: Deed) -> None:
        try:
            await self._store.write(record, deed)
        except LabError:
            log.exception("a refusal could not be written down")


class _Window:
    """How often somebody was refused since a moment (monotonic seconds)."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.count = 0
