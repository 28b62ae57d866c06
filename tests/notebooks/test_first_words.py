"""The first notebook, as people run it without a browser."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import soundfile

from hay_say_lab.domain.host import read_record
from tests.cli.shell import Shell
from tests.hosts import end_host

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_first_words.ipynb"
SHORT = ("-p", "text", "Hello.")
SOUNDS = {"spoken.wav", "converted.wav", "first_words.flac", "new_take.flac"}


@pytest.fixture
def hay_say(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "here"
    folder.mkdir()
    # A kernel may take longer to start than hosts wait in tests.
    yield Shell(tmp_path / "home", folder, {"HAY_SAY_IDLE_SECONDS": "60"})
    end_host(tmp_path / "home")


def _cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_bytes())["cells"] if cell["cell_type"] == kind]


def _errors(path: Path) -> list[dict[str, Any]]:
    outputs = [output for cell in _cells(path) for output in cell["outputs"]]
    return [output for output in outputs if output["output_type"] == "error"]


def test_it_runs_headless_and_leaves_its_sounds_and_a_picture(hay_say: Shell) -> None:
    ended = hay_say.json("run", NOTEBOOK, *SHORT, "-p", "out_folder", "made", "--out", "executed.ipynb")
    assert ended.status == 0, ended.err
    assert ended.document["parameters"] == {"text": "Hello.", "out_folder": "made"}
    made = hay_say.folder / "made"
    assert {path.name for path in made.iterdir()} == {*SOUNDS, "spectrogram.png"}
    durations = {soundfile.info(made / name).duration for name in SOUNDS}
    assert max(durations) - min(durations) < 0.01
    html = [output["data"]["text/html"] for cell in _cells(hay_say.folder / "executed.ipynb")
            for output in cell["outputs"] if "text/html" in output.get("data", {})]  # fmt: skip
    assert len(html) == 4, "each take that is shown leaves a preview that needs no kernel"
    assert all("<audio" in "".join(text) for text in html)


@pytest.fixture
def jupyter(hay_say: Shell) -> Iterator[Shell]:
    """A Jupyter server on the same data home, through which somebody has called the host already."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter_server", f"--ServerApp.port={port}", "--ServerApp.open_browser=False",
               "--ServerApp.allow_root=True", "--IdentityProvider.token=t", "--ServerApp.port_retries=0"]  # fmt: skip
    with (hay_say.folder.parent / "jupyter.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=hay_say.folder, env=hay_say.environment, stdout=log, stderr=log)
    try:
        ready = urllib.request.Request(f"http://127.0.0.1:{port}/hay-say/v1/voices", headers={"Authorization": "token t"})
        deadline = time.monotonic() + 40
        while True:
            assert time.monotonic() < deadline, (hay_say.folder.parent / "jupyter.log").read_text()
            try:
                urllib.request.urlopen(ready, timeout=30).close()
                break
            except OSError:
                time.sleep(0.1)
        yield hay_say
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_with_a_jupyter_server_running_it_shares_its_host(jupyter: Shell) -> None:
    before = read_record(jupyter.home)
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), "executed.ipynb", "-p", "text", "Hello.", "--no-progress-bar"]
    ended = subprocess.run(command, cwd=jupyter.folder, env=jupyter.environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    after = read_record(jupyter.home)
    assert before is not None
    assert after is not None
    assert after.host_id == before.host_id
    assert len(jupyter.json("jobs").document["jobs"]) == 5


def test_a_bad_value_stops_it_with_one_sentence_and_keeps_what_was_executed(hay_say: Shell) -> None:
    ended = hay_say.json("run", NOTEBOOK, "-p", "voice", "nope", "--out", "executed.ipynb")
    assert (ended.status, ended.document["code"]) == (1, "notebook_failed")
    (sentence,) = ended.err.splitlines()
    assert "The voice 'nope' is not installed." in sentence
    assert sentence.startswith("hay-say: The notebook stopped at cell ")
    assert "See 'hay-say voices'" in sentence
    (error,) = _errors(hay_say.folder / "executed.ipynb")
    assert error["ename"] == "InvalidRequest"
    assert "".join(error["traceback"]).startswith("InvalidRequest: The voice 'nope' is not installed.")
    assert not any("line" in line for line in error["traceback"]), "people see no traceback in the notebook either"
    assert not list(hay_say.folder.rglob("*.wav"))


def test_plain_papermill_fails_on_a_bad_value_too(hay_say: Shell) -> None:
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), "executed.ipynb", "-p", "pitch_semitones", "99"]
    ended = subprocess.run(command, cwd=hay_say.folder, env=hay_say.environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "InvalidRequest: 'pitch_semitones' is 99 semitones; it goes from -24 to 24." in ended.stderr
    assert len(_errors(hay_say.folder / "executed.ipynb")) == 1


def test_unknown_names_and_other_kinds_are_refused_before_anything_runs(hay_say: Shell) -> None:
    ended = hay_say.json("run", NOTEBOOK, "-p", "txt", "Hi.", "-p", "seed", "seven", "-p", "pitch_semitones", "low")
    assert (ended.status, ended.fields) == (2, {"txt", "seed", "pitch_semitones"})
    assert "known are: text, voice, then_voice, pitch_semitones, seed, out_folder." in ended.document["message"]
    assert list(hay_say.folder.iterdir()) == []
    assert not hay_say.home.exists(), "no host was needed to say so"


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(hay_say: Shell) -> None:
    for out in ("nowhere/executed.ipynb", "executed.txt", NOTEBOOK):
        assert hay_say.json("run", NOTEBOOK, "--out", out).fields == {"out"}
    assert list(hay_say.folder.iterdir()) == []


def _notebook(path: Path, *cells: str) -> Path:
    import nbformat.v4 as nb

    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps(nb.new_notebook(cells=[nb.new_code_cell(cell) for cell in cells], metadata=metadata)))
    return path


