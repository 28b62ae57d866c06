"""A stage as its runtime sees it: a seed, a folder, kept pieces, and a way to be interrupted."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hay_say_lab.audio.scratch import let_go, zeros
from hay_say_lab.worker.kept import Kept
from hay_say_lab.worker.protocol import Frame, Line

if TYPE_CHECKING:
    import numpy

SECONDS_BETWEEN_CHECKPOINTS = 0.1       # asking more often costs more than it tells
SECONDS_JUST_KEPT = 0.3                 # so young is a piece whose end a stage may still let go at
LONGEST_MESSAGE = 200                   # characters


class Stopped(BaseException):
    """The host said give_way or cancel. Not an Exception: no runtime catches it by accident."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


class HostGone(BaseException):
    """The line closed in the middle of a stage."""


class StageContext:
    """Implements `hay_say_lab.plugin.Context` over the line to the host."""

    def __init__(self, line: Line, run: Frame, code_version: str) -> None:
        self.seed: int = run["seed"]
        self.device: str = run.get("device", "cpu")
        self.out = Path(run["out"])
        self.inputs: Mapping[str, Path] = {role: Path(path) for role, path in run["inputs"].items()}
        self.pooled: Sequence[Mapping[str, numpy.ndarray]] = ()
        self.shelf = Kept(Path(run["pieces"]) / code_version[:16])
        self._line = line
        self._name = {"stage": run["stage"], "token": run["token"]}
        self._asked_at = 0.0
        self._yields = False                # somebody waits for our place

    def samples(self, count: int) -> numpy.ndarray:
        return zeros(count, folder=self.out)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        now = time.monotonic()
        may_yield = self._yields and self.shelf.age_seconds < SECONDS_JUST_KEPT
        if now - self._asked_at < SECONDS_BETWEEN_CHECKPOINTS and not may_yield:
            return
        self._asked_at = now
        let_go()
        share = min(max(float(fraction), 0.0), 1.0) if math.isfinite(fraction) else 0.0
        told = str(message)[:LONGEST_MESSAGE].encode(errors="replace").decode()
        self._line.send({"type": "checkpoint", **self._name, "fraction": share, "message": told})
        answer = self._line.receive()
        if answer is None:
            raise HostGone
        if answer["answer"] == "yield":
            self._yields = True
            if self.shelf.age_seconds >= SECONDS_JUST_KEPT:
                return                      # what is in work would be lost: at the end of the piece
        if answer["answer"] != "continue":
            raise Stopped(answer["answer"])

    def kept(self, piece: int) -> dict[str, numpy.ndarray] | None:
        return self.shelf.kept(piece)

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        self.shelf.keep(piece, arrays)
