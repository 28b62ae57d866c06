"""Our networks give what the official ones gave, and the runner that says so is not easily pleased."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy
import pytest

from conftest import TORCH_PYTHON
from tests.parity.case import FolderCase, judged
from tests.parity.weights_by_rule import fill
from tests.torch_child import run_patiently

REPOSITORY = Path(__file__).parents[2]
CASES = sorted(path.parent for path in Path(__file__).parent.rglob("case.json"))


def parity(folder: Path) -> subprocess.CompletedProcess[str]:
    """The runner, in the second environment."""
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    command = [str(TORCH_PYTHON), "-m", "tests.parity", str(folder)]
    return run_patiently(command, environment)


def made(folder: Path, **changes: object) -> Path:
    """A small case of the pitch curves, with changes to its case.json."""
    here = Path(__file__).parent / "rvc" / "f0_coarse"
    folder.mkdir(parents=True)
    for name in ("inputs.npz", "expected.npz"):
        (folder / name).write_bytes((here / name).read_bytes())
    document = json.loads((here / "case.json").read_text()) | changes
    (folder / "case.json").write_text(json.dumps({key: value for key, value in document.items() if value != "gone"}))
    return folder


@pytest.mark.torch
def test_every_case_that_lies_here_passes() -> None:
    ended = parity(Path(__file__).parent)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(lines) == len(CASES) >= 13
    assert all(line.startswith("PASS ") for line in lines), ended.stdout


@pytest.mark.torch
def test_a_wrong_array_an_unknown_kind_and_an_error_are_failures_and_the_rest_goes_on(tmp_path: Path) -> None:
    made(tmp_path / "family" / "a_wrong", f0_up_key=1)
    made(tmp_path / "family" / "b_unknown", kind="rvc.of_tomorrow")
    made(tmp_path / "family" / "c_error", f0_up_key="much")
    made(tmp_path / "family" / "d_told", required=[], f0_up_key=1)
    made(tmp_path / "family" / "e_all", required="gone")

    ended = parity(tmp_path)

    assert ended.returncode == 1
    wrong, unknown, error, told, whole = ended.stdout.splitlines()
    assert wrong.startswith("FAIL family/a_wrong coarse_2026=")
    assert unknown == "FAIL family/b_unknown no architecture here knows the kind 'rvc.of_tomorrow'"
    assert error.startswith("FAIL family/c_error ValueError: ")
    assert told.startswith("INFO family/d_told coarse_2026=")
    assert whole.startswith("PASS family/e_all ")
    assert whole.count("=") == 4


@pytest.mark.parametrize(
    ("bound", "ours", "holds"),
    [
        ({"max_abs": 0.1}, [1.0, 2.05], True),
        ({"max_abs": 0.1}, [1.0, 2.2], False),
        ({"max_abs": 0.1}, [1.0, numpy.nan], False),            # NaN never passes
        ({"max_abs": 0.1}, [1.0], False),                       # another shape
        ({"max_abs": 1.0, "rms": 0.1}, [1.0, 2.5], False),      # both bounds count
        ({"rms": 0.4}, [1.0, 2.5], True),
        ({"exact": True}, [1.0, 2.0], True),
        ({"exact": True}, [1.0, 2.0000001], False),
        ({"unchecked": True}, [5.0, 5.0], True),
        ({"unchecked": True}, [5.0, numpy.nan], False),
        ({"max_abs": 0.1}, None, False),                        # not given
    ],
)
def test_an_array_is_held_to_each_of_its_bounds(bound: dict[str, float], ours: list[float] | None, holds: bool) -> None:
    given = None if ours is None else numpy.array(ours)
    assert judged("x", bound, numpy.array([1.0, 2.0]), given).holds is holds


def test_weights_come_from_names_alone() -> None:
    plain = fill("layer.weight", (2, 2), "float32", "salt")
    assert numpy.array_equal(fill("layer.weight", (2, 2), "float32", "salt", [["weight$", 2.0]]), plain * numpy.float32(2.0))
    assert not numpy.array_equal(fill("other.weight", (2, 2), "float32", "salt"), plain)
    assert fill("layer.running_var", (100,), salt="a").min() > 0


def test_buffers_and_moved_weights_belong_to_the_state(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps([["a.weight", [2, 2], "float32"], ["b.weight", [2], "float32"]]))
    (tmp_path / "case.json").write_text(json.dumps({"salt": "s", "gains": [], "affine": [["^b", 0.0, 3.0]], "arrays": {}}))
    numpy.savez(tmp_path / "expected.npz", **{"buffer:window": numpy.arange(3.0), "audio": numpy.zeros(1)})

    case = FolderCase(tmp_path)

    assert case.state()["window"].tolist() == [0.0, 1.0, 2.0]
    assert case.state()["b.weight"].tolist() == [3.0, 3.0]
    assert set(case.expected) == {"audio"}
