"""Many requests under one name: what is sent at once, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hay_say_lab.domain.job import ENDED, State
from hay_say_lab.domain.request import Request

MOST_ROWS = 2000            # of one call; a longer batch is sent in several, under the same name
LONGEST_NAME = 64           # characters: the name is the group of its jobs


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Requests in order, one a row. `first` is the number of the first one: a batch may come in several calls.

    The same name and number with the same request is the same job, however often it is sent: that is how a batch goes
    on after whoever sent it has ended.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    name: str
    requests: tuple[Request, ...]
    first: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "first": self.first, "requests": [request.as_json() for request in self.requests]}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a batch's jobs are in which state."""

    name: str
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(self.states.values())

    @property
    def ended(self) -> int:
        return sum(self.states.get(state.value, 0) for state in ENDED)

    @property
    def succeeded(self) -> int:
        return self.states.get(State.SUCCEEDED.value, 0)

    @property
    def done(self) -> bool:
        """Whether nothing of it waits or runs any more."""
        return self.ended == self.rows


def row_key(name: str, number: int) -> str:
    """The idempotency key of a row."""
    return f"batch {name} row {number}"
