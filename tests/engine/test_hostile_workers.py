"""A worker that breaks the protocol is killed, with all that it started; the host publishes nothing of it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import psutil
import pytest

from hay_say_lab.engine.attendant import Attendant, Post
from hay_say_lab.engine.order import Done, Order, Stopped, Usage, WorkerLost
from hay_say_lab.engine.patience import Patience
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore
from tests.engine.hostile import program
from tests.worker.child import gone

SHORT = Patience(lease=0.6, start=20.0, stop=0.3, terminate=0.3)
PATIENT = Patience(lease=20.0, start=20.0, stop=0.3, terminate=0.3)         # where the worker is to be believed
POLLY = "parrot:polly"


async def _start(folder: Path, code: str, patience: Patience = SHORT) -> Attendant:
    return await Attendant.start(_post(folder, program(folder, code)), patience)


def _post(folder: Path, interpreter: str) -> Post:
    return Post(1, "parrot", "a:B", interpreter, folder, folder / "log")


def _children() -> list[int]:
    return [child.pid for child in psutil.Process().children(recursive=True)]


async def _run(attendant: Attendant, home: Home, stop: str | None = None) -> tuple[object, dict[str, str]]:
    """One stage as the engine orders it; `stop` is asked for once it is under way."""
    objects = ObjectStore(home.objects)
    pool = WorkerPool(home, objects, Architectures(), places=1)
    out = home.scratch / "job" / "0"
    order = Order("job/0", 3, "speak", out / "out", out / "pieces", voice=POLLY)
    running = asyncio.create_task(pool.run(attendant, order, lambda fraction, message: None))
    if stop is not None:
        await asyncio.sleep(0.2)
        attendant.stop_stage(stop)
    try:
        return await asyncio.wait_for(running, 15)
    finally:
        await attendant.end()


def _published(home: Home) -> list[str]:
    return [path.name for path in home.objects.rglob("*") if path.is_file()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


GREETINGS = {
    "another nonce": 'send(type="hello", nonce="guess", pid=1, code_version="c", fingerprint={})',
    "no nonce": 'send(type="hello", pid=1, code_version="c", fingerprint={})',
    "no code version": 'send(type="hello", nonce=start["nonce"], pid=1, fingerprint={})',
    "a fingerprint that is none": 'send(type="hello", nonce=start["nonce"], code_version="c", fingerprint=[1])',
    "a result instead": 'send(type="done", stage="job/0", token=3, files={}, usage=usage())',
    "a checkpoint instead": 'send(type="checkpoint", stage="job/0", token=3, fraction=0.5, message="")',
    "no JSON": 'raw(b"hello")',
    "no object": 'raw(b"[1]")',
    "nothing at all": 'line.sendall(struct.pack(">I", 0))',
    "a frame of 4 GB": 'line.sendall(b"\\xff\\xff\\xff\\xff")',
    "a frame of 1 MiB and a byte": 'line.sendall(struct.pack(">I", (1 << 20) + 1))',
    "JSON without a bottom": 'raw(b"[" * 500_000)',
    "an end": "os._exit(7)",
    "a closed line, and it lives on": "line.shutdown(socket.SHUT_RDWR); time.sleep(60)",
    "a signal to itself": "os.kill(os.getpid(), signal.SIGSEGV)",
}


@pytest.mark.parametrize("code", GREETINGS.values(), ids=GREETINGS)
async def test_a_worker_that_does_not_greet_as_it_should_is_killed(code: str, tmp_path: Path) -> None:
    before = set(_children())
    with pytest.raises(WorkerLost) as lost:
        await _start(tmp_path, code)
    assert lost.value.reason.startswith("it ")
    await asyncio.to_thread(gone, *(set(_children()) - before))


async def test_a_worker_that_never_greets_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(WorkerLost, match="no sign of life"):
        await _start(tmp_path, "time.sleep(60)", Patience(start=0.5, stop=0.3))
    await asyncio.to_thread(gone, *_children())


@pytest.mark.parametrize("interpreter", ["/nowhere/python", "/dev/null"])
async def test_a_worker_that_cannot_be_started_is_lost_by_name(interpreter: str, tmp_path: Path) -> None:
    open_files = len(os.listdir("/proc/self/fd"))
    with pytest.raises(WorkerLost, match="could not be started"):
        await Attendant.start(_post(tmp_path, interpreter))
    assert len(os.listdir("/proc/self/fd")) == open_files


ANSWERS = {
    "another stage's name": "run = order(); done(run, made(run), stage='other/0')",
    "a stale token": "run = order(); done(run, made(run), token=2)",
    "a token that is no number": "run = order(); done(run, made(run), token=[3])",
    "an answer before it was asked": "hello(); send(type='done', stage='job/0', token=3, files={}, usage=usage())",
    "another voice": "hello(); read(); send(type='ready', voice='parrot:other', usage=usage())",
    "a voice that takes no memory at all": "hello(); frame = read(); send(type='ready', voice=frame['voice'], usage=usage(-1))",
    "memory that is no number": "run = order(); done(run, made(run), usage=usage('much'))",
    "memory beyond all machines": "run = order(); done(run, made(run), usage=usage(1e300))",
    "no memory at all": "run = order(); done(run, made(run), usage={})",
    "memory that is infinite": "run = order(); made(run); raw(b'{\"type\": \"done\", \"usage\": Infinity}')",
    "a path upwards": "run = order(); done(run, {'clip': '../0/out/clip.w64'})",
    "an absolute path": "run = order(); done(run, {'clip': '/etc/passwd'})",
    "a folder in the name": "run = order(); os.mkdir(run['out'] + '/a'); made(run, 'a/b'); done(run, {'clip': 'a/b'})",
    "the folder itself": "run = order(); done(run, {'clip': '.'})",
    "the folder above": "run = order(); done(run, {'clip': '..'})",
    "no name": "run = order(); done(run, {'clip': ''})",
    "a name that is a number": "run = order(); done(run, {'clip': 7})",
    "a zero byte in the name": "run = order(); made(run); done(run, {'clip': 'clip.w64\\0'})",
    "files that are no table": "run = order(); done(run, [['clip', 'clip.w64']])",
    "a file that is not there": "run = order(); done(run, {'clip': 'clip.w64'})",
    "a folder as a file": "run = order(); os.mkdir(run['out'] + '/clip.w64'); done(run, {'clip': 'clip.w64'})",
    "a link to a secret": "run = order(); os.symlink('/etc/passwd', run['out'] + '/clip'); done(run, {'clip': 'clip'})",
    "a link to nothing": "run = order(); os.symlink('/nowhere', run['out'] + '/clip'); done(run, {'clip': 'clip'})",
    "a hard link to a secret": (
        "run = order(); os.link(os.path.abspath('hostile'), run['out'] + '/clip'); done(run, {'clip': 'clip'})"
    ),
    "a pipe as a file": "run = order(); os.mkfifo(run['out'] + '/clip'); done(run, {'clip': 'clip'})",
    "an error that is none": "run = order(); send(type='failed', stage='job/0', token=3, error='bad', fault=True)",
    "an error without a word": "run = order(); send(type='failed', stage='job/0', token=3)",
    "a stop that nobody asked for": "run = order(); send(type='stopped', stage='job/0', token=3, answer='give_way')",
    "a stop where it was told to go on": (
        "run = order(); checkpoint(run); send(type='stopped', stage='job/0', token=3, answer='continue')"
    ),
    "a frame nobody knows": "run = order(); send(type='please', stage='job/0', token=3)",
    "a type that is none": "run = order(); raw(b'{\"type\": 1}')",
    "a checkpoint of another stage": "run = order(); checkpoint(run, stage='other/0')",
    "a checkpoint of another claim": "run = order(); checkpoint(run, token=4)",
    "a share above one": "run = order(); checkpoint(run, fraction=1.5)",
    "a share that is no number": "run = order(); checkpoint(run, fraction='half')",
    "a share that is NaN": (
        "run = order(); raw(b'{\"type\": \"checkpoint\", \"stage\": \"job/0\", \"token\": 3, \"fraction\": NaN}')"
    ),
    "half a letter": (
        "run = order(); raw(b'{\"type\":\"checkpoint\",\"stage\":\"job/0\",\"token\":3,\"fraction\":0,\"message\":\"\\\\ud800\"}')"
    ),
    "a frame of 2 MiB": "run = order(); send(type='done', stage='x' * (2 << 20))",
    "JSON without a bottom": "run = order(); raw(b'[' * 500_000)",
    "a closed line, and it lives on": "run = order(); line.shutdown(socket.SHUT_RDWR); time.sleep(60)",
    "an end": "run = order(); os._exit(0)",
    "silence": "run = order(); time.sleep(60)",
    "a full stop": "run = order(); os.kill(os.getpid(), signal.SIGSTOP)",
}


@pytest.mark.parametrize("code", ANSWERS.values(), ids=ANSWERS)
async def test_a_worker_that_answers_as_it_should_not_is_killed_and_nothing_is_published(
    code: str, tmp_path: Path, home: Home
) -> None:
    attendant = await _start(home.scratch, code)
    began = time.monotonic()

    with pytest.raises(WorkerLost) as lost:
        await _run(attendant, home)

    assert len(lost.value.reason) < 200, "what it sent is not repeated to people"
    assert not attendant.alive
    assert time.monotonic() - began < 30
    assert _published(home) == []
    await asyncio.to_thread(gone, attendant.pid)


async def test_a_worker_that_answers_twice_spoils_no_stage_of_another_job(tmp_path: Path, home: Home) -> None:
    """The second answer was not asked for: the worker is lost at once, before anybody gives it another stage."""
    attendant = await _start(tmp_path, "run = order(); done(run, {}); done(run, {})", PATIENT)
    order = Order("job/0", 3, "speak", home.scratch / "out", home.scratch / "pieces", voice=POLLY)

    done = await attendant.run(order, lambda fraction, message: None)
    assert isinstance(done, Done)
    assert (done.files, done.usage) == ({}, Usage(10, 10, 10))

    deadline = time.monotonic() + 5
    while attendant.alive and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert not attendant.alive
    await attendant.end()


async def test_a_good_worker_in_the_same_place_is_believed(tmp_path: Path, home: Home) -> None:
    """What is refused above is refused for what it did, not for where it ran."""
    attendant = await _start(tmp_path, "run = order(); checkpoint(run); done(run, made(run))", PATIENT)
    outcome, outputs = await _run(attendant, home)
    assert isinstance(outcome, Done)
    assert ObjectStore(home.objects).open_path(outputs["clip"]).read_bytes() == b"sound"
    assert _published(home) == [outputs["clip"]]


async def test_a_worker_that_stops_as_it_was_told_is_believed(tmp_path: Path, home: Home) -> None:
    code = """
    run = order()
    while (answer := checkpoint(run)["answer"]) == "continue":
        time.sleep(0.05)
    send(type="stopped", stage=run["stage"], token=run["token"], answer=answer)
    """
    outcome, outputs = await _run(await _start(tmp_path, code, PATIENT), home, stop="give_way")
    assert outcome == Stopped("give_way")
    assert outputs == {}


async def test_a_worker_that_ignores_every_signal_it_can_is_killed_when_its_stage_is_cancelled(
    tmp_path: Path, home: Home
) -> None:
    code = """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    run = order()
    while True:
        send(type="heartbeat")
        time.sleep(0.1)
    """
    attendant = await _start(tmp_path, code, PATIENT)
    began = time.monotonic()
    with pytest.raises(WorkerLost, match="SIGKILL"):
        await _run(attendant, home, stop="cancel")
    assert 0.7 < time.monotonic() - began < 30, "a checkpoint, then SIGTERM, then SIGKILL, each had its time"


@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), signal.SIGKILL)", "raw(b'bad')", "time.sleep(60)"])
async def test_what_a_worker_had_started_goes_with_it(end: str, tmp_path: Path, home: Home) -> None:
    code = f"""
    child = subprocess.Popen(["sleep", "60"])
    with open("child", "w") as file:
        file.write(str(child.pid))
    run = order()
    {end}
    """
    attendant = await _start(tmp_path, code)
    with pytest.raises(WorkerLost):
        await _run(attendant, home)
    await asyncio.to_thread(gone, int((tmp_path / "child").read_text()))


async def test_a_worker_is_started_without_the_hosts_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HAY_SAY_TOKEN", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "MY_OWN_TOKEN", "DATABASE_URL"):
        monkeypatch.setenv(name, "canary")
    attendant = await _start(tmp_path, "json.dump(dict(os.environ), open('environment', 'w')); hello()", PATIENT)
    await attendant.end()

    environment = json.loads((tmp_path / "environment").read_text())
    assert "canary" not in environment.values()
    assert environment["PATH"]


async def test_a_worker_that_keeps_its_result_open_changes_nothing_in_the_store(tmp_path: Path, home: Home) -> None:
    """What was hashed is what lies there: the store holds a copy, which no handle of the worker's reaches."""
    code = """
    run = order()
    path = os.path.join(run["out"], "clip.w64")
    kept = open(path, "w+b", buffering=0)
    kept.write(b"sound")
    done(run, {"clip": "clip.w64"})
    while not os.path.exists(os.path.join(os.path.dirname(__file__), "published")):
        time.sleep(0.01)
    kept.seek(0)
    kept.write(b"other")
    open(os.path.join(os.path.dirname(__file__), "written"), "w").close()
    """
    attendant = await _start(tmp_path, code, PATIENT)
    order = Order("job/0", 3, "speak", home.scratch / "out", home.scratch / "pieces", voice=POLLY)
    objects = ObjectStore(home.objects)
    pool = WorkerPool(home, objects, Architectures(), places=1)
    _, outputs = await pool.run(attendant, order, lambda fraction, message: None)

    (tmp_path / "published").touch()
    deadline = time.monotonic() + 10
    while not (tmp_path / "written").exists() and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    await attendant.end()

    assert (tmp_path / "written").exists()
    assert objects.open_path(outputs["clip"]).read_bytes() == b"sound"
    assert _published(home) == [outputs["clip"]]


async def test_ending_workers_returns_every_file_and_process(tmp_path: Path) -> None:
    open_files, children = len(os.listdir("/proc/self/fd")), set(_children())
    for _ in range(5):
        attendant = await _start(tmp_path, "hello()")
        await attendant.end()
        with pytest.raises(WorkerLost):
            await _start(tmp_path, "os._exit(1)")
    assert len(os.listdir("/proc/self/fd")) == open_files
    assert set(_children()) == children
