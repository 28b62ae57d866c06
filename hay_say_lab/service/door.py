"""Whether the host takes calls, and when the last client called."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from hay_say_lab.errors import Full, HostClosing

MOST_STREAMS = 6            # event streams and long polls of one owner at a time


@dataclass(slots=True)
class Door:
    """Open streams and long polls count as clients; health, readiness and supervision do not."""

    open: bool = True
    called_at: float = field(default_factory=time.monotonic)
    calls: int = 0                      # under way
    streams: Counter[str] = field(default_factory=Counter)

    def call(self) -> None:
        """A client calls. Raises HostClosing behind a closed door."""
        self.check()
        self.calls += 1
        self.called_at = time.monotonic()

    def answered(self) -> None:
        self.calls -= 1
        self.called_at = time.monotonic()

    def check(self) -> None:
        if not self.open:
            raise HostClosing(
                "This host is closing; another one takes over.", field="host", fix="Call again.", retry_after_seconds=0.2
            )

    def enter(self, owner: str) -> None:
        """A stream begins. Raises Full where its owner has too many."""
        if self.streams[owner] >= MOST_STREAMS:
            raise Full(
                f"You have {MOST_STREAMS} event streams open already.",
                field="events",
                fix="Close one, or share one between views.",
                retry_after_seconds=5.0,
            )
        self.streams[owner] += 1

    def leave(self, owner: str) -> None:
        self.streams[owner] -= 1

    def idle_seconds(self) -> float:
        """Seconds since the last client call; 0 while one (a stream, a poll, an upload) is under way."""
        return 0.0 if self.calls else time.monotonic() - self.called_at
