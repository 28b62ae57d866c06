"""Keeps the data home within its budgets: looks, plans, lets go; and holds the store against the disk."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hay_say_lab.domain.retention import (
    MB,
    Budgets,
    Holdings,
    Plan,
    Removal,
    owners_use,
    plan,
    use_of,
)
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.errors import LabError
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.storage import uses
from hay_say_lab.storage.backup import back_up
from hay_say_lab.storage.fsck import Findings, examine
from hay_say_lab.storage.home import Home, remove
from hay_say_lab.storage.logs import trim_logs
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.store import JobStore
from hay_say_lab.storage.survey import folder_bytes, survey

log = logging.getLogger(__name__)

SECONDS_BETWEEN_PRUNES = 3600.0
SECONDS_BETWEEN_LOOKS = 15.0        # at the disk's free space
GOING = ".going-"                   # before the name of pieces that are being removed
SECONDS_TO_SETTLE = 60.0            # a host that has just started has better things to do


@dataclass(frozen=True, slots=True)
class Use:
    """What is held: bytes by class, by owner, what is free, and what it may be."""

    classes: dict[str, int]
    owners: dict[str, int]
    free_bytes: int
    budgets: Budgets


class Pruner:
    """One per host. Nothing runs twice at a time."""

    def __init__(
        self,
        *,
        home: Home,
        store: JobStore,
        objects: ObjectStore,
        book: BudgetBook,
        shelf: Shelf,
        idle: Callable[[], bool],
    ) -> None:
        self._home = home
        self._store = store
        self._objects = objects
        self._book = book
        self._shelf = shelf
        self._idle = idle
        self._pruning = asyncio.Lock()
        self._gone: list[str] = []          # objects whose kept results are still to be forgotten
        self.removed_bytes = 0              # since the host started

    async def use(self) -> Use:
        found = await self._found()
        return Use(use_of(found), owners_use(found), found.free_bytes, self._book.budgets)

    async def plan(self, budgets: Budgets | None = None) -> Plan:
        """What a prune under these budgets (None: the set ones) would do now. Changes nothing."""
        return plan(await self._found(), budgets or self._book.budgets, time.time())

    async def prune(self, budgets: Budgets | None = None) -> Plan:
        """Do what `plan` says; what somebody has begun to need meanwhile stays. Gives what was really done."""
        async with self._pruning:
            await self.finish_removals()        # files that were too fresh to go when their rows went
            wanted = await self.plan(budgets)
            done: list[Removal] = []
            if trashed := [removal for removal in wanted.removals if removal.what == "trash"]:
                self.removed_bytes += await self._shelf.empty()
                done += trashed
            for removal in wanted.removals[len(trashed) :]:
                freed = await self._let_go(removal)
                if freed is not None:
                    done.append(Removal(removal.what, removal.name, removal.reason, freed, removal.owner))
            await self._forget_results()
            limit = (budgets or self._book.budgets).logs_mb
            if limit:
                self.removed_bytes += await asyncio.to_thread(trim_logs, self._home.logs, limit * MB)
            if done:
                log.info("pruned %d things, %d bytes", len(done), sum(removal.frees_bytes for removal in done))
            return Plan(tuple(done), wanted.over)

    async def remove_result(self, job: str) -> int:
        """A person lets a job's result go. Returns the bytes that are free because of it."""
        async with self._pruning:
            return await self._let_go(Removal("result", job, "asked for", 0)) or 0

    async def take_back(self, owner: str, clip: str) -> int:
        """A person takes back a recording that they sent. Returns the bytes that are free because of it: none yet where
        the file came a moment ago; the next prune takes it.

        Raises ClipMissing, Conflict.
        """
        async with self._pruning:
            return await self._unlink(await self._store.write(uses.take_back, owner, clip))

    async def fsck(self, *, mend: bool = False, deep: bool = False) -> Findings:
        """Hold store and disk against each other; `deep` reads every object's content. `mend` removes what nobody names."""
        async with self._pruning:
            await self.finish_removals()
            found = await asyncio.to_thread(
                lambda: self._store.read(examine, self._home, self._objects, deep)
            )
            if mend:
                for name in found.orphans:
                    await asyncio.to_thread(self._objects.remove, name)
                await self._forget(list(found.missing))
            return found

    async def back_up(self, name: str) -> Path:
        """Raises InvalidRequest, StorageFailed."""
        async with self._pruning:
            return await asyncio.to_thread(back_up, self._home, name)

    async def finish_removals(self) -> None:
        """What a killed host had begun to remove: its rows are gone, now its files go."""
        names = self._store.read(uses.unfinished_removals)
        await self._unlink(names)
        await self._forget_results()

    async def run(self) -> None:
        """Prune now and then while there is nothing better to do; at once where the disk is nearly full."""
        due = time.monotonic() + SECONDS_TO_SETTLE
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            low = self._free_bytes() < self._book.budgets.disk_floor_mb * MB
            if low or (time.monotonic() >= due and self._idle()):
                due = time.monotonic() + SECONDS_BETWEEN_PRUNES
                try:
                    await self.prune()
                except (LabError, OSError):
                    log.exception("a prune failed; the next one tries again")

    async def _forget(self, names: list[str]) -> None:
        keys = await asyncio.to_thread(self._store.read, uses.results_of, names) if names else []
        if names:
            await self._store.write(uses.forget, names, keys)

    async def _forget_results(self) -> None:
        """Kept results whose sound is gone would only be looked up in vain."""
        names, self._gone = self._gone, []
        keys = await asyncio.to_thread(self._store.read, uses.results_of, names) if names else []
        if keys:
            await self._store.write(uses.forget, [], keys)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._home.root).free

    async def _found(self) -> Holdings:
        found = await asyncio.to_thread(lambda: self._store.read(survey, self._home, self._objects))
        held = await asyncio.to_thread(self._shelf.inventory.held)
        expired = tuple(self._shelf.leaving_trash())
        voices = found.other_bytes["voices"] - held["assets"] - held["trash"]      # with what no document names
        return replace(found, other_bytes={**found.other_bytes, **held, "voices": voices}, expired=expired)

    async def _let_go(self, removal: Removal) -> int | None:
        """Rows, then files. None where there is nothing to let go any more."""
        if removal.what == "leftover":
            return await asyncio.to_thread(self._remove_leftover, removal.name)
        edge: Any = {
            "result": uses.let_result_go,
            "cache": uses.let_cache_go,
            "upload": uses.let_upload_go,
            "orphan": uses.let_orphan_go,
        }[removal.what]
        names = await self._store.write(edge, removal.name)
        if not names and removal.what != "result":
            return None
        return await self._unlink(names)

    async def _unlink(self, names: list[str]) -> int:
        """Bytes freed. A name stays among the removals until its file has gone."""
        freed = 0
        gone = []
        for name in names:
            if self._store.read(uses.is_leaving, name):
                freed += await asyncio.to_thread(self._remove, name)
            if not self._objects.holds(name):
                gone.append(name)
        self._gone += gone
        if gone:
            await self._store.write(uses.gone, gone)
        self.removed_bytes += freed
        return freed

    def _remove_leftover(self, name: str) -> int | None:
        """None where a job has taken its pieces back meanwhile. Out of the way first, so that nobody takes half of them."""
        going = self._home.leftovers / f"{GOING}{name}"
        try:
            os.replace(self._home.leftovers / name, going)
        except FileNotFoundError:
            return None
        freed = folder_bytes(going)
        remove(going)
        self.removed_bytes += freed
        return freed

    def _remove(self, name: str) -> int:
        path = self._objects.path(name)
        size = path.stat().st_size if path.is_file() else 0
        return size if self._objects.remove(name) else 0
