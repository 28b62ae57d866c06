"""Whether an owner gets one more job: not where their quota is full of what nothing may remove."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hay_say_lab.domain.retention import MB, ORPHAN_SECONDS
from hay_say_lab.errors import QuotaFull
from hay_say_lab.storage import uses
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.store import JobStore

SECONDS_KEPT = 5.0              # how long an answer holds: sizes are asked of the disk


class OwnerQuota:
    """`quota_mb` of each owner, 0 for none. What retention can take away counts for nothing here."""

    def __init__(self, store: JobStore, objects: ObjectStore, quota_mb: Callable[[], int]) -> None:
        self._store = store
        self._objects = objects
        self._quota_mb = quota_mb
        self._known: dict[str, tuple[float, int]] = {}      # owner -> when it was looked at, bytes

    async def check(self, owner: str) -> None:
        """Raises QuotaFull."""
        quota_mb = self._quota_mb()
        if not quota_mb:
            return
        looked_at, held = self._known.get(owner, (-SECONDS_KEPT, 0))
        if time.monotonic() - looked_at >= SECONDS_KEPT:
            held = await asyncio.to_thread(self._held_fast, owner)
            self._known[owner] = time.monotonic(), held
        if held >= quota_mb * MB:
            raise QuotaFull(
                f"Your pinned results, recordings of today and those that jobs wait for hold {held / MB:.1f} MB; your quota is "
                f"{quota_mb} MB.",
                field="storage",
                fix="Unpin or remove results ('hay-say jobs unpin', 'hay-say jobs remove'), or have the quota raised (owner_mb).",
            )

    def _held_fast(self, owner: str) -> int:
        """Bytes that no prune takes: pinned, of unfinished jobs, or sent within a day. Runs in any thread."""
        names = self._store.read(uses.held_fast, owner)
        sent = self._store.read(uses.sent_by, owner) - names
        young = time.time() - ORPHAN_SECONDS
        return sum(self._bytes(name) for name in names) + sum(self._bytes(name, since=young) for name in sent)

    def _bytes(self, name: str, since: float = 0.0) -> int:
        """Of an object; 0 where it is gone, or was last used before."""
        try:
            status = self._objects.path(name).stat()
        except FileNotFoundError:
            return 0
        return status.st_size if status.st_mtime > since else 0
