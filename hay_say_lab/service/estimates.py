"""What a request will take, as people see it before they send it."""

from __future__ import annotations

from dataclasses import dataclass

from hay_say_lab.engine.forecast import Forecast


@dataclass(frozen=True, slots=True)
class EstimateView:
    """What a request will take, about: seconds of computing, and memory at the widest. `based_on`: history | declared."""

    seconds: float
    memory_mb: float
    based_on: str


def estimate_view(expected: Forecast) -> EstimateView:
    return EstimateView(expected.seconds, expected.memory_mb, "history" if expected.learnt else "declared")
