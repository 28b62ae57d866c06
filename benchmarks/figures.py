"""A measured figure: what, how often, its spread, its goal; and the page that shows them."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks import card


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit` is what the goal speaks of; `goal` None: a figure to watch. Lower is better."""

    name: str
    value: float
    unit: str
    goal: float | None
    how: str
    spread: str = ""

    @property
    def holds(self) -> bool | None:
        return None if self.goal is None else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        fields = ("name", "value", "unit", "goal", "holds", "how", "spread")
        return {name: getattr(self, name) for name in fields}


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def spread_of(values: Sequence[float]) -> str:
    return f"min {min(values):.3g}, median {statistics.median(values):.3g}, max {max(values):.3g}, n={len(values)}"


def interleaved(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Each work once a round, so that a change of the machine's mood hits all alike. Seconds of each, by work."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for index, work in enumerate(works):
            seconds[index].append(work())
    return seconds


def machine() -> dict[str, Any]:
    from hay_say_lab.worker.platform import processor

    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": platform.system(),
    }


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one part, measured in one run of it, on a day."""

    name: str
    date: str
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "date": self.date, "figures": [figure.as_json() for figure in self.figures]}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Part:
        names = ("name", "value", "unit", "goal", "how", "spread")
        figures = tuple(Figure(**{name: figure[name] for name in names}) for figure in document["figures"])
        return cls(document["name"], document["date"], figures)


def page(machine_facts: dict[str, Any], parts: Sequence[Part], similarity: dict[str, Any]) -> str:
    """docs/benchmarks.md."""
    lines = [
        "# Benchmarks",
        "",
        ("Made by `make bench`; the numbers beside this page in `benchmarks.json` are the same ones. Each part is measured in "
        "one run, and its ratios are of that run; `make bench ARGS=\"--only PART --write\"` takes one part anew."),
        "",
        (f"{machine_facts['date']}, {machine_facts['processor']}, {machine_facts['cores']} cores, no GPU, "
        f"Python {machine_facts['python']}, one thread a worker. Goals are for this kind of machine; what carries to "
        "others are the ratios."),
        "",
    ]
    for part in parts:
        lines += _table(part)
    lines += ["## Speaker similarity of `world`", "", *_similarity(similarity), *card.lines(), ""]
    return "\n".join(lines)


def _table(part: Part) -> list[str]:
    lines = [
        f"## {part.name.replace('_', ' ').capitalize()}, {part.date}",
        "",
        "| figure | value | goal | holds | how it was measured |",
        "| --- | --- | --- | --- | --- |",
    ]
    for figure in part.figures:
        goal = "" if figure.goal is None else f"<= {figure.goal:g} {figure.unit}"
        holds = {True: "yes", False: "**no**", None: ""}[figure.holds]
        how = figure.how + (f" ({figure.spread})" if figure.spread else "")
        lines.append(f"| {figure.name} | {figure.value:.3g} {figure.unit} | {goal} | {holds} | {how} |")
    return [*lines, ""]


def _similarity(found: dict[str, Any]) -> list[str]:
    if not found.get("measured"):
        return [f"Not measured: {found.get('why', 'no reason was given')}."]
    lines = [
        (f"By Resemblyzer on held-out recordings: mean gain {found['gain']:.3f} (goal >= 0.17), "
        f"{100 * found['gap_closed']:.0f} % of the gap to the target's own ceiling closed (goal >= 40 %), over "
        f"{found['count']} directions."),
        "",
        "| direction | unprocessed | converted | gain |",
        "| --- | --- | --- | --- |",
    ]
    for row in found["directions"]:
        gain = row["converted"] - row["unprocessed"]
        lines.append(f"| {row['direction']} | {row['unprocessed']:.3f} | {row['converted']:.3f} | {gain:+.3f} |")
    return lines
