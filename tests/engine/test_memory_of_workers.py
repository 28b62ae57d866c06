"""Real workers under a small budget never hold more than it, seen from outside (benchmarks run two hundred stages of it)."""

from __future__ import annotations

from pathlib import Path

from tests.engine.bulky import BUDGET_MB, MOST_MB, watched


async def test_workers_that_touch_much_memory_never_hold_more_than_the_budget_together(tmp_path: Path) -> None:
    seen = await watched(tmp_path, steps=12, seed=3)
    assert seen.succeeded == 12
    assert seen.ran_out == 0
    assert seen.looks > 10
    assert MOST_MB / 2 < seen.most_mb <= 1.05 * BUDGET_MB
