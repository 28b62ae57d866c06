"""What a player tells and draws of a take when it is asked: its input report, its source's, its pitch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hay_say_lab.errors import InvalidRequest
from hay_say_lab.widgets.source import Source

MOST_POINTS = 1200              # of a pitch that is drawn: more than a panel has pixels
LEAST_CONFIDENCE = 0.5


def reports_of(source: Source) -> dict[str, Any]:
    """{"take", "source"}: input reports; no source where the take was made of text."""
    return {"take": source.report(), "source": source.source_report()}


def pitch_of(source: Source) -> dict[str, Any]:
    """{"method", "points_per_second", "hz"}: at most MOST_POINTS pitches, 0 where none is trusted."""
    import numpy

    contour = source.f0()
    trusted = numpy.where(contour.confidence >= LEAST_CONFIDENCE, contour.hz, 0.0)
    stride = max(1, -(-len(trusted) // MOST_POINTS))
    frames_per_second = 1.0 / float(contour.seconds[1]) if len(contour.seconds) > 1 else 1.0
    return {
        "method": contour.method,
        "points_per_second": frames_per_second / stride,
        "hz": [round(float(hertz), 1) for hertz in trusted[::stride]],
    }


ANSWERS: Mapping[str, Callable[[Source], dict[str, Any]]] = {"reports": reports_of, "pitch": pitch_of}


def asked(message: Mapping[str, Any]) -> tuple[int, str]:
    """(id, kind) of a browser's question. Raises InvalidRequest where it is none of ours."""
    id, kind = message.get("id"), message.get("kind")
    if not isinstance(id, int) or isinstance(id, bool):
        raise InvalidRequest("'id' is a whole number.", field="id", fix="Count on from any number.")
    return id, str(kind)
