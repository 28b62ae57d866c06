"""A stretch of a text: where it begins and how many characters (code points) it has."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`first` and `length` in characters, as in domain.timings.TimedWord."""

    first: int
    length: int

    @property
    def end(self) -> int:
        """The position behind the last character."""
        return self.first + self.length

    def of(self, text: str) -> str:
        return text[self.first : self.first + self.length]


def spans_between(edges: Iterable[int], end: int) -> list[Span]:
    """Rising positions at which something begins, the first of them 0 -> spans that cover 0..end exactly."""
    firsts = [*edges, end]
    return [Span(first, after - first) for first, after in itertools.pairwise(firsts) if after > first]
