"""A circuit breaker for each model: one that keeps ending its workers is left alone for a while; the others go on."""

from __future__ import annotations

import os
from collections import defaultdict

from hay_say_lab.errors import CircuitOpen

MOST_DEATHS = 3
WINDOW_SECONDS = 600.0          # in which that many open the circuit
OPEN_SECONDS = 600.0

Model = tuple[str, str | None]  # kind of worker, hash of the voice


def most_deaths() -> int:
    """HAY_SAY_CIRCUIT_DEATHS: how many open a circuit."""
    return max(1, int(os.environ.get("HAY_SAY_CIRCUIT_DEATHS") or MOST_DEATHS))


class Circuits:
    """Deaths by a worker's own doing count; what somebody's signal or the want of memory did to it does not."""

    def __init__(self, most_deaths: int = MOST_DEATHS) -> None:
        self._most_deaths = most_deaths
        self._deaths: defaultdict[Model, list[float]] = defaultdict(list)
        self._open_until: dict[Model, float] = {}

    def died(self, model: Model, now: float) -> None:
        recent = [at for at in self._deaths[model] if now - at < WINDOW_SECONDS]
        self._deaths[model] = [*recent, now]
        if len(self._deaths[model]) >= self._most_deaths:
            self._open_until[model] = now + OPEN_SECONDS
            self._deaths[model].clear()

    def check(self, model: Model, now: float) -> None:
        """Raises CircuitOpen while the model is left alone."""
        wait = self._open_until.get(model, now) - now
        if wait > 0:
            raise CircuitOpen(
                f"The voice ended {self._most_deaths} workers within {WINDOW_SECONDS / 60:.0f} minutes and is left alone for now.",
                field="steps",
                fix="Use another voice, or try again later; the workers' log says what happened.",
                retry_after_seconds=round(wait, 1),
            )
        self._open_until.pop(model, None)

    def close(self, model: Model) -> None:
        """An operator answers for the model: what it did before counts no more."""
        self._open_until.pop(model, None)
        self._deaths.pop(model, None)

    def suspect(self, model: Model, now: float) -> bool:
        """Whether it died lately: then nobody warms it without being asked."""
        return model in self._open_until or any(now - at < WINDOW_SECONDS for at in self._deaths[model])
