"""The story of one stage: how far it is, where it may stop, and which finished pieces a retry finds again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from hay_say_lab.plugin import Context

Arrays = Mapping[str, np.ndarray]


class Journal:
    """Numbers the pieces of a stage in the order of work, and turns work done into a fraction of all work.

    `work` is in any unit, as long as `advance` speaks of the same one. The order of pieces depends on the
    clip and the settings alone, so a retry numbers them alike and finds kept what it would compute.
    """

    def __init__(self, context: Context, work: float) -> None:
        self._context = context
        self._work = max(work, 1e-9)
        self._done = 0.0
        self._pieces = 0

    def advance(self, work: float, message: str) -> None:
        """Account for finished work and ask whether to go on; raises where the stage is to stop."""
        self._done += work
        self._context.checkpoint(min(self._done / self._work, 1.0), message)

    def skip(self, pieces: int, work: float) -> None:
        """Account for pieces that need not be made this time, so that later ones keep their numbers."""
        self._pieces += pieces
        self._done += work

    def room(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.float32) -> np.ndarray:
        """Zeros to be written to; a long array lies in a file, so that memory does not grow with the clip."""
        count = math.prod(shape) if isinstance(shape, tuple) else shape
        samples = self._context.samples(-(-count * np.dtype(dtype).itemsize // np.dtype(np.float32).itemsize))
        return samples.view(dtype)[:count].reshape(shape)

    def piece(self, build: Callable[[], Arrays], work: float, message: str) -> Arrays:
        """The next piece: kept by an earlier attempt, or built now and kept.

        `build` accounts for its own work.
        """
        number = self._pieces
        self._pieces += 1
        kept = self._context.kept(number)
        if kept is not None:
            self.advance(work, message)
            return kept
        arrays = build()
        self._context.keep(number, arrays)
        return arrays
