"""The story of one conversion: how far it is, and which finished pieces a retry finds again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy

from hay_say_lab.plugin import Context

Arrays = Mapping[str, numpy.ndarray]
Tell = Callable[[float], None]
Build = Callable[[Tell], Arrays]


class Journal:
    """Numbers the pieces in the order of work, which depends on the clip and the settings alone."""

    def __init__(self, context: Context, work: float) -> None:
        self._context = context
        self._work = max(work, 1e-9)
        self._done = 0.0
        self._pieces = 0

    def piece(self, build: Build, work: float, message: str) -> Arrays:
        """The next piece: kept by an earlier attempt, or built now and kept. `build` tells its own share (0..1)."""
        number = self._pieces
        self._pieces += 1
        arrays: Arrays | None = self._context.kept(number)
        if arrays is None:
            arrays = build(self.teller(work, message))
            self._context.keep(number, arrays)
        self._done += work
        self._context.checkpoint(min(self._done / self._work, 1.0), message)
        return arrays

    def known(self, work: float) -> None:
        """A piece that need not be made: it was heard before. Later pieces keep their numbers."""
        self._pieces += 1
        self._done += work

    def teller(self, work: float, message: str) -> Tell:
        """What a piece in work calls with its share done; it raises where the stage is to stop."""
        done = self._done
        return lambda share: self._context.checkpoint(min((done + work * share) / self._work, 1.0), message)
