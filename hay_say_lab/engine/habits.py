"""Which worker will be asked for next: the models used lately, the most used first."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hay_say_lab.engine.circuit import Model
from hay_say_lab.engine.order import Order

HALF_LIFE_SECONDS = 3600.0


@dataclass(slots=True)
class Habit:
    """A model, how often it was used (decayed, as of `used_at`), and an order that names its voice and files."""

    model: Model
    order: Order
    used_at: float
    uses: float = 0.0

    def weight(self, now: float) -> float:
        return self.uses * math.exp2(-(now - self.used_at) / HALF_LIFE_SECONDS)


class Habits:
    def __init__(self) -> None:
        self._known: dict[Model, Habit] = {}

    def used(self, model: Model, order: Order, now: float) -> None:
        """A stage of a model was done; calls come in the order in which that happened."""
        habit = self._known.setdefault(model, Habit(model, order, now))
        habit.uses = 1.0 + habit.weight(now)
        habit.order, habit.used_at = order, now

    def forget(self, voice: str) -> None:
        """The voice was removed."""
        for model in [model for model, habit in self._known.items() if habit.order.voice == voice]:
            del self._known[model]

    def likely(self, now: float, within_seconds: float) -> Iterator[Habit]:
        """Models used within so long, the likeliest first."""
        recent = [habit for habit in self._known.values() if now - habit.used_at < within_seconds]
        return iter(sorted(recent, key=lambda habit: -habit.weight(now)))
