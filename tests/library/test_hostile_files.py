"""A corpus of hostile files, against real children: nothing runs, nobody is called, torch is not imported, memory stays small."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import TORCH_PYTHON
from hay_say_lab.engine.librarian import EXAMINE_MB
from hay_say_lab.worker.platform import worker_environment
from tests.library.hostile_files import CORPUS, Payload, write_corpus


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one child says of all of them, told once; and the canaries, looked at when it has ended."""
    root = tmp_path_factory.mktemp("hostile")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        words = write_corpus(root / "files", Payload(root / "canary", listener.getsockname()[1]))
        answer = _child("hay_say_lab.worker.examine", sys.executable, root / "files", {"recognisers": {"rvc": "hay_say_rvc.recognition:recognise"}})
        with pytest.raises(TimeoutError):
            listener.accept()
    return {**answer, "words": words, "canary": (root / "canary").exists(), "root": root}


def _child(module: str, interpreter: str, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    (folder / ".unpacked").mkdir(exist_ok=True)
    order = {
        **order, "folder": str(folder), "parent": os.getpid(), "least": "none", "memory_mb": EXAMINE_MB, "cpu_seconds": 60,
        "file_mb": 4096, "read": [str(folder)], "write": [str(folder / ".unpacked")],
    }  # fmt: skip
    done = subprocess.run(
        [interpreter, "-P", "-m", module], input=json.dumps(order).encode(), env=worker_environment(dict(os.environ)),
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def _problems(answered: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = answered["made"]["findings"]["problems"]
    return [problem for problem in found if problem["field"].partition("/")[0] == name]


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_is_refused_in_its_own_words_with_the_way_out(name: str, answered: dict[str, Any]) -> None:
    (problem,) = _problems(answered, name)
    assert answered["words"][name] in problem["message"].removeprefix(f"{name}: ")
    assert problem["fix"]["label"]


def test_nothing_of_them_runs_and_nobody_is_called(answered: dict[str, Any]) -> None:
    assert not answered["canary"]
    assert answered["made"]["findings"]["sets"] == []
    outside = [path for path in answered["root"].rglob("*") if "canary" in path.name]
    assert outside == []


def test_to_refuse_them_torch_is_not_imported_and_memory_stays_under_its_cap(answered: dict[str, Any]) -> None:
    assert "torch" not in answered["modules"]
    assert "numpy" not in answered["modules"]
    assert answered["peak_mb"] < EXAMINE_MB / 2


def test_what_was_unpacked_lies_in_its_folder_alone_and_refused_archives_leave_nothing(answered: dict[str, Any]) -> None:
    unpacked = answered["root"] / "files" / ".unpacked"
    assert sum(path.stat().st_size for path in unpacked.rglob("*") if path.is_file()) < 1 << 20
    assert {path.name for path in answered["root"].iterdir()} == {"files"}


@pytest.mark.torch
def test_the_converter_too_refuses_before_it_imports_torch(tmp_path: Path) -> None:
    """Whoever goes around the examination meets the same machine again."""
    folder = tmp_path / "files"
    folder.mkdir()
    make, words = CORPUS["new.pth"]
    make(folder / "a.pth", Payload(tmp_path / "canary", 9))
    weights = {"weights": {"source": "a.pth", "tensors": {"a": ["weight", "a"]}}}
    order = {"out": str(folder / ".unpacked"), "files": {"weights": "a.pth"}, "weights": weights, "config": None}
    answer = _child("hay_say_lab.worker.convert", str(TORCH_PYTHON), folder, order)
    assert words in answer["error"]["message"]
    assert "torch" not in answer["modules"]
    assert not (tmp_path / "canary").exists()
    assert list((folder / ".unpacked").iterdir()) == []


def test_the_payload_would_run_if_anybody_unpickled_it(tmp_path: Path) -> None:
    """The canary sings: otherwise the tests above could not fail."""
    import pickle

    pickle.loads(pickle.dumps(Payload(tmp_path / "canary", 9)))
    assert (tmp_path / "canary").exists()
