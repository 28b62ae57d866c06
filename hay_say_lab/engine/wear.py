"""When a worker has served long enough: after many stages, or where its memory rises from stage to stage."""

from __future__ import annotations

from collections.abc import Sequence

MOST_STAGES = 1000
LOOKED_AT = 16                  # newest stages that a slope is drawn through
LEAST_RISE_MB = 64.0
RISE_SHARE = 0.25               # of what it held at the beginning of those


def slope(values: Sequence[float]) -> float:
    """Least squares, per step."""
    count = len(values)
    if count < 2:
        return 0.0
    middle, mean = (count - 1) / 2, sum(values) / count
    above = sum((index - middle) * (value - mean) for index, value in enumerate(values))
    return above / sum((index - middle) ** 2 for index in range(count))


def worn(stages: int, memory_mb: Sequence[float]) -> str | None:
    """Why a worker is to be replaced, `memory_mb` after each of its newest stages; None where it may go on."""
    if stages >= MOST_STAGES:
        return f"it has done {stages} stages"
    newest = memory_mb[-LOOKED_AT:]
    if len(newest) < LOOKED_AT:
        return None
    rise = slope(newest) * (len(newest) - 1)
    if rise > max(LEAST_RISE_MB, RISE_SHARE * newest[0]) and newest[-1] >= max(newest[:-1]):
        return f"its memory rose by {rise:.0f} MB in {len(newest)} stages"
    return None
