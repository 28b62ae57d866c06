"""Imports on their way: which go next, how far they are, and how they go on after a kill. One voice, however often."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hay_say_lab.domain.canonical import is_sha256, new_id
from hay_say_lab.domain.imports import LONGEST_SOURCE, Import, ImportOrder
from hay_say_lab.domain.job import State
from hay_say_lab.domain.voice import is_slug
from hay_say_lab.engine.bringing import Bringing, Progress, Workshop
from hay_say_lab.errors import Fix, Full, InvalidRequest, LabError, Problem, WorkerFailed, headline
from hay_say_lab.library.plan import Plan
from hay_say_lab.storage import imports as rows
from hay_say_lab.storage.home import disk_refused, remove
from hay_say_lab.storage.rows import now

log = logging.getLogger(__name__)

LANE = "download"
MOST_AT_ONCE = 3
MOST_WAITING = 500
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_STOP = 15.0
SECONDS_TO_GO_ON = 24 * 3600        # with what a failed one has fetched


@dataclass(slots=True)
class _UnderWay:
    owner: str
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = field(default_factory=Progress)
    cancelled: bool = False
    task: asyncio.Task[None] | None = None


class Imports:
    """One per host. `run` starts what waits until `close`; `paused` tells whether the lane is stopped."""

    def __init__(self, workshop: Workshop, paused: Callable[[], bool], ring: Callable[[], None]) -> None:
        self._workshop = workshop
        self._store = workshop.store
        self._paused = paused
        self._ring = ring
        self._under_way: dict[str, _UnderWay] = {}
        self._wake = asyncio.Event()
        self._open = True

    # What people ask for.

    async def submit(self, owner: str, role: str, order: ImportOrder) -> Import:
        """Raises InvalidRequest, Full."""
        self._check(order)
        if len(self._store.read(rows.queued)) >= MOST_WAITING:
            raise Full(f"{MOST_WAITING} imports wait already.", field="import", fix="Come again later.", retry_after_seconds=60.0)
        at = now()
        made = await self._store.write(rows.enqueue, Import(new_id(), owner, role, State.QUEUED, "resolve", order, at, at))
        self._wake.set()
        return made

    async def plan(self, owner: str, order: ImportOrder) -> Plan:
        """What its source comes to; nothing is fetched but lists. Raises LabError."""
        self._check(order)
        return await asyncio.to_thread(self._workshop.resolve, owner, order.source, threading.Event())

    def get(self, name: str) -> Import:
        """Raises ImportMissing."""
        return self._store.read(rows.get, name)

    def progress(self, name: str) -> Progress | None:
        """Of one that runs now."""
        found = self._under_way.get(name)
        return found.progress if found is not None else None

    async def cancel(self, name: str) -> Import:
        """Nothing of it stays. Raises ImportMissing, IllegalTransition, Conflict."""
        found = await self._store.write(rows.cancel, name)
        carried = self._under_way.get(name)
        if carried is not None and found.state is State.CANCELLING:
            carried.cancelled = True
            carried.stop.set()
        if found.ended:
            await asyncio.to_thread(remove, self._workshop.folder(name))
        return found

    async def retry(self, name: str) -> Import:
        """Raises ImportMissing, IllegalTransition."""
        found = await self._store.write(rows.retry, name)
        self._wake.set()
        return found

    # The host's own life.

    async def recover(self) -> None:
        """After a start: what an earlier host had under way goes on; what nobody goes on with is swept."""
        count = await self._store.write(rows.host_changed)
        if count:
            log.info("took over %d imports of an earlier host", count)
        await asyncio.to_thread(self.sweep)
        self._wake.set()

    def sweep(self) -> None:
        oldest = datetime.now(UTC) - timedelta(seconds=SECONDS_TO_GO_ON)
        keep = self._store.read(rows.kept_folders, oldest.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        root = self._workshop.home.imports
        for folder in root.iterdir() if root.is_dir() else ():
            if folder.name not in keep:
                remove(folder)

    @property
    def idle(self) -> bool:
        """None waits or runs."""
        return not self._under_way and self._store.read(rows.unfinished) == 0

    async def run(self) -> None:
        while self._open:
            waits = False
            with contextlib.suppress(LabError):             # a database that refuses: looked at again
                waits = await self._start_some()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SECONDS_BETWEEN_LOOKS if waits else None)
            self._wake.clear()

    async def close(self) -> None:
        """What runs is left as it is; its rows wait for the next host."""
        self._open = False
        self._wake.set()
        for carried in self._under_way.values():
            carried.stop.set()
        tasks = [carried.task for carried in self._under_way.values() if carried.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=SECONDS_TO_STOP)

    # One after another.

    async def _start_some(self) -> bool:
        """As many as may run. True while some wait."""
        waiting = [(name, owner) for name, owner in self._store.read(rows.queued) if name not in self._under_way]
        while waiting and self._open and not self._paused() and len(self._under_way) < MOST_AT_ONCE:
            busy = Counter(carried.owner for carried in self._under_way.values())
            name, owner = min(waiting, key=lambda one: (busy[one[1]], one[0]))      # whoever has least under way
            waiting.remove((name, owner))
            claimed = await self._store.write(rows.started, name)
            if claimed is not None:
                carried = self._under_way[name] = _UnderWay(owner)
                carried.task = asyncio.get_running_loop().create_task(self._carry(claimed, carried))
        return bool(waiting)

    async def _carry(self, found: Import, carried: _UnderWay) -> None:
        try:
            await Bringing(self._workshop, found, carried.stop, carried.progress).run()
            error: LabError | None = None
        except LabError as failure:
            error = failure
        except OSError as refused:
            error = disk_refused(refused)
        except Exception:
            log.exception("import %s failed", found.id)
            error = WorkerFailed("The host failed while it imported the voice.", fix="See its log.")
        try:
            if error is not None and (carried.cancelled or self._open):     # a closing host leaves its rows to the next one
                await self._ended(found, carried, error)
            if self.get(found.id).state in (State.SUCCEEDED, State.CANCELLED):
                await asyncio.to_thread(remove, self._workshop.folder(found.id))
        except LabError:
            log.exception("the end of import %s could not be written; the next host takes it over", found.id)
        finally:
            del self._under_way[found.id]
            self._wake.set()
            self._ring()

    async def _ended(self, found: Import, carried: _UnderWay, error: LabError) -> None:
        if carried.cancelled:
            await self._store.write(rows.stopped, found.id)
        else:
            log.info("import %s failed: %s", found.id, error.code)
            await self._store.write(rows.failed, found.id, error.as_json())

    def _check(self, order: ImportOrder) -> None:
        """Raises InvalidRequest with all that can be said without looking anywhere."""
        problems = []
        if not order.source.strip() or len(order.source) > LONGEST_SOURCE:
            problems.append(Problem("source", "The import names no source.", Fix("Give a path or an address.")))
        if order.name and not is_slug(order.name):
            problems.append(
                Problem("name", f"'{order.name[:80]}' cannot be a voice's name.", Fix("Use 1 to 64 of a-z, 0-9, '.', '_', '+', '-'."))
            )
        if order.architecture and order.architecture not in self._workshop.architectures.manifests:
            known = ", ".join(sorted(self._workshop.architectures.manifests))
            problems.append(Problem("architecture", f"There is no architecture '{order.architecture[:40]}' here.", Fix(f"Here are: {known}.")))
        if order.sha256 and not is_sha256(order.sha256):
            problems.append(Problem("sha256", "That is no sha256.", Fix("Give its 64 hex digits, or leave it out.")))
        if problems:
            raise InvalidRequest(headline(problems), problems=problems)
