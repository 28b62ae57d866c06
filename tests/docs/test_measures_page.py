"""docs/measures.md against the table in code: every measure and pitch tracker stands there as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.domain.measure import MEASURES, TRACKERS, Measure, PitchTracker

PAGE = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")


def measure_row(measure: Measure) -> str:
    unit = measure.unit or "document"
    return f"| `{measure.name}` | {unit} | {measure.method} | {measure.source} | {measure.cost} |"


def tracker_row(tracker: PitchTracker) -> str:
    needs = f"`{tracker.needs}`" if tracker.needs else "nothing"
    return f"| `{tracker.name}` | {needs} | {tracker.method} | {tracker.source} | {tracker.cost} |"


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_stands_on_the_page_with_unit_method_source_and_cost(name: str) -> None:
    assert measure_row(MEASURES[name]) in PAGE


@pytest.mark.parametrize("name", TRACKERS)
def test_a_pitch_tracker_stands_on_the_page_with_what_it_needs(name: str) -> None:
    assert tracker_row(TRACKERS[name]) in PAGE


def test_the_page_names_nothing_else() -> None:
    named = {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")}
    assert named == {*MEASURES, *TRACKERS}
