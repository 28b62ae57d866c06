"""Which lane comes next: stride scheduling by weight, so that a busy lane slows the others but never stops them."""

from __future__ import annotations

from collections.abc import Collection

WEIGHTS: dict[str, int] = {"interactive": 8, "batch": 2, "download": 1, "maintenance": 1}
SECONDS_TO_DOUBLE = 300.0       # a lane whose oldest stage waits this long counts twice, twice as long four times


class Lanes:
    """`order` gives the lanes with the least service first; `charge` tells what one of them used."""

    def __init__(self) -> None:
        self._passes = dict.fromkeys(WEIGHTS, 0.0)

    def order(self, waiting: Collection[str], at_work: Collection[str] = ()) -> list[str]:
        """The waiting lanes, who is owed most first. A lane that had nothing to do is owed nothing for that time."""
        busy = {*waiting, *at_work}
        floor = min((self._passes[lane] for lane in busy), default=0.0)
        for lane in self._passes:
            if lane not in busy:
                self._passes[lane] = max(self._passes[lane], floor)
        return sorted(waiting, key=lambda lane: (self._passes[lane], -WEIGHTS[lane]))

    def charge(self, lane: str, seconds: float, waited_seconds: float = 0.0) -> None:
        """A stage of this lane used a place for `seconds`; one that had to wait for long pays less."""
        self._passes[lane] += seconds / self.weight(lane, waited_seconds)

    def owed(self, lane: str) -> float:
        """What the lane has used, by its weight: the least comes first."""
        return self._passes[lane]

    @staticmethod
    def weight(lane: str, waited_seconds: float) -> float:
        return WEIGHTS[lane] * 2.0 ** min(waited_seconds / SECONDS_TO_DOUBLE, 32.0)
