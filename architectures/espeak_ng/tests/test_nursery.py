"""Processes: what breaks a child breaks nothing else, and nothing outlives the worker."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hay_say_espeak_ng.library import PHONEMES, Order
from hay_say_espeak_ng.nursery import Nursery, installed_library
from hay_say_lab.errors import InvalidRequest, LabError, WorkerFailed

SETTINGS = {"rate": 175, "pitch": 50, "range": 50, "volume": 100, "gap": 0}
BREAKS_KANNADA = "\u24dc"       # a circled small m: version 1.52 writes past a buffer


def order(text: str = "Hello.", voice: str = "gmw/en-US", flags: int = 0) -> Order:
    return Order(text, voice, SETTINGS, seed=0, flags=flags)


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def children_of(process_id: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == process_id and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    ending = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ending
        time.sleep(0.01)


def test_a_text_that_breaks_the_library_is_refused_and_the_next_is_spoken(nursery: Nursery) -> None:
    before = nursery.utter(order())
    nurse = nursery.process_id
    with pytest.raises(InvalidRequest, match="breaks down on this passage"):
        nursery.utter(order(BREAKS_KANNADA, voice="dra/kn"))
    assert nursery.utter(order()).samples == before.samples
    assert nursery.process_id == nurse


def test_a_buffer_overrun_in_the_library_ends_a_child_alone(nursery: Nursery) -> None:
    with pytest.raises(InvalidRequest):
        nursery.utter(order("[[" + "a" * 700 + "]]", flags=PHONEMES))
    assert nursery.utter(order()).samples


def test_a_child_that_takes_too_long_is_stopped(nursery: Nursery) -> None:
    hasty = Nursery(limit_seconds=0.0)
    with pytest.raises(WorkerFailed, match="stopped after 0 s"):
        hasty.utter(order("Hello. " * 80))
    assert hasty.process_id is not None
    assert children_of(hasty.process_id) == []
    hasty.close()


def test_a_voice_that_the_library_does_not_know_is_an_error_with_a_name(nursery: Nursery) -> None:
    with pytest.raises(LabError, match="refused the voice 'gmw/xx'"):
        nursery.utter(order(voice="gmw/xx"))


def test_a_nurse_that_is_killed_is_an_error_once_and_then_replaced(nursery: Nursery) -> None:
    nursery.start()
    assert nursery.process_id is not None
    os.kill(nursery.process_id, signal.SIGKILL)
    with pytest.raises(WorkerFailed):
        nursery.utter(order())
    assert nursery.utter(order()).samples


def test_stopping_while_a_child_speaks_ends_the_child(nursery: Nursery) -> None:
    nursery.start()
    nurse = nursery.process_id
    assert nurse is not None
    os.kill(nurse, signal.SIGSTOP)      # so that the answer is not there before we stop

    def stop() -> None:
        os.kill(nurse, signal.SIGCONT)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        nursery.utter(order("Hello. " * 80), stop)
    wait_until(lambda: not is_alive(nurse))
    assert nursery.utter(order()).samples


def test_closing_leaves_no_process(nursery: Nursery) -> None:
    nursery.start()
    nurse = nursery.process_id
    assert nurse is not None
    nursery.close()
    assert not is_alive(nurse)


def test_the_nurse_outlives_the_thread_that_started_it(nursery: Nursery) -> None:
    # A death signal asked for by the nurse would follow the thread, not the process.
    thread = threading.Thread(target=nursery.start)
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert nursery.process_id is not None
    assert is_alive(nursery.process_id)
    assert nursery.utter(order()).samples


def test_the_nurse_holds_nothing_of_the_worker_but_one_socket(nursery: Nursery) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.set_inheritable(True)        # as a careless worker's protocol might be
        nursery.start()
        held = [os.readlink(path) for path in Path(f"/proc/{nursery.process_id}/fd").iterdir()]
    assert sum(target.startswith("socket:") for target in held) == 1
    assert Path(f"/proc/{nursery.process_id}/task").exists()
    assert len(list(Path(f"/proc/{nursery.process_id}/task").iterdir())) == 1


WORKER = """
import threading, types
from hay_say_espeak_ng.runtime import EspeakRuntime
from hay_say_espeak_ng.manifest import CONTROLS
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import RequestText, VoiceFiles
runtime = EspeakRuntime()
runtime.load(VoiceFiles("espeak_ng:en-us"))
threading.Thread(target=threading.Event().wait, daemon=True).start()
print(runtime._nursery.process_id, flush=True)
stage = types.SimpleNamespace(
    seed=7, checkpoint=lambda *_: None, kept=lambda piece: None, keep=lambda piece, arrays: None
)
while True:
    runtime.speak("espeak_ng:en-us", RequestText("The birch canoe slid. " * 500), with_defaults(CONTROLS, {}), stage)
"""


def test_a_worker_that_is_killed_leaves_neither_nurse_nor_child() -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        nurse = int(worker.stdout.readline())
        seen: set[int] = set()
        wait_until(lambda: bool(seen.update(children_of(nurse)) or seen))      # a child is at work
        worker.kill()
        last = set(children_of(nurse))
    wait_until(lambda: not is_alive(nurse))
    wait_until(lambda: not any(map(is_alive, seen | last)))


def test_a_nurse_that_is_killed_takes_its_child_along() -> None:
    nursery = Nursery()
    nursery.start()
    nurse = nursery.process_id
    assert nurse is not None

    ends: list[str] = []

    def speak() -> None:
        try:
            while not ends:
                nursery.utter(order("Hello. " * 80))
        except WorkerFailed as error:
            ends.append(error.message)

    thread = threading.Thread(target=speak)
    thread.start()
    children: list[int] = []
    wait_until(lambda: bool(children.extend(children_of(nurse)) or children))
    os.kill(nurse, signal.SIGKILL)
    thread.join()
    assert ends == ["The process that runs espeak-ng ended."]
    wait_until(lambda: not any(map(is_alive, children)))


def test_a_path_longer_than_the_librarys_buffer_works(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 60] * 5)
    _, folder = installed_library()
    shutil.copytree(folder, deep / "espeakng_loader")
    script = (
        "from hay_say_espeak_ng.nursery import Nursery, installed_library\n"
        "from hay_say_espeak_ng.library import Order\n"
        f"assert str(installed_library()[1]).startswith({str(deep)!r})\n"
        f"print(len(Nursery().utter(Order('Hello.', 'gmw/en-US', {SETTINGS!r}, 0)).samples))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(deep)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(answer.stdout) > 0


def test_a_library_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "espeakng_loader").mkdir()
    (tmp_path / "espeakng_loader" / "__init__.py").touch()
    library, _ = installed_library()
    shutil.copy(library, tmp_path / "espeakng_loader")
    script = (
        "from hay_say_espeak_ng.nursery import Nursery\n"
        "from hay_say_lab.errors import LabError\n"
        "try:\n    Nursery().start()\nexcept LabError as error:\n    print(error)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "espeak-ng does not start" in answer.stdout
    assert "hay-say-espeak-ng[runtime]" in answer.stdout


def test_no_file_is_left_anywhere_near(nursery: Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    nursery.utter(order())
    with pytest.raises(InvalidRequest):
        nursery.utter(order(BREAKS_KANNADA, voice="dra/kn"))
    assert list(tmp_path.iterdir()) == []
    assert list(installed_library()[1].glob("core*")) == []
