"""A stage in pieces: each performed as a stage of its own, kept on disk, and not made again by the next attempt."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import WorkerFailed
from hay_say_lab.plugin import Result
from hay_say_lab.worker.context import StageContext
from hay_say_lab.worker.kept import Kept

if TYPE_CHECKING:
    import numpy


def piece_seed(seed: int, index: int) -> int:
    """The seed of a piece: the first 63 bits of sha256('<seed of the request>/<index>')."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:8], "big") >> 1


class PieceContext:
    """Implements `hay_say_lab.plugin.Context` for one piece of a stage.

    Its progress is that of the stage from `begin` to `end`; `label` ('piece 3 of 12') goes before its messages.
    """

    def __init__(self, whole: StageContext, kept: Kept, *, seed: int, begin: float, end: float, label: str) -> None:
        self.seed = seed
        self.out = whole.out
        self.inputs: Mapping[str, Path] = whole.inputs
        self.device: str = whole.device
        self.pooled: Sequence[Mapping[str, numpy.ndarray]] = whole.pooled
        self._whole, self._shelf = whole, kept
        self._begin, self._end, self._label = begin, end, label
        self._furthest = 0.0

    def samples(self, count: int) -> numpy.ndarray:
        return self._whole.samples(count)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        told = min(max(float(fraction), 0.0), 1.0) if math.isfinite(fraction) else 0.0
        self._furthest = max(self._furthest, told)
        words = ": ".join(part for part in (self._label, str(message)) if part)
        share = self._begin + (self._end - self._begin) * self._furthest
        self._whole.checkpoint(min(share, self._end), words)

    def kept(self, piece: int) -> dict[str, numpy.ndarray] | None:
        return self._shelf.kept(piece)

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        self._shelf.keep(piece, arrays)


class Piecework:
    """The pieces of one stage. `begin`: how much of the stage's progress lies behind before the first of them."""

    def __init__(self, context: StageContext, count: int, begin: float = 0.0) -> None:
        self._context, self._count, self._begin = context, count, begin
        self._sounds = context.shelf.below("sounds")
        self._documents = context.shelf.below("documents")
        self.roles: set[str] = set()        # of the documents of all pieces so far

    def sound(self, index: int, bounds: tuple[int, int], perform: Callable[[PieceContext], Result]) -> Clip:
        """The sound of a piece, performed where no earlier attempt did; of no samples where it is none. Pieces come in order.

        `bounds`: what of the whole it is. A piece of other bounds, cut by another numpy, is none of ours.
        """
        import numpy

        kept, documents = self._sounds.kept(index), self.documents(index)
        if kept is None or documents is None or tuple(kept["bounds"]) != bounds:
            room = self._context.shelf.below(f"piece-{index:06d}")
            inside = self._inside(index, room)
            inside.checkpoint(0.0)              # also where a runtime asks for none in something so short
            result = perform(inside)
            documents = dict(result.documents)
            if result.files or result.clips:
                raise WorkerFailed("The architecture made files or further clips of a piece.", fix="Tell its author.")
            samples = numpy.zeros(0, numpy.float32) if result.clip is None else result.clip.samples
            rate = 0 if result.clip is None else result.clip.sample_rate
            kept = {
                "samples": numpy.asarray(samples, dtype=numpy.float32),
                "sample_rate": numpy.array(rate),
                "bounds": numpy.array(bounds),
            }
            told = numpy.frombuffer(canonical_json(documents), dtype=numpy.uint8)
            self._documents.keep(index, {"json": told})
            self._sounds.keep(index, kept)      # last: with it the piece is finished
            room.clear()
        self.roles |= documents.keys()
        return Clip(kept["samples"], int(kept["sample_rate"]))

    def documents(self, index: int) -> dict[str, Any] | None:
        """What a finished piece told, by role."""
        kept = self._documents.kept(index)
        return None if kept is None else json.loads(kept["json"].tobytes())

    def _inside(self, index: int, room: Kept) -> PieceContext:
        edges = [self._begin + (1.0 - self._begin) * edge / self._count for edge in (index, index + 1)]
        return PieceContext(
            self._context,
            room,
            seed=piece_seed(self._context.seed, index),
            begin=edges[0],
            end=edges[1],
            label=f"piece {index + 1} of {self._count}",
        )
