"""Trying again: longer waits each time, never in step with others, and what a server asks for is honoured within reason."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hay_say_lab.errors import FetchFailed, FetchStopped

T = TypeVar("T")


class Broken(Exception):
    """A line that broke, or an answer that says 'later': worth another try. `persist` turns the last one into FetchFailed."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """`tries` in a row that bring nothing; `most_breaks` where each brings a little."""

    tries: int = 5
    most_breaks: int = 200
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0

    def persist(self, once: Callable[[], T], stop: threading.Event, mark: Callable[[], int] = lambda: 0) -> T:
        """`once`, again where it is Broken; `mark` grows with what has come. Raises FetchFailed, FetchStopped."""
        tries, breaks = 0, 0
        while True:
            before = mark()
            try:
                return once()
            except Broken as broken:
                tries = 0 if mark() > before else tries + 1
                breaks += 1
                if tries >= self.tries or breaks >= self.most_breaks:
                    raise FetchFailed(
                        f"{broken.message} It was tried {breaks} times.", field="source", fix="Try again later; what came is kept."
                    ) from None
                self._wait(broken, tries, stop)

    def _wait(self, broken: Broken, tries: int, stop: threading.Event) -> None:
        seconds = min(self.longest_wait_seconds, self.first_wait_seconds * 2**tries) * random.uniform(0.5, 1.0)
        asked = broken.retry_after_seconds
        if asked is not None:
            if asked > self.longest_wait_seconds:
                raise FetchFailed(
                    f"{broken.message} It asks to come again in {asked:.0f} s.",
                    field="source", fix="Try again then.", retry_after_seconds=asked,
                )  # fmt: skip
            seconds = max(seconds, asked)
        if stop.wait(seconds):
            raise FetchStopped("The fetch was stopped.")
