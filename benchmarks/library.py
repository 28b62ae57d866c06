"""Strangers' files: what it takes to refuse them, to describe a voice, and to turn it into safetensors.

The floor, reasoned before it was measured. To describe the official file of a voice (55 MB, 457 tensors): a bare python (15 ms),
our modules and YAML (100 ms), 14,000 pickle instructions at 3 us and a directory of 460 entries (60 ms); its weights are not
read. So about 200 ms, and no more than 1.6 times a child that only imports the same modules. To convert it: torch and
safetensors imported, then 55 MB hashed, loaded, written, synced and read back, at memory speed but for the disk: 0.3 s on top.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, interleaved, spread_of

ROUNDS = 5
VOICE_TENSORS = 457


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        yield from refusals(root / "hostile")
        write_voice(root / "voice")
        yield from examined(root)
        yield from converted(root)


def refusals(folder: Path) -> Iterator[Figure]:
    """Every file of the tests' hostile corpus, each refused in this very process."""
    from hay_say_lab.library.examination import examine
    from tests.library.hostile_files import Payload, write_corpus

    names = write_corpus(folder, Payload(folder / "canary", 9))
    seconds = {}
    for name in names:
        alone = folder.with_name(f"alone-{name}")
        alone.mkdir()
        (alone / ".unpacked").mkdir()
        os.link(folder / name, alone / name)
        began = time.perf_counter()
        found = examine(alone, {})
        seconds[name] = 1000 * (time.perf_counter() - began)
        if not found.problems:
            raise AssertionError(f"{name} was not refused")
    slowest = max(seconds, key=lambda name: seconds[name])
    yield Figure(
        "a hostile file refused", statistics.median(seconds.values()), "ms", None,
        f"{len(seconds)} files of the tests' corpus, each alone; the slowest is {slowest}", spread_of(list(seconds.values())),
    )  # fmt: skip
    yield Figure("the slowest hostile file refused", max(seconds.values()), "ms", 2000, slowest)


def write_voice(folder: Path) -> None:
    """An official small model, version 2, 40 kHz, at full size."""
    from architectures.rvc.tests.rule_files import full_size_voice
    from tests.library.torch_files import write_zip

    folder.mkdir()
    write_zip(folder / "voice.pth", full_size_voice())


def examined(root: Path) -> Iterator[Figure]:
    """The whole call, through a child that shuts itself in, beside a child that imports the same and does nothing."""
    from hay_say_lab.registry.architectures import Architectures
    from tests.library.reading import librarian

    with librarian(root / "home") as (desk, _):
        findings: list[Any] = []

        def ours() -> float:
            began = time.perf_counter()
            findings.append(asyncio.run(desk.examine(root / "voice")))
            return time.perf_counter() - began

        named = [manifest.recogniser.partition(":")[0] for manifest in Architectures().manifests.values() if manifest.recogniser]
        bare = _run([sys.executable, "-P", "-c", f"import hay_say_lab.worker.examine, yaml, {', '.join(named)}"])
        ours_seconds, bare_seconds = interleaved(ROUNDS, ours, bare)
    (voice,) = findings[0].sets
    assert len(voice.weights["weights"].tensors) == VOICE_TENSORS
    ratios = [one / other for one, other in zip(ours_seconds, bare_seconds, strict=True)]
    yield Figure(
        "a voice of 55 MB described / a child that imports the same", statistics.median(ratios), "", 1.6,
        f"{1000 * statistics.median(ours_seconds):.0f} ms, confinement '{findings[0].level}', 457 tensors", spread_of(ratios),
    )  # fmt: skip


def converted(root: Path) -> Iterator[Figure]:
    """The whole call, beside an interpreter that imports torch and safetensors and does nothing."""
    python = os.environ.get("HAY_SAY_TORCH_PYTHON") or str(Path(".venv-torch/bin/python").absolute())
    if not Path(python).exists():
        sys.stdout.write("conversion of a voice: NOT MEASURED, no interpreter with torch here\n")
        return
    os.environ["HAY_SAY_TORCH_PYTHON"] = python
    from tests.library.reading import librarian

    with librarian(root / "home") as (desk, _):
        (voice,) = asyncio.run(desk.examine(root / "voice")).sets
        outs = iter(range(1000))

        def ours() -> float:
            began = time.perf_counter()
            asyncio.run(desk.convert(voice, root / "voice", root / f"out{next(outs)}"))
            return time.perf_counter() - began

        ours_seconds, bare_seconds = interleaved(ROUNDS, ours, _run([python, "-P", "-c", "import torch, safetensors.torch"]))
    ratios = [one / other for one, other in zip(ours_seconds, bare_seconds, strict=True)]
    yield Figure(
        "a voice of 55 MB converted / torch imported", statistics.median(ratios), "", 1.5,
        f"{statistics.median(ours_seconds):.2f} s: hashed, loaded, written, synced, read back and compared", spread_of(ratios),
    )  # fmt: skip


def _run(command: list[str]) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        subprocess.run(command, check=True)
        return time.perf_counter() - began

    return run
