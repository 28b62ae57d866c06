"""The watchdog over one stretch of work: from one checkpoint to the next, by processor time and by the worker's own life."""

from __future__ import annotations

from hay_say_lab.engine.devices import processor_seconds
from hay_say_lab.engine.patience import Patience


class Watch:
    """`beat` at every heartbeat, `checkpoint` at every checkpoint; `beat` gives the reason to end the worker, if any."""

    def __init__(self, pid: int, patience: Patience) -> None:
        self._pid = pid
        self._patience = patience
        self._computing_limit = self._still_limit = float("inf")
        self._lived = 0.0
        self._computed_before: float | None = None
        self._beat_at = 0.0

    def work(self, atomic_seconds: float, now: float) -> None:
        """A stage begins whose offer may compute for so long without a checkpoint."""
        declared = self._patience.margin * atomic_seconds
        self._computing_limit = max(self._patience.computing, declared)
        self._still_limit = max(self._patience.still, declared)
        self.checkpoint(now)

    def loading(self, now: float) -> None:
        """A voice is being loaded: no checkpoint is expected."""
        self._computing_limit = self._still_limit = self._patience.loading
        self.checkpoint(now)

    def rest(self) -> None:
        """Nothing is expected."""
        self._computing_limit = self._still_limit = float("inf")

    def checkpoint(self, now: float) -> None:
        self._lived = 0.0
        self._beat_at = now
        self._computed_before = None        # taken at the next beat: reading it at each checkpoint would cost more

    def beat(self, now: float) -> str | None:
        """A sign of life. Time without one does not count: the machine may have stood still."""
        self._lived += min(now - self._beat_at, 2 * self._patience.heartbeat)
        self._beat_at = now
        if self._still_limit == float("inf"):
            return None
        computed = processor_seconds(self._pid)
        if computed is not None:
            if self._computed_before is None:
                self._computed_before = computed
            if computed - self._computed_before > self._computing_limit:
                return f"it computed {computed - self._computed_before:.0f} s without a checkpoint"
        if self._lived > self._still_limit and (computed is None or not self._computes(computed)):
            return f"it did nothing for {self._lived:.0f} s, and came to no checkpoint"
        return None

    def _computes(self, computed: float) -> bool:
        """Whether it has used a fair part of a processor since the last checkpoint: then its computing is what counts."""
        return computed - (self._computed_before or 0.0) > 0.05 * self._lived
