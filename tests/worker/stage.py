"""A stage without a process around it: a context whose host says 'continue', and what it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hay_say_lab.worker.context import StageContext, Stopped
from hay_say_lab.worker.protocol import Frame

LIMITS = {
    "longest_seconds": None, "shortest_seconds": 0.0, "overlap_seconds": 0.1, "longest_characters": None, "piece_characters": None,
    "pause_seconds": 0.0, "pools": False,
}  # fmt: skip


class Host:
    """The other end of a line that is none."""

    def __init__(self) -> None:
        self.told: list[Frame] = []

    def send(self, frame: Frame) -> None:
        self.told.append(frame)

    def receive(self) -> Frame:
        return {"type": "answer", "answer": "continue"}


class Stage(StageContext):
    """One attempt at a stage in `folder`. Every checkpoint is told; `stops_at` (words of a message) raises Stopped."""

    def __init__(self, folder: Path, *, stops_at: str = "", seed: int = 7, **inputs: Path) -> None:
        out = folder / "out"
        out.mkdir(exist_ok=True)
        self.host = Host()
        self.stops_at = stops_at
        run: dict[str, Any] = {"stage": "job/0", "token": 1, "seed": seed, "inputs": inputs, "out": out, "pieces": folder / "pieces"}
        super().__init__(self.host, run, "c" * 64)  # type: ignore[arg-type]

    def checkpoint(self, fraction: float, message: str = "") -> None:
        self._asked_at = 0.0
        if self.stops_at and self.stops_at in message:
            raise Stopped("give_way")
        super().checkpoint(fraction, message)

    @property
    def fractions(self) -> list[float]:
        return [frame["fraction"] for frame in self.host.told]

    @property
    def messages(self) -> list[str]:
        return [frame["message"] for frame in self.host.told]
