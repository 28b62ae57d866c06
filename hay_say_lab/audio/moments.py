"""Where a moment of a sound is heard once the sound was prepared or finished, as their reports tell it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hay_say_lab.domain.timings import Timings

Moment = Callable[[float], float]       # seconds before -> seconds after, never backwards

MOVES_IN_PREPARE = ("start_seconds", "end_seconds", "crop_silence", "crop_pauses_seconds")


def moves_time(settings: Mapping[str, Any]) -> bool:
    """Whether settings of prepare or of finish may put a moment elsewhere."""
    return any(settings.get(name) for name in MOVES_IN_PREPARE) or settings.get("speed", 1.0) != 1.0


def after(report: Mapping[str, Any]) -> Moment:
    """`report` of prepare ('cut', 'crop') or of finish ('speed'); what else they did moves nothing."""
    steps: list[Moment] = []
    if "cut" in report:
        steps.append(_kept([(report["cut"]["start_seconds"], report["cut"]["end_seconds"])]))
    if "crop" in report:
        steps.append(_kept(report["crop"]["kept_seconds"]))
    speed = report["speed"]["speed"] if "speed" in report else 1.0

    def moment(seconds: float) -> float:
        for step in steps:
            seconds = step(seconds)
        return seconds / speed

    return moment


def timings_after(file: Path, report: Mapping[str, Any]) -> dict[str, Any]:
    """The timings in a file as they are after what the report tells; what else the document says is kept.

    Marks (names with a sample) move too.
    """
    document = json.loads(file.read_bytes())
    timings, moment = Timings.from_json(document), after(report)
    marks = [
        {**mark, "sample": round(moment(mark["sample"] / timings.sample_rate) * timings.sample_rate)}
        for mark in document.get("marks", ())
    ]
    return {**document, **timings.moved(moment).as_json(), **({"marks": marks} if marks else {})}


def _kept(spans: Iterable[Iterable[float]]) -> Moment:
    """What lies in the spans (start and end, in order) stays; each moment comes behind what was kept before it."""
    found = [tuple(span) for span in spans]
    return lambda seconds: sum(min(max(seconds - start, 0.0), end - start) for start, end in found)
