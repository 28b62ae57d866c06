"""Architectures are found by entry point; one that is broken stands in nobody's way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hay_say_lab.errors import ArchitectureMissing
from hay_say_lab.registry.architectures import Architectures

LIST = """
import json
from hay_say_lab.registry.architectures import Architectures

architectures = Architectures()
print(json.dumps({
    "found": sorted(architectures.manifests),
    "broken": {broken.name: broken.reason for broken in architectures.broken},
    "speaking": [manifest.id for manifest, _ in architectures.offering("speak")],
}))
"""

BROKEN = {
    "raises": "raise RuntimeError('it cannot be imported')",
    "misspelt": "MANIFEST =",                                   # a syntax error
    "leaves": "import sys; sys.exit('nobody asked for this')",  # an end of the program
    "empty": "",                                                # no MANIFEST in it
    "text": "MANIFEST = 'a text'",
    "stranger": "from hay_say_parrot.manifest import MANIFEST",  # another architecture's id
}


def _install(folder: Path, name: str, code: str) -> None:
    """A distribution as pip would leave it: a module, and metadata with an entry point."""
    (folder / f"hay_say_{name}.py").write_text(code)
    metadata = folder / f"hay_say_{name}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hay-say-{name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[hay_say_lab.architectures]\n{name} = hay_say_{name}:MANIFEST\n")


def test_broken_architectures_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    for name, code in BROKEN.items():
        _install(tmp_path, name, code)
    _install(tmp_path, "absent", "")
    (tmp_path / "hay_say_absent.py").unlink()

    done = subprocess.run(
        [sys.executable, "-c", LIST], env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    told = json.loads(done.stdout)
    assert "parrot" in told["found"]
    assert "parrot" in told["speaking"]
    assert set(told["broken"]) == {*BROKEN, "absent"}
    assert "it cannot be imported" in told["broken"]["raises"]
    assert "SyntaxError" in told["broken"]["misspelt"]
    assert "ModuleNotFoundError" in told["broken"]["absent"]


def test_an_architecture_that_is_not_there_is_missing_with_those_that_are() -> None:
    with pytest.raises(ArchitectureMissing) as missing:
        Architectures().manifest("nobody")
    assert "parrot" in missing.value.problems[0].fix.label


def test_whoever_needs_least_memory_is_asked_first() -> None:
    offering = list(Architectures().offering("speak"))
    sizes = [(manifest.resident_mb, manifest.id) for manifest, _ in offering]
    assert sizes == sorted(sizes)
    assert all(offer.task == "speak" for _, offer in offering)
    assert list(Architectures().offering("transcribe")) == []


@pytest.mark.parametrize("module", ["nobody_has_this", "nobody_has_this.inside", "json.nobody_has_this"])
def test_a_runtime_whose_modules_are_missing_is_a_problem_with_a_way_out(module: str) -> None:
    parrot = Architectures().manifest("parrot")
    assert Architectures().runtime_problem(parrot, "steps.0.voice") is None
    lacking = replace(parrot, compatibility=replace(parrot.compatibility, modules=("json", module)))

    problem = Architectures().runtime_problem(lacking, "steps.0.voice")

    assert problem is not None
    assert problem.field == "steps.0.voice"
    assert module in problem.message
    assert "hay-say-parrot[runtime]" in problem.fix.label
