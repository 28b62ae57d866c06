"""Who waits for news: streams and long polls wake when a commit brought events or a job moved on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tick:
    """The last known progress of a running job: never stored, only the newest is kept."""

    stage: int
    task: str
    fraction: float
    message: str

    def as_json(self) -> dict[str, object]:
        return {"stage": self.stage, "task": self.task, "fraction": self.fraction, "message": self.message}


@dataclass(slots=True)
class News:
    """One bell for all listeners; what is new they read themselves, from the rows and from `ticks`."""

    ticks: dict[str, Tick] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)       # job -> why it waits, in words
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _ticked_at: float = 0.0

    def ring(self) -> None:
        """Wake everybody who waits now."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    def tick(self, job: str, tick: Tick) -> None:
        """Keep a job's progress; wakes listeners at most four times a second."""
        self.ticks[job] = tick
        if time.monotonic() - self._ticked_at >= 0.25:
            self._ticked_at = time.monotonic()
            self.ring()

    def forget(self, job: str) -> None:
        self.ticks.pop(job, None)
        self.waiting.pop(job, None)

    async def wait(self, seconds: float) -> bool:
        """Until the bell rings (True) or `seconds` are over (False)."""
        try:
            await asyncio.wait_for(self._bell.wait(), seconds)
        except TimeoutError:
            return False
        return True
