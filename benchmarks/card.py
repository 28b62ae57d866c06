"""Figures of `make gpu`, kept for the page: `python -m benchmarks.card` takes build/gpu.json in, with its date."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT = Path("docs/gpu.json")
MADE = Path("build/gpu.json")


def keep() -> None:
    """Take in what `make gpu` has measured last."""
    checks = json.loads(MADE.read_text())
    document = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "checks": checks}
    KEPT.write_text(json.dumps(document, indent=1) + "\n")


def lines() -> list[str]:
    """The section of docs/benchmarks.md; it says so where nobody has measured yet."""
    head = ["", "## On a graphics card", ""]
    if not KEPT.is_file():
        return [*head, "Not measured: nobody has run `make gpu` where there is a card."]
    document = json.loads(KEPT.read_text())
    device = document["checks"]["ledger"]["device"]
    rows = [f"| {check} | {_told(figures)} |" for check, figures in document["checks"].items()]
    return [
        *head,
        f"By `make gpu`, {document['date']}, one {device}; the same figures are in `gpu.json`. MB are of the card.",
        "",
        "| check | figures |",
        "| --- | --- |",
        *rows,
    ]


def _told(figures: dict[str, Any]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in figures.items() if name != "device")


if __name__ == "__main__":
    keep()
    sys.stdout.write("\n".join(lines()) + "\n")
