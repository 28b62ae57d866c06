"""The life of a worker: hello, voices, stages, checkpoints, pieces, and an end that nobody has to wait for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.objects import read_clip, write_clip
from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.domain.clip import Clip
from hay_say_lab.worker.code_version import code_version, package_places
from tests.worker.child import AUDIO, PARROT, Child, gone, worker


@pytest.fixture
def parrot(tmp_path: Path) -> Iterator[Child]:
    with worker(tmp_path) as child:
        child.start()
        child.load()
        yield child


def test_a_worker_proves_that_it_was_asked_and_says_what_it_is(tmp_path: Path) -> None:
    with worker(tmp_path) as child:
        hello = child.start("a fresh nonce")

        assert (hello["type"], hello["nonce"], hello["pid"]) == ("hello", "a fresh nonce", child.process.pid)
        assert is_sha256(hello["code_version"])
        assert set(hello["fingerprint"]) == {"device", "machine", "threads", "precision", "python", "libraries"}
        assert hello["fingerprint"]["libraries"]["numpy"] == numpy.__version__
        assert hello["fingerprint"]["threads"] == 1


def test_a_voice_is_loaded_with_the_memory_it_takes(tmp_path: Path) -> None:
    with worker(tmp_path) as child:
        child.start()
        ready = child.load("parrot:polly")
        assert (ready["type"], ready["voice"]) == ("ready", "parrot:polly")
        assert 5 < ready["usage"]["resident_mb"] < 500


def test_a_stage_leaves_its_files_in_its_folder_and_says_their_names(parrot: Child) -> None:
    done, _ = parrot.run()

    assert done["type"] == "done"
    assert (done["stage"], done["token"]) == ("job/0", 1)
    assert done["files"] == {"clip": "clip.w64", "timings": "timings.json"}
    out = parrot.folder / "out"
    assert sorted(path.name for path in out.iterdir()) == ["clip.w64", "timings.json"]
    assert len(read_clip(out / "clip.w64").samples) == 3 * 1600
    assert [word["text"] for word in json.loads((out / "timings.json").read_text())["words"]] == ["one", "two", "three"]


def test_the_same_stage_twice_in_one_worker_is_the_same_bytes(parrot: Child) -> None:
    written = []
    for seed in (7, 8, 7):
        parrot.run(seed=seed, pieces=str(parrot.folder / f"pieces-{len(written)}"))
        written.append((parrot.folder / "out" / "clip.w64").read_bytes())
    assert written[0] == written[2] != written[1]


def test_checkpoints_rise_and_are_not_asked_more_often_than_they_are_worth(parrot: Child) -> None:
    began = time.monotonic()
    done, checkpoints = parrot.run(settings={"seconds_of_work": 0.6})
    seconds = time.monotonic() - began

    assert done["type"] == "done"
    fractions = [frame["fraction"] for frame in checkpoints]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert 2 <= len(checkpoints) <= seconds / 0.1 + 1


@pytest.mark.parametrize("answer", ["give_way", "cancel"])
def test_a_stage_that_is_told_to_stop_stops_there_and_the_worker_lives_on(answer: str, parrot: Child) -> None:
    stopped, _ = parrot.run(("continue", answer), settings={"seconds_of_work": 30.0})

    assert stopped == {"type": "stopped", "stage": "job/0", "token": 1, "answer": answer}
    assert list((parrot.folder / "out").iterdir()) == [], "nothing half-written"
    assert parrot.run()[0]["type"] == "done"


def test_pieces_that_were_finished_are_not_made_again(parrot: Child) -> None:
    """Two words of three are spoken before the stage gives way; the next attempt computes the third alone."""
    body = "one two three"
    parrot.run(body=body, pieces=str(parrot.folder / "others"))
    expected = (parrot.folder / "out" / "clip.w64").read_bytes()

    order = parrot.order(body=body, settings={"seconds_of_work": 0.9})
    frame = parrot.ask(order)
    while frame["type"] == "checkpoint":
        answer = "give_way" if frame["fraction"] > 0.6 else "continue"
        frame = parrot.ask({"type": "answer", "stage": "job/0", "token": 1, "answer": answer})
    assert frame["type"] == "stopped"
    kept = sorted(path.name for path in (parrot.folder / "pieces").rglob("*.npz"))
    assert kept == ["000000.npz", "000001.npz"]

    done, checkpoints = parrot.run(body=body, settings={"seconds_of_work": 0.9}, token=2)
    assert done["type"] == "done"
    assert checkpoints
    assert all(frame["fraction"] > 0.6 for frame in checkpoints), "only the last third was left to do"
    assert (parrot.folder / "out" / "clip.w64").read_bytes() == expected


def test_pieces_of_other_code_are_not_used(parrot: Child) -> None:
    parrot.run(settings={"seconds_of_work": 0.2})
    (pieces,) = (parrot.folder / "pieces").iterdir()
    for piece in pieces.iterdir():
        numpy.savez(piece, samples=numpy.zeros(5, numpy.float32))
    pieces.rename(pieces.with_name("0" * 16))

    assert parrot.run(token=2)[0]["type"] == "done"
    assert len(read_clip(parrot.folder / "out" / "clip.w64").samples) == 3 * 1600


def test_what_a_person_can_mend_is_told_as_such(parrot: Child) -> None:
    failed, _ = parrot.run(settings={"tune": "xyz"})
    assert (failed["type"], failed["fault"]) == ("failed", False)
    assert failed["error"]["code"] == "invalid_request"
    assert failed["error"]["problems"][0]["field"] == "tune"


def test_a_fault_inside_is_told_without_its_message_and_its_trace_is_in_the_log(parrot: Child) -> None:
    failed, _ = parrot.run(settings={"crash": "raise"})

    assert (failed["type"], failed["fault"]) == ("failed", True)
    assert "RuntimeError" in failed["error"]["message"]
    assert "told to raise" not in json.dumps(failed), "an error's message may hold what a person wrote"
    log = parrot.log.read_text()
    assert "runtime.py" in log
    assert "RuntimeError: " not in log
    assert parrot.run(token=2)[0]["type"] == "done", "the worker lives on"


def test_a_task_that_the_runtime_does_not_do_is_a_typed_failure(parrot: Child) -> None:
    assert parrot.run(task="phonemes")[0]["type"] == "failed"


def test_a_voice_that_is_let_go_can_be_loaded_again(parrot: Child) -> None:
    parrot.line.send({"type": "unload", "voice": "parrot:polly"})
    assert parrot.load()["type"] == "ready"


def test_an_answer_that_comes_too_late_is_ignored(parrot: Child) -> None:
    parrot.line.send({"type": "answer", "stage": "job/0", "token": 1, "answer": "cancel"})
    assert parrot.run()[0]["type"] == "done"


def test_heartbeats_come_by_themselves_also_while_it_computes(parrot: Child) -> None:
    """The parrot hangs without a checkpoint; its heart goes on beating."""
    parrot.line.send(parrot.order(settings={"crash": "hang"}))
    assert parrot.line.receive() is not None        # the checkpoint before it hangs
    parrot.line.send({"type": "answer", "stage": "job/0", "token": 1, "answer": "continue"})
    assert parrot.line.receive() == {"type": "heartbeat"}


@pytest.mark.parametrize("busy", ["idle", "computing", "hanging", "between start and load"])
def test_a_worker_leaves_at_once_when_its_host_is_gone(busy: str, tmp_path: Path) -> None:
    with worker(tmp_path) as child:
        child.start()
        if busy in ("computing", "hanging"):
            child.load()
            settings = {"seconds_of_work": 60.0} if busy == "computing" else {"crash": "hang"}
            assert child.ask(child.order(settings=settings))["type"] == "checkpoint"
            child.line.send({"type": "answer", "stage": "job/0", "token": 1, "answer": "continue"})
            time.sleep(0.2)
        began = time.monotonic()

        assert child.leave() == 0
        assert time.monotonic() - began < 30, "long before its work would have ended"


def test_a_worker_that_was_never_asked_leaves_too(tmp_path: Path) -> None:
    with worker(tmp_path) as child:
        assert child.leave() == 0


PARENT = """
import os, sys, time
from pathlib import Path
from tests.worker.child import Child

