"""Which lane comes next: stride scheduling by weight, so that a busy lane slows the others but never stops them."""

from __future__ import annotations

WEIGHTS: dict[str, int] = {"interactive": 8, "batch": 2, "download": 1, "maintenance": 1}


class Lanes:
    """`order` gives the lanes with the least service first; `charge` tells what one of them used."""

    def __init__(self) -> None:
        self._passes = dict.fromkeys(WEIGHTS, 0.0)

    def order(self, waiting: set[str]) -> list[str]:
        """The waiting lanes, who is owed most first. A lane that had nothing to do is owed nothing for that time."""
        present = [self._passes[lane] for lane in waiting]
        floor = min(present, default=0.0)
        for lane in self._passes:
            if lane not in waiting:
                self._passes[lane] = max(self._passes[lane], floor)
        return sorted(waiting, key=lambda lane: (self._passes[lane], -WEIGHTS[lane]))

    def charge(self, lane: str, seconds: float) -> None:
        """A stage of this lane used a place for `seconds`."""
        self._passes[lane] += max(seconds, 0.001) / WEIGHTS[lane]
