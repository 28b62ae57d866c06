"""The notebook about voices, as people run it without a browser and without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.hosts import end_host

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_voice_library.ipynb"


@pytest.fixture
def hay_say(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "here"
    folder.mkdir()
    yield Shell(tmp_path / "home", folder, {"HAY_SAY_IDLE_SECONDS": "60", "HAY_SAY_OFFLINE": "1"})
    end_host(tmp_path / "home")


def test_it_runs_headless_and_leaves_the_library_as_it_was(hay_say: Shell) -> None:
    ended = hay_say.json("run", NOTEBOOK, "-p", "out_folder", "made", "--out", "executed.ipynb")
    assert ended.status == 0, ended.err
    cells = json.loads((hay_say.folder / "executed.ipynb").read_bytes())["cells"]
    said = "".join(str(output.get("text", output.get("data"))) for cell in cells for output in cell.get("outputs", []))
    assert "the same content: True" in said
    assert "web page" in said or "no voice" in said or "Nothing in it" in said, said
    assert [voice["id"] for voice in hay_say.json("voices").document["voices"] if not voice["builtin"]] == []
    assert hay_say.json("imports").document["imports"][0]["state"] in ("succeeded", "failed")
