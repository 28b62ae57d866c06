"""Lanes as people see them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Lane
from hay_say_lab.engine.engine import Engine
from hay_say_lab.engine.lanes import WEIGHTS
from hay_say_lab.errors import NotFound


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane: its share by weight, who stopped it and when (None: it is open), how many jobs wait in it."""

    lane: Lane
    weight: int
    paused: bool
    paused_by: str | None
    paused_at: str | None
    waiting: int


@dataclass(frozen=True, slots=True)
class LanesView:
    """All lanes, and how many jobs leave a minute, measured over the last five."""

    lanes: list[LaneView]
    leaving_per_minute: float


def known_lane(name: str) -> str:
    """Raises NotFound."""
    if name not in WEIGHTS:
        raise NotFound("There is no such lane.", field="lane", fix=f"Lanes are: {', '.join(WEIGHTS)}.")
    return name


def lanes_view(engine: Engine) -> LanesView:
    pauses = engine.dispatch.pauses
    lanes = [
        LaneView(
            lane=lane,  # type: ignore[arg-type]
            weight=weight,
            paused=lane in pauses,
            paused_by=pauses[lane].by if lane in pauses else None,
            paused_at=pauses[lane].at if lane in pauses else None,
            waiting=engine.store.count(State.QUEUED, lane=lane),
        )
        for lane, weight in WEIGHTS.items()
    ]
    return LanesView(lanes, round(engine.intake.pressure.per_minute(time.monotonic()), 2))
