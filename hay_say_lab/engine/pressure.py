"""When the queue is full: bounds for one and for all, and when to come again, from how fast jobs leave."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from hay_say_lab.errors import Full

MOST_OF_ONE = 10_000            # jobs of one owner
MOST_OF_ALL = 200_000
WINDOW_SECONDS = 300.0          # how far back the rate of leaving is measured
LONGEST_RETRY_SECONDS = 600.0
UNKNOWN_RETRY_SECONDS = 30.0    # while nothing has left yet

SECONDS_BETWEEN_COUNTS = 1.0


class Depth:
    """How many jobs wait in all: counted now and then, because counting costs, and never told too low."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._known = 0
        self._counted_at = float("-inf")

    def at(self, now: float) -> int:
        if now - self._counted_at >= SECONDS_BETWEEN_COUNTS:
            self._known, self._counted_at = self._count(), now
        return self._known

    def one_more(self) -> None:
        self._known += 1


class Pressure:
    """Pure: time and counts are arguments."""

    def __init__(self, most_of_one: int = MOST_OF_ONE, most_of_all: int = MOST_OF_ALL) -> None:
        self.most_of_one = most_of_one
        self.most_of_all = most_of_all
        self._left: dict[str, deque[float]] = {}        # owner -> when jobs ended; '' all owners

    def left(self, owner: str, now: float) -> None:
        """A job ended."""
        for who in (owner, ""):
            self._left.setdefault(who, deque(maxlen=1000)).append(now)
        if len(self._left) > 1000:
            self._left = {who: times for who, times in self._left.items() if now - times[-1] < WINDOW_SECONDS}

    def per_minute(self, now: float, owner: str = "") -> float:
        """How many jobs leave, measured over the last minutes; 0 where none did."""
        times = self._left.get(owner, deque())
        while times and now - times[0] > WINDOW_SECONDS:
            times.popleft()
        return 60.0 * len(times) / max(now - times[0], 1.0) if times else 0.0

    def check(self, owner: str, queued_of_one: int, queued_of_all: int, now: float) -> None:
        """Raises Full where one more does not go in, with the reason and when to come again."""
        if queued_of_one >= self.most_of_one:
            rate = self.per_minute(now, owner)
            raise _full(f"You have {self.most_of_one} jobs waiting, which is as many as are taken.", rate, "of yours")
        if queued_of_all >= self.most_of_all:
            rate = self.per_minute(now)
            raise _full(f"All together have {self.most_of_all} jobs waiting here, which is as many as are taken.", rate, "")


def _full(reason: str, per_minute: float, whose: str) -> Full:
    seconds = min(LONGEST_RETRY_SECONDS, max(1.0, 60.0 / per_minute)) if per_minute else UNKNOWN_RETRY_SECONDS
    leaving = f" About {per_minute:.3g} {whose}".rstrip() + " leave a minute." if per_minute else ""
    return Full(
        reason + leaving,
        field="lane",
        fix=f"Come again in {seconds:.0f} s, or cancel some that wait.",
        retry_after_seconds=round(seconds, 1),
    )
