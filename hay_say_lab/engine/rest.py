"""When the disk refuses a stage, the queue rests: else a full disk would fail one job after the other, as fast as it can."""

from __future__ import annotations

import asyncio

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 30.0
RESTING = "The disk refused what was to be written; the next stage starts in a moment."


class Rest:
    """Pure: times (monotonic, in seconds) are arguments. Each refusal in a row makes the rest behind it twice as long."""

    def __init__(self) -> None:
        self._seconds = FIRST_SECONDS
        self._until = float("-inf")

    def refused(self, now: float) -> None:
        """A stage ended because the disk refused. Those that began before the rest count no further."""
        if now >= self._until:
            self._until = now + self._seconds
            self._seconds = min(2.0 * self._seconds, LONGEST_SECONDS)

    def done(self) -> None:
        """A stage's result was written."""
        self._seconds, self._until = FIRST_SECONDS, float("-inf")

    def lasts(self, now: float) -> bool:
        return now < self._until


class Pauses:
    """Between tries of one thing: `wait` takes longer each time."""

    def __init__(self, first_seconds: float = 0.05, longest_seconds: float = 1.0) -> None:
        self._seconds = first_seconds
        self._longest = longest_seconds

    async def wait(self) -> None:
        await asyncio.sleep(self._seconds)
        self._seconds = min(2.0 * self._seconds, self._longest)
