"""What `spec_*.py` say, in the environment that has torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torch_child import run_specification

SPECIFICATIONS = sorted(Path(__file__).parent.glob("spec_*.py"))


@pytest.mark.torch
@pytest.mark.parametrize("file", SPECIFICATIONS, ids=lambda file: file.stem)
def test_a_specification_holds(file: Path) -> None:
    ended = run_specification(file)
    assert ended.returncode == 0, ended.stdout + ended.stderr
