"""Waiting until a device shows that the memory of ended workers is back; what does not come back counts as leaked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from hay_say_lab.engine.devices import Device, Reading

SHARE_SEEN = 0.9                # of what was held, to be seen free again
SECONDS_TO_SEE = 5.0
SECONDS_BETWEEN_LOOKS = 0.02


async def until_freed(device: Device, before: Reading, pids: Collection[int], ours: Collection[int]) -> float:
    """Wait for the memory of the processes `pids`, which have ended, as `before` showed it; `ours` are those that live.

    Returns the MB that are missing after `SECONDS_TO_SEE`, 0 where at least 90 % came back. A device that cannot be read
    is believed.
    """
    held_mb = sum(before.ours_mb.get(pid, 0.0) for pid in pids)
    if held_mb <= 0.0 or not before.readable:
        return 0.0
    deadline = time.monotonic() + SECONDS_TO_SEE
    while True:
        reading = await asyncio.to_thread(device.read, list(ours))
        missing_mb = max(0.0, reading.foreign_mb - before.foreign_mb)
        if not reading.readable or missing_mb <= (1.0 - SHARE_SEEN) * held_mb:
            return 0.0
        if time.monotonic() >= deadline:
            return min(missing_mb, held_mb)
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
