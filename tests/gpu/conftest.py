"""What the checks on a card share. `make gpu` loads this file alone, so it stands on pytest and the standard library."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NO_CARD = "no CUDA device here: run `make gpu` where there is one"
REQUIRED = "HAY_SAY_CARD_REQUIRED"         # set by `make gpu`: a check that was not run is none that holds
FIGURES = Path(__file__).resolve().parents[2] / "build" / "gpu.json"

Tell = Callable[..., None]


def _card_is_there() -> bool:
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("pynvml") is None:
        return False
    from hay_say_lab.engine.nvml import cuda_devices

    return bool(cuda_devices())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mine = [item for item in items if item.get_closest_marker("gpu")]
    if mine and not _card_is_there():
        if os.environ.get(REQUIRED):
            pytest.exit(NO_CARD, returncode=2)
        for item in mine:
            item.add_marker(pytest.mark.skip(reason=NO_CARD))


@pytest.fixture(scope="session")
def tell() -> Iterator[Tell]:
    """Say a check's figures in one line, and keep them all in one file."""
    kept: dict[str, dict[str, object]] = {}

    def tell(check: str, **figures: object) -> None:
        kept[check] = figures
        words = ", ".join(f"{name} {value}" for name, value in figures.items())
        sys.stdout.write(f"\n{check}: {words}\n")

    yield tell
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(kept, indent=1) + "\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for architectures of one test, on the path of this process and of its workers."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    known = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(known))
    return folder