def test_one_that_is_terminated_leaves_what_it_did_and_no_kernel(hay_say: Shell) -> None:
    notebook = _notebook(
        hay_say.folder / "slow.ipynb",
        "import os, pathlib, time\nprint('first')",
        "pathlib.Path('kernel').write_text(str(os.getpid()))\ntime.sleep(60)",
    )
    running = hay_say.start("run", notebook, "--out", "executed.ipynb")
    deadline = time.monotonic() + 40
    while not (hay_say.folder / "kernel").exists():
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.1)
    kernel = int((hay_say.folder / "kernel").read_text() or 0)
    running.terminate()
    _, err = running.communicate(timeout=40)
    assert running.returncode == 130
    (sentence,) = err.splitlines()
    assert sentence.startswith("hay-say: Interrupted. executed.ipynb holds what ran;")
    assert _cells(hay_say.folder / "executed.ipynb")[0]["outputs"][0]["text"] == ["first\n"]
    psutil.wait_procs([psutil.Process(kernel)] if psutil.pid_exists(kernel) else [], timeout=10)
    assert not psutil.pid_exists(kernel)


def test_a_kernel_that_dies_or_is_not_there_is_a_sentence(hay_say: Shell) -> None:
    dying = _notebook(hay_say.folder / "dying.ipynb", "import os\nos._exit(1)")
    ended = hay_say("run", dying, "--out", "a.ipynb")
    assert (ended.status, len(ended.err.splitlines())) == (1, 2)
    assert "kernel died" in ended.err
    dying.write_text(dying.read_text().replace("python3", "no-such-kernel"))
    assert "There is no kernel 'no-such-kernel' here." in hay_say("run", dying, "--out", "b.ipynb").err


def test_it_reads_as_an_essay() -> None:
    """STYLE: no machinery, cells of ten lines at most, prose between them, nothing executed in the repository."""
    notebook = json.loads(NOTEBOOK.read_bytes())
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert kinds[0] == "markdown"
    assert "code code" not in " ".join(kinds), "prose stands before every cell"
    for cell in _cells(NOTEBOOK):
        lines = "".join(cell["source"]).splitlines()
        assert len(lines) <= 10, lines
        assert not any(line.startswith(("def ", "class ")) for line in lines)
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert sum("parameters" in cell["metadata"].get("tags", ()) for cell in _cells(NOTEBOOK)) == 1
