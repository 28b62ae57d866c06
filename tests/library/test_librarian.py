"""Strangers' files are read in children that are shut in, counted, cancellable, and may die."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.engine import librarian as room
from hay_say_lab.engine.librarian import Librarian, Reading, Told
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.errors import InvalidRequest, WorkerFailed
from tests.library.reading import librarian

HOSTILE = '''
import os, socket, sys
from pathlib import Path
from hay_say_lab.worker.cell import serve

def attempt(name, act):
    try:
        return act()
    except BaseException as error:
        return type(error).__name__

def work(order):
    if order.get("act") == "crash":
        os.abort()
    if order.get("act") == "eat":
        return {"eaten": len(bytearray(2 << 30))}
    if order.get("act") == "fill":
        with open(order["write"][0] + "/big", "wb") as file:
            for _ in range(64):
                file.write(bytes(1 << 20))
    if order.get("act") == "hang":
        while True:
            pass
    if order.get("act") == "babble":
        os.write(1, b"x")
        return {"text": "x" * (33 << 20)}
    inside, outside = order["read"][0], order["outside"]
    return {
        "read inside": attempt("a", lambda: Path(inside, "a").read_text()),
        "write inside": attempt("a", lambda: Path(inside, "b").write_text("x")),
        "read outside": attempt("a", lambda: Path(outside).read_text()),
        "write outside": attempt("a", lambda: Path(outside).write_text("x")),
        "list outside": attempt("a", lambda: os.listdir(Path(outside).parent)),
        "write out": attempt("a", lambda: Path(order["write"][0], "made").write_text("made")),
        "link out": attempt("a", lambda: os.link(outside, order["write"][0] + "/link")),
        "connect": attempt("a", lambda: socket.create_connection(("127.0.0.1", order["port"]), 2).close()),
        "listen": attempt("a", lambda: socket.create_server(("127.0.0.1", 0)).close()),
        "environment of the host": attempt("a", lambda: Path(f"/proc/{order['parent']}/environ").read_bytes().decode("latin-1")),
        "kill the host": attempt("a", lambda: os.kill(order["parent"], 0)),
        "secrets": [name for name in os.environ if "SECRET" in name or "TOKEN" in name],
    }

sys.exit(serve(work))
'''


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Librarian, WorkerPool]]:
    with librarian(tmp_path / "home") as found:
        yield found


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A child of ours, as it would be if a file had taken it over."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "taken_over.py").write_text(HOSTILE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    return "taken_over"


def _reading(tmp_path: Path, module: str, **more: Any) -> Reading:
    inside, out = tmp_path / "in", tmp_path / "out"
    inside.mkdir(exist_ok=True)
    out.mkdir(exist_ok=True)
    (inside / "a").write_text("hello")
    values: dict[str, Any] = {"memory_mb": 300, "seconds": 60, "file_mb": 8, **more}
    order = values.pop("order", {})
    return Reading(module, sys.executable, order, read=(inside,), write=(out,), **values)


def _told(desk: tuple[Librarian, WorkerPool], reading: Reading) -> Told:
    return asyncio.run(desk[0].read(reading))


def test_a_child_that_is_taken_over_has_no_file_but_its_own_no_network_and_no_secret(
    desk: tuple[Librarian, WorkerPool], hostile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAY_SAY_TOKEN", "canary")
    monkeypatch.setenv("MY_SECRET", "canary")
    (tmp_path / "outside").write_text("private")
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        order = {"outside": str(tmp_path / "outside"), "port": canary.getsockname()[1]}
        told = _told(desk, _reading(tmp_path, hostile, order=order))
        if told.level != "full":
            pytest.skip(f"this kernel gives '{told.level}'")
        with pytest.raises(TimeoutError):
            canary.accept()
    made = dict(told.made)
    assert made["read inside"] == "hello"
    assert made["write out"] == 4
    assert made["secrets"] == []
    assert "canary" not in made["environment of the host"]
    refused = {name for name, found in made.items() if found in ("PermissionError", "OSError", "FileNotFoundError", "ConnectionRefusedError")}
    assert refused >= {"write inside", "read outside", "write outside", "list outside", "link out", "connect", "kill the host"}
    assert (tmp_path / "outside").read_text() == "private"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"made"}


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("crash", "crashed (SIGABRT)"),
        ("eat", "takes more than the 300 MB"),
        ("fill", "unpack to more than 8 MB"),
        ("hang", "took more than"),
        ("babble", "more in these files than an answer can hold"),
    ],
)
def test_a_child_that_dies_of_its_files_is_a_refusal_with_the_way_out(
    desk: tuple[Librarian, WorkerPool], hostile: str, tmp_path: Path, act: str, words: str
) -> None:
    seconds = 2 if act == "hang" else 60
    with pytest.raises((InvalidRequest, WorkerFailed)) as refused:
        _told(desk, _reading(tmp_path, hostile, order={"act": act, "outside": ""}, seconds=seconds))
    assert words in refused.value.message
    assert refused.value.problems[0].fix.label


def test_below_the_confinement_that_a_profile_asks_for_nothing_is_opened(
    desk: tuple[Librarian, WorkerPool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that cannot be shut in says so before it looks at a file: here the kernel has no Landlock for it."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "bare.py").write_text(
        "import sys\nfrom hay_say_lab.worker import landlock\nlandlock.version = lambda: 0\n"
        "from hay_say_lab.worker.cell import serve\nsys.exit(serve(lambda order: open(order['read'][0] + '/a').read() and {}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    reading = _reading(tmp_path, "bare", least="limits")
    assert _told(desk, reading).level == "limits"
    (tmp_path / "in" / "a").unlink()            # it would be missed
    with pytest.raises(InvalidRequest, match="this machine gives 'limits'"):
        _told(desk, dataclasses.replace(reading, least="full"))


def test_the_memory_of_a_child_stands_in_the_books_while_it_works(
    desk: tuple[Librarian, WorkerPool], hostile: str, tmp_path: Path
) -> None:
    async def watched() -> float:
        at_work = asyncio.create_task(desk[0].read(_reading(tmp_path, hostile, order={"act": "hang", "outside": ""})))
        await asyncio.sleep(0.2)
        held = sum(seat.memory_mb for seat in desk[1].ledger().seats if seat.busy)
        at_work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await at_work
        return held

    assert asyncio.run(watched()) == 300


def test_a_folder_of_nothing_in_particular_is_told_file_by_file(desk: tuple[Librarian, WorkerPool], tmp_path: Path) -> None:
    folder = tmp_path / "brought"
    (folder / "voice").mkdir(parents=True)
    (folder / "voice" / "readme.txt").write_text("A voice.")
    (folder / "voice" / "song.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    (folder / "voice" / "config.json").write_text(json.dumps({"a": 1}))
    (folder / "elsewhere").symlink_to("/etc/passwd")
    (folder / ".DS_Store").write_bytes(b"x")
    findings = asyncio.run(desk[0].examine(folder))
    assert findings.sets == ()
    assert {ignored.name: ignored.why for ignored in findings.ignored} == {
        "voice/readme.txt": "a text for people",
        "voice/song.wav": "a recording, no weights",
        "voice/config.json": "a document that goes with no voice found here",
        "elsewhere": "a link or a device: only plain files are read",
    }


def test_no_interpreter_with_torch_is_a_refusal_that_names_the_setting(
    desk: tuple[Librarian, WorkerPool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hay_say_lab.domain.finding import Finding, Weights

    (tmp_path / "a.pth").write_bytes(b"x")
    finding = Finding("voice", "any", "any", "A", "a", {"weights": "a.pth"}, weights={"weights": Weights("a.pth", {})})
    monkeypatch.delenv(room.TORCH_PYTHON, raising=False)
    with pytest.raises(InvalidRequest, match="no interpreter here has it") as refused:
        asyncio.run(desk[0].convert(finding, tmp_path, tmp_path / "out"))
    assert room.TORCH_PYTHON in refused.value.problems[0].fix.label
    monkeypatch.setenv(room.TORCH_PYTHON, os.fspath(tmp_path / "no-python"))
    with pytest.raises(WorkerFailed, match="could not be started"):
        asyncio.run(desk[0].convert(finding, tmp_path, tmp_path / "out"))
