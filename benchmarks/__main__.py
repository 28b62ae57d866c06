"""`python -m benchmarks [--out docs]`: measure everything, write benchmarks.json and benchmarks.md."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import architectures, control_plane
from benchmarks.figures import Figure, machine, page
from benchmarks.similarity import measure as measure_similarity


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure Hay Say Lab on this machine.")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="the folder for benchmarks.json and .md")
    parser.add_argument("--recordings", type=Path, default=Path("../shared/audio"), help="speech for similarity")
    options = parser.parse_args()
    found: list[Figure] = []
    for figure in (*control_plane.figures(), *architectures.figures()):
        holds = {True: "holds", False: "DOES NOT HOLD", None: ""}[figure.holds]
        sys.stdout.write(f"{figure.name}: {figure.value:.3g} {figure.unit} {holds}\n")
        sys.stdout.flush()
        found.append(figure)
    similarity = measure_similarity(options.recordings)
    sys.stdout.write(f"similarity: {'measured' if similarity['measured'] else 'not measured: ' + similarity['why']}\n")
    facts = machine()
    document = {"machine": facts, "figures": [figure.as_json() for figure in found], "similarity": similarity}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "benchmarks.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.out / "benchmarks.md").write_text(page(facts, found, similarity))
    return 0


if __name__ == "__main__":
    sys.exit(main())
