"""`python -m benchmarks [--out docs]`: measure everything, or a part (`--only`), write benchmarks.json and benchmarks.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import (
    architectures,
    batch,
    control_plane,
    finish_change,
    library,
    listing,
    long_audio,
    rvc,
    scheduling,
    store,
    throughput,
    workers,
)
from benchmarks.figures import Figure, Part, machine, page


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure Hay Say Lab on this machine.")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="the folder for benchmarks.json and .md")
    parser.add_argument("--recordings", type=Path, default=Path("../shared/audio"), help="speech for similarity")
    parser.add_argument(
        "--similarity-python", default=sys.executable, help="an interpreter that has torch and Resemblyzer"
    )
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "control_plane": control_plane.figures,
        "workers": workers.figures,
        "store": store.figures,
        "throughput": throughput.figures,
        "scheduling": scheduling.figures,
        "architectures": lambda: architectures.figures(options.recordings),
        "batch": batch.figures,
        "finish_change": finish_change.figures,
        "long_audio": long_audio.figures,
        "rvc": rvc.figures,
        "library": library.figures,
        "listing": listing.figures,
    }
    parser.add_argument("--only", choices=parts, action="append", help="measure this part (may be given several times)")
    parser.add_argument("--write", action="store_true", help="with --only: put its figures in place of the earlier ones")
    options = parser.parse_args()
    facts = machine()
    found = [
        Part(name, facts["date"], tuple(_told(figures())))
        for name, figures in parts.items()
        if options.only is None or name in options.only
    ]
    if options.only and not options.write:
        return 0
    if options.only:
        before = json.loads((options.out / "benchmarks.json").read_text())
        found, similarity = _renewed(before, found, list(parts)), before["similarity"]
    else:
        similarity = _similarity(options.similarity_python, options.recordings)
        sys.stdout.write(f"similarity: {'measured' if similarity['measured'] else 'not measured: ' + similarity['why']}\n")
    document = {"machine": facts, "parts": [part.as_json() for part in found], "similarity": similarity}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "benchmarks.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.out / "benchmarks.md").write_text(page(facts, found, similarity))
    return 0


def _renewed(before: dict[str, Any], found: list[Part], order: list[str]) -> list[Part]:
    """The parts of an earlier page with those that were measured now in their places."""
    kept = {part["name"]: Part.from_json(part) for part in before["parts"]} | {part.name: part for part in found}
    return [kept[name] for name in order if name in kept]


def _told(figures: Iterable[Figure]) -> Iterator[Figure]:
    for figure in figures:
        holds = {True: "holds", False: "DOES NOT HOLD", None: ""}[figure.holds]
        sys.stdout.write(f"{figure.name}: {figure.value:.3g} {figure.unit} {holds}\n    {figure.how}\n")
        sys.stdout.flush()
        yield figure


def _similarity(interpreter: str, recordings: Path) -> dict[str, Any]:
    """In a process of its own: the encoder brings torch, which nothing else here may have."""
    command = [interpreter, "-m", "benchmarks.similarity", str(recordings)]
    checkout = Path(__file__).resolve().parents[1]
    places = [checkout, *sorted((checkout / "architectures").iterdir())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    if done.returncode != 0:
        return {"measured": False, "why": f"the measuring process ended with exit status {done.returncode}"}
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
