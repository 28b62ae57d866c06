"""The second notebook, headless: rows become files and a table, and the same rows go on where they stopped."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.hosts import end_host

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_batch.ipynb"


@pytest.fixture
def hay_say(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "here"
    folder.mkdir()
    yield Shell(tmp_path / "home", folder, {"HAY_SAY_IDLE_SECONDS": "60"})
    end_host(tmp_path / "home")


def test_a_file_of_rows_is_run_headless_and_again_without_a_new_job(hay_say: Shell) -> None:
    (hay_say.folder / "lines.csv").write_text("name,text,rate_wpm\nfirst,One.,200\n,Two.,\n")
    parameters = ("-p", "rows", "lines.csv", "-p", "name", "lines", "-p", "out_folder", "made")

    assert hay_say("run", NOTEBOOK, *parameters, "--out", "executed.ipynb").status == 0

    made = hay_say.folder / "made"
    assert sorted(path.name for path in made.iterdir()) == ["0001-first.flac", "0002.flac", "batch.csv"]
    with (made / "batch.csv").open(newline="") as file:
        before = [line["job"] for line in csv.DictReader(file)]
    text = json.dumps([cell["outputs"] for cell in json.loads((hay_say.folder / "executed.ipynb").read_bytes())["cells"]
                       if cell["cell_type"] == "code"])  # fmt: skip
    assert "rows.1.steps.0.voice" in text
    assert "<caption>lines: 2 rows, 2 succeeded" in text

    batch = hay_say.json("batch", "lines.csv", "--name", "lines", "--seed", "7")
    assert batch.status == 0, batch.err
    assert [row["job"] for row in batch.document["rows"]] == before
