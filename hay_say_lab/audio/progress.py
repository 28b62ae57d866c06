"""How a long computation says where it is: a checkpoint, and the parts that a whole is made of."""

from __future__ import annotations

from collections.abc import Callable

# Called with the finished share 0..1 and what is being done, at least once a second of computing. It may raise:
# that is how a job is stopped.
Checkpoint = Callable[[float, str], None]


def unwatched(fraction: float, message: str) -> None:
    """The checkpoint of a computation that nobody waits for."""


def part(checkpoint: Checkpoint, start: float, end: float) -> Checkpoint:
    """A checkpoint for one part of a whole: its 0..1 is the whole's start..end."""

    def inner(fraction: float, message: str) -> None:
        checkpoint(start + (end - start) * fraction, message)

    return inner
