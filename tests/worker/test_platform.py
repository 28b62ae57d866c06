"""What a child process is given and what it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from hay_say_lab.worker.platform import memory_mb, worker_environment
from tests.audio.sounds import encoded

SECRETS = {
    "HAY_SAY_TOKEN": "canary", "HAY_SAY_TOKENS": "canary", "HAY_SAY_URL": "http://canary", "AWS_SECRET_ACCESS_KEY": "canary",
    "AWS_SESSION_TOKEN": "canary", "HF_TOKEN": "canary", "GITHUB_TOKEN": "canary", "JUPYTERHUB_API_TOKEN": "canary",
    "OPENAI_API_KEY": "canary", "DATABASE_URL": "postgres://canary", "SSH_AUTH_SOCK": "/canary", "MY_PASSWORD": "canary",
    "HTTP_PROXY": "http://me:canary@proxy", "LD_PRELOAD": "/canary.so",
}  # fmt: skip
NEEDED = {"PATH": "/usr/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}


def test_no_secret_of_the_host_reaches_a_worker() -> None:
    passed = worker_environment({**SECRETS, **NEEDED})
    assert "canary" not in json.dumps(passed)
    assert NEEDED.items() <= passed.items()


@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"OMP_NUM_THREADS": "3"}, "3")])
def test_the_number_of_threads_is_fixed_before_a_worker_starts(given: dict[str, str], threads: str) -> None:
    passed = worker_environment(given)
    assert {passed[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")} == {threads}


def _inspected(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "hay_say_lab.worker.inspector", str(path), "0" * 64, "label", ""],
        env=worker_environment(dict(os.environ)), cwd=path.parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_strangers_file_is_inspected_in_a_child_that_answers_in_json(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(encoded("FLAC"))
    answer = json.loads(_inspected(tmp_path / "upload").stdout)
    assert answer["facts"]["container"] == "FLAC"
    assert answer["facts"]["label"] == "label"


def test_a_file_that_is_no_sound_is_a_typed_answer_of_the_child(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(b"<html>")
    done = _inspected(tmp_path / "upload")
    assert done.returncode == 0
    assert json.loads(done.stdout)["error"]["code"] == "invalid_request"
    assert "Traceback" not in done.stderr


def test_memory_is_what_the_system_cannot_take_back_by_itself(tmp_path: Path) -> None:
    before = memory_mb()
    held = numpy.ones(8 << 20)                                                  # 64 MB
    assert 60.0 < memory_mb() - before < 70.0
    mapped = numpy.memmap(tmp_path / "sound", numpy.float32, "w+", shape=held.shape)
    mapped[:] = held
    assert memory_mb() - before < 70.0