child = Child(Path(sys.argv[1]))
child.start()
if sys.argv[2] != "idle":
    child.load()
    child.ask(child.order(settings={"seconds_of_work": 60.0} if sys.argv[2] == "computing" else {"crash": "hang"}))
    child.line.send({"type": "answer", "stage": "job/0", "token": 1, "answer": "continue"})
keeps_the_line_open = os.dup(child.socket.fileno())
print(child.process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("busy", ["idle", "computing", "hanging"])
def test_a_worker_dies_with_its_parent(busy: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), busy], stdout=subprocess.PIPE, text=True, cwd=root
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    gone(pid)


def test_a_stopped_worker_dies_with_its_parent_too(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), "idle"], stdout=subprocess.PIPE, text=True, cwd=root
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
    gone(pid)


def test_a_worker_whose_parent_died_before_it_began_does_not_begin(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hay_say_lab.worker", "0", "1"], cwd=tmp_path, capture_output=True, timeout=20, check=False
    )
    assert done.returncode == 0
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("task", "settings", "expected"),
    [
        ("prepare", {"sample_rate": 16_000}, {"clip": "clip.w64"}),
        ("finish", {"finish": {}, "effects": []}, {"clip": "clip.w64", "picture": "picture.json"}),
    ],
)
def test_the_audio_worker_speaks_the_same_protocol(
    task: str, settings: dict[str, Any], expected: dict[str, str], tmp_path: Path
) -> None:
    write_clip(tmp_path / "in.w64", Clip(numpy.linspace(-0.5, 0.5, 4410, dtype=numpy.float32), 44_100))
    with worker(tmp_path) as child:
        assert child.start(**AUDIO)["fingerprint"]["libraries"].keys() >= {"numpy", "soxr", "libsndfile"}
        order = child.order(
            task=task, voice=None, text=None, inputs={"clip": str(tmp_path / "in.w64")}, settings=settings
        )
        order["settings"] = settings
        done = child.ask(order)
        assert done["type"] == "done", done
        assert done["files"] == expected
        clip = read_clip(tmp_path / "out" / "clip.w64")
        assert (len(clip.samples), clip.sample_rate) == ((1600, 16_000) if task == "prepare" else (4410, 44_100))


def test_code_versions_of_two_workers_agree_and_differ_between_architectures(tmp_path: Path) -> None:
    versions = []
    for which in (PARROT, PARROT, AUDIO):
        with worker(tmp_path) as child:
            versions.append(child.start(**which)["code_version"])
    assert versions[0] == versions[1] != versions[2]


def test_a_code_version_is_also_that_of_the_networks_that_a_plugin_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a plugin that imports a package beside it, when that one changes, then the plugin's code version does."""
    for name, text in (("hay_say_lender", "x = 1\n"), ("hay_say_borrower", "from hay_say_lender import x\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    before = code_version("hay_say_borrower"), code_version("hay_say_lender")
    (tmp_path / "hay_say_lender" / "__init__.py").write_text("x = 2\n")
    after = code_version("hay_say_borrower"), code_version("hay_say_lender")

    assert before[0] != after[0]
    assert before[1] != after[1]
    assert package_places("hay_say_borrower") == (tmp_path / "hay_say_borrower", tmp_path / "hay_say_lender")
