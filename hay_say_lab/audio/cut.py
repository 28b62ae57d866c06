"""A part of a recording, by seconds: the one rule of which samples that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CUTS = ("start_seconds", "end_seconds")


def cut_frames(settings: Mapping[str, Any], frames: int, sample_rate: int) -> tuple[int, int]:
    """(first, behind the last) of the frames that 'start_seconds' and 'end_seconds' of prepare leave; equal where
    nothing is left. A missing or empty end is the recording's own, and so is one behind it."""
    start, end = settings.get("start_seconds") or 0.0, settings.get("end_seconds")
    first = min(round(start * sample_rate), frames)
    last = frames if end is None else min(round(end * sample_rate), frames)
    return first, max(first, last)
