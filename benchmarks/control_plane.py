"""What the control plane costs: starts, imports, and the way of a job that does nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, interleaved, percentile, spread_of

JOBS = 100
ROUNDS = 7


def figures() -> Iterator[Figure]:
    yield import_cost()
    yield host_start()
    yield from job_overhead()
    yield extension_cost()
    yield from first_sound()


def import_cost() -> Figure:
    """`import hay_say_lab` with the client class, over an interpreter that imports nothing."""
    bare, ours = interleaved(ROUNDS, lambda: _run("pass"), lambda: _run("from hay_say_lab import Lab"))
    added = [b - a for a, b in zip(bare, ours, strict=True)]
    value = statistics.median(added)
    return Figure("import hay_say_lab", value, "s", 0.5, "`from hay_say_lab import Lab` over `pass`", spread_of(added))


def host_start() -> Figure:
    """From nothing to an answer, on a data home that exists."""
    from hay_say_lab.client.hosting import Hosting

    with _home() as home:
        seconds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            Hosting(home).address()
            seconds.append(time.perf_counter() - began)
            end_host(home)
        return Figure(
            "host start", statistics.median(seconds[1:]), "s", None, "spawn until /health answers", spread_of(seconds[1:])
        )


def job_overhead() -> Iterator[Figure]:
    """A job whose one step does nothing, warm: accept -> worker starts, and call -> the client knows it is done."""
    from hay_say_lab.client.api import Api
    from hay_say_lab.client.hosting import Hosting

    with _home() as home:
        api = Api(Hosting(home))
        body: dict[str, object] = {
            "steps": [{"task": "speak", "voice": "parrot:polly", "settings": {}}],
            "text": {"body": "polly", "language": None, "markup": "plain"},
        }
        measured = [_one_job(api, {**body, "seed": seed}) for seed in range(JOBS + 10)][10:]
        end_host(home)
    waits = [wait * 1000 for wait, _ in measured]
    whole = [call * 1000 for _, call in measured]
    yield Figure("accept -> worker starts", percentile(waits, 0.95), "ms", 60, "no-op step, warm worker, p95: row "
                 "written -> run frame", spread_of(waits))  # fmt: skip
    yield Figure("call -> step done", percentile(whole, 0.95), "ms", None, "the same jobs, p95, as the client sees "
                 "them: call, commits, worker, publishing, event", spread_of(whole))  # fmt: skip


def extension_cost() -> Figure:
    """Jupyter server's start until its first answer, with our extension and without."""
    without, with_ours = interleaved(ROUNDS, lambda: _jupyter(False), lambda: _jupyter(True))
    added = (statistics.median(with_ours) - statistics.median(without)) * 1000
    return Figure("extension's addition to Jupyter's start", added, "ms", 150, "median with - median without",
                  f"with: {spread_of(with_ours)}; without: {spread_of(without)}")  # fmt: skip


def first_sound() -> Iterator[Figure]:
    """`hay-say say` by a newcomer: nothing runs yet; then again; then a client that is there already."""
    from hay_say_lab.client.lab import Lab

    with _home() as home:
        command = [sys.executable, "-m", "hay_say_lab.cli", "say", "Hello from the lab.", "--out", str(home / "a.wav")]
        cold = _timed(command, home)
        warm = [_timed(command, home) for _ in range(ROUNDS)]
        lab = Lab(home)
        inside = []
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            lab.say("Hello from the lab.").result()
            inside.append(time.perf_counter() - began)
        end_host(home)
    yield Figure("first sound, cold", cold, "s", None, "`hay-say say ... --out` with no host and an empty data home")
    yield Figure("first sound, warm", statistics.median(warm), "s", None, "the same again", spread_of(warm))
    yield Figure("first sound, warm, in a notebook", statistics.median(inside[1:]), "s", None,
                 "`Lab().say(...).result()` of a client that has asked before", spread_of(inside[1:]))  # fmt: skip


def _one_job(api: object, body: dict[str, object]) -> tuple[float, float]:
    """(seconds from queued to the worker's start, seconds from the call to the news that the step is done)."""
    began = time.perf_counter()
    job = api.post("/jobs", body)  # type: ignore[attr-defined]
    after = 0
    while True:
        page = api.get("/events", job=job["id"], after=after, wait=10)  # type: ignore[attr-defined]
        after = page["last"]
        done = [event["body"] for event in page["events"] if event["kind"] == "stage_done"]
        if done:
            seconds = time.perf_counter() - began
            break
    while api.get(f"/jobs/{job['id']}")["state"] != "succeeded":  # type: ignore[attr-defined]
        time.sleep(0.005)
    return float(done[0]["waited_seconds"]), seconds


def _jupyter(with_ours: bool) -> float:
    with _home() as home, contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "JUPYTER_CONFIG_DIR": str(home / "c")}
        command = [
            sys.executable, "-m", "jupyter_server", f"--ServerApp.port={port}", "--ServerApp.open_browser=False",
            "--ServerApp.allow_root=True", "--IdentityProvider.token=t", f"--ServerApp.root_dir={home}",
            f"--ServerApp.jpserver_extensions={{'hay_say_lab': {with_ours}}}",
        ]  # fmt: skip
        began = time.perf_counter()
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
        try:
            while True:
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=t", timeout=2).close()
                    return time.perf_counter() - began
                time.sleep(0.01)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _run(code: str) -> float:
    return _timed([sys.executable, "-c", code], None)


def _timed(command: list[str], home: Path | None) -> float:
    environment = {**os.environ, "HAY_SAY_HOME": str(home)} if home else dict(os.environ)
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - began


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hay-say-bench-"))
    try:
        yield folder
    finally:
        end_host(folder)
        shutil.rmtree(folder, ignore_errors=True)


def end_host(home: Path) -> None:
    """End the home's host and wait until it is gone."""
    from hay_say_lab.domain.host import process_alive, read_record

    record = read_record(home)
    if record is not None and process_alive(record.pid):
        os.kill(record.pid, signal.SIGTERM)
        while process_alive(record.pid):
            time.sleep(0.01)
