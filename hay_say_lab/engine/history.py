"""How long stages take, learnt from those that were done: the median of seconds per second of audio."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable

from hay_say_lab.storage.durations import SLOTS, Duration

SHORTEST_AUDIO = 0.5            # seconds: of less, a ratio tells nothing
UNKNOWN_SECONDS = 1.0           # of a stage of which nothing is known


class History:
    """A sample of each kind of stage: (worker, task, device). `device` '' asks for all devices together."""

    def __init__(self, known: Iterable[Duration] = ()) -> None:
        self._taken: dict[tuple[str, str, str], deque[Duration]] = {}
        for took in known:
            self.add(took)

    def add(self, took: Duration) -> None:
        kinds = {(took.worker, took.task, took.device), (took.worker, took.task, "")}
        for kind in kinds:
            self._taken.setdefault(kind, deque(maxlen=SLOTS)).append(took)

    def seconds(self, worker: str, task: str, audio_seconds: float, device: str = "") -> float | None:
        """What a stage of so much audio will take; None where none of its kind was ever done."""
        taken = self._taken.get((worker, task, device))
        if not taken:
            return None
        ratio = statistics.median(took.seconds / max(took.audio_seconds, SHORTEST_AUDIO) for took in taken)
        return ratio * max(audio_seconds, SHORTEST_AUDIO)

    def usual_seconds(self, worker: str, task: str) -> float:
        """The median of all stages of a kind, whatever they were about."""
        taken = self._taken.get((worker, task, ""))
        return statistics.median(took.seconds for took in taken) if taken else UNKNOWN_SECONDS
