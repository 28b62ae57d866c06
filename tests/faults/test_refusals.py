"""The rough disk is felt, and whoever writes on it is refused in words, with nothing half done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.rough import RoughDisk

pytestmark = pytest.mark.compiler

# Writes a file and looks at both clocks, then has a child with an environment of its own do the same.
WITNESS = """
import json, os, subprocess, sys, time
told = {"time": time.time(), "monotonic": time.monotonic()}
began = time.monotonic()
try:
    with open(sys.argv[1] + "/scratch-of-mine", "wb", buffering=0) as file:
        file.write(b"1")
        os.fsync(file.fileno())
except OSError as error:
    told["error"] = error.strerror
told["seconds"] = time.monotonic() - began
if len(sys.argv) == 2:
    told["child"] = json.loads(subprocess.check_output([sys.executable, sys.argv[0], sys.argv[1], "child"], env={}))
print(json.dumps(told))
"""


@pytest.fixture
def rough(tmp_path: Path, rough_of: Callable[[Path], RoughDisk]) -> RoughDisk:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "witness.py").write_text(WITNESS)
    return rough_of(home)


def _witness(rough: RoughDisk) -> list[dict[str, object]]:
    """What a process tells, and its child."""
    folder = rough.library.parent
    command = [sys.executable, str(folder / "witness.py"), str(folder / "home")]
    told = json.loads(subprocess.check_output(command, env={**os.environ, **rough.environment}))
    return [told, told.pop("child")]


def test_nothing_is_rough_before_somebody_says_so(rough: RoughDisk) -> None:
    assert not any("error" in told for told in _witness(rough))
    assert (rough.felt, rough.delayed, rough.asked) == (0, 0, 0)
    assert rough.calls("full")["home"] > 0


@pytest.mark.parametrize(("error", "words"), [("full", "No space left on device"), ("read-only", "Read-only file system")])
def test_a_refusal_is_felt_by_processes_and_their_children(error: str, words: str, rough: RoughDisk) -> None:
    rough.refuse(error, ["home"])
    assert [told["error"] for told in _witness(rough)] == [words] * 2
    assert rough.felt == 2
    rough.refuse(error, ["logs"])
    assert not any("error" in told for told in _witness(rough))


def test_the_clock_of_the_wall_jumps_and_the_monotonic_one_does_not(rough: RoughDisk) -> None:
    before = _witness(rough)
    rough.jump(-7200)
    after = _witness(rough)
    for then, since in zip(before, after, strict=True):
        assert -7200 <= since["time"] - then["time"] < -3600      # type: ignore[operator]
        assert since["monotonic"] > then["monotonic"]             # type: ignore[operator]
    assert rough.asked >= 2


def test_a_slow_disk_takes_its_time(rough: RoughDisk) -> None:
    rough.slow(0.1)
    assert all(told["seconds"] >= 0.2 for told in _witness(rough))      # type: ignore[operator]
    assert rough.delayed == 4


def test_whoever_writes_is_refused_in_words_at_each_call_and_nothing_is_half_done(rough: RoughDisk) -> None:
    folder = rough.library.parent
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.refusals", str(rough.library), str(folder / "home")], check=False,
        env={**os.environ, **rough.environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    counts = json.loads(done.stdout)
    assert min(counts.values()) >= 2, counts
