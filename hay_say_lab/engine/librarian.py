"""Strangers' files, read for the host: each folder in a child of its own, whose memory counts, and which may die of it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hay_say_lab.domain.finding import Finding, Findings
from hay_say_lab.engine.admission import Admit, Amount, Need, Refuse, admit
from hay_say_lab.engine.news import News
from hay_say_lab.engine.order import CPU
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.work import Work
from hay_say_lab.errors import InvalidRequest, WorkerFailed, from_json, headline
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.home import Home
from hay_say_lab.worker.confinement import LEVELS, Level
from hay_say_lab.worker.platform import worker_environment

log = logging.getLogger(__name__)

TORCH_PYTHON = "HAY_SAY_TORCH_PYTHON"
NAME = "librarian"              # in the books of memory
SECONDS_TO_ASK_AGAIN = 0.5
LARGEST_ANSWER = 32 << 20
EXAMINE_MB = 512                # measured: 40 at work; an archive packed with a large dictionary takes 100 more
CONVERT_MB = 1000               # measured: 500 with torch imported, of which 280 its own
CONVERT_TIMES = 2.5             # of the files' size: loaded, as it is written, and read back
UNPACKED_MB = 32 << 10          # the most that an archive may come to
_ERRORS_KEPT = 8 << 10


@dataclass(frozen=True, slots=True)
class Converted:
    """The files of a finding as they are kept, by role; how far the child that made them was shut in; seconds it took."""

    files: Mapping[str, Path]
    level: Level
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a child answered, and what it took."""

    made: Mapping[str, Any]
    level: Level
    peak_mb: float
    modules: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One child's order: the module, its interpreter, what it is told, and what it may use."""

    module: str
    interpreter: str
    order: Mapping[str, Any]
    read: tuple[Path, ...]
    write: tuple[Path, ...]
    memory_mb: int
    seconds: int
    file_mb: int = UNPACKED_MB
    least: Level = "none"
    environment: Mapping[str, str] = field(default_factory=dict)


class Librarian:
    """One per host. Both calls may be cancelled at any time: the child is killed, and what it wrote is of no use."""

    def __init__(self, *, home: Home, pool: WorkerPool, architectures: Architectures, news: News) -> None:
        self._home = home
        self._pool = pool
        self._architectures = architectures
        self._news = news

    async def examine(self, folder: Path, *, least: Level = "none") -> Findings:
        """What lies below a folder of ours; archives in it are unpacked into `.unpacked` below it.

        Raises InvalidRequest: below confinement `least`, too much at once, or files that broke their reader.
        """
        manifests = self._architectures.manifests.values()
        recognisers = {manifest.id: manifest.recogniser for manifest in manifests if manifest.recogniser}
        unpacked = folder / ".unpacked"
        reading = Reading(
            "hay_say_lab.worker.examine", sys.executable, {"folder": str(folder), "recognisers": recognisers},
            read=(folder,), write=(unpacked,), memory_mb=EXAMINE_MB,
            seconds=120 + await asyncio.to_thread(_megabytes, folder) // 20, least=least,
        )  # fmt: skip
        told = await self.read(reading)
        return Findings.from_json({**told.made["findings"], "level": told.level})

    async def convert(self, finding: Finding, folder: Path, out: Path, *, least: Level = "none") -> Converted:
        """The files of a finding as they are kept, in `out`, a folder that is made here.

        Raises InvalidRequest: it lacks something, torch does not load it, no interpreter here has torch.
        """
        if finding.missing:
            raise InvalidRequest(headline(finding.missing), problems=finding.missing)
        interpreter = self._interpreter(finding.architecture) if finding.weights else sys.executable
        size_mb = sum((folder / weights.source).stat().st_size for weights in finding.weights.values()) >> 20
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        order = {
            "folder": str(folder), "out": str(out), "files": dict(finding.files), "config": finding.config,
            "weights": {role: weights.as_json() for role, weights in finding.weights.items()},
        }  # fmt: skip
        reading = Reading(
            "hay_say_lab.worker.convert", interpreter, order, read=(folder,), write=(out,),
            memory_mb=int(CONVERT_MB + CONVERT_TIMES * size_mb), seconds=180 + size_mb // 5, least=least,
        )  # fmt: skip
        told = await self.read(reading)
        files = {str(role): out / str(name) for role, name in told.made["files"].items()}
        if any(path.parent != out or path.is_symlink() or not path.is_file() for path in files.values()):
            raise WorkerFailed("The converter named files that it did not make.", fix="Try again.")
        return Converted(files, told.level, told.seconds)

    async def read(self, reading: Reading) -> Told:
        """Run one child. Raises what it answers, or InvalidRequest for one that died of its files."""
        need = Need(NAME, None, (Amount(CPU, reading.memory_mb),))
        while not isinstance(verdict := admit(need, self._pool.ledger()), Admit):
            if isinstance(verdict, Refuse):
                raise InvalidRequest(verdict.problem.message, problems=[verdict.problem])
            await self._news.wait(SECONDS_TO_ASK_AGAIN)
        seat = self._pool.reserve(Work(NAME), need, verdict)
        try:
            return await _run(reading, self._home.scratch)
        finally:
            self._pool.release(seat)
            self._news.ring()

    def _interpreter(self, architecture: str) -> str:
        """One that has torch: the architecture's own, the one that a setting names, ours. Raises InvalidRequest."""
        own = self._home.environment(architecture) / "bin" / "python"
        if own.exists():
            return str(own)
        if named := os.environ.get(TORCH_PYTHON):
            return named
        if importlib.util.find_spec("torch") is not None and importlib.util.find_spec("safetensors") is not None:
            return sys.executable
        raise InvalidRequest(
            "Turning weights into safetensors needs torch, and no interpreter here has it.",
            field="architecture",
            fix=f"pip install 'hay-say-lab[checkpoints]', or set {TORCH_PYTHON} to a python that has it.",
        )


async def _run(reading: Reading, folder: Path) -> Told:
    began = time.monotonic()
    order = {
        **reading.order, "parent": os.getpid(), "least": reading.least, "memory_mb": reading.memory_mb,
        "cpu_seconds": reading.seconds, "file_mb": reading.file_mb, "read": [str(path) for path in reading.read],
        "write": [str(path) for path in reading.write],
    }  # fmt: skip
    try:
        child = await asyncio.create_subprocess_exec(
            reading.interpreter, "-P", "-m", reading.module,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True, cwd=folder, env=_environment(),
        )  # fmt: skip
    except OSError as error:
        raise WorkerFailed(f"The reader could not be started: {error.strerror}.", fix=f"Check {TORCH_PYTHON}.") from None
    errors = asyncio.create_task(_last(child.stderr))
    try:
        content = await asyncio.wait_for(_asked(child, json.dumps(order).encode()), reading.seconds)
    except TimeoutError:
        raise _broke(f"took more than {reading.seconds} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
        told = await errors
    try:
        answer = json.loads(content)
    except ValueError:
        log.error("%s ended with %s:\n%s", reading.module, child.returncode, told)
        raise _ended(child.returncode or 0) from None
    if "error" in answer:
        raise from_json(answer["error"])
    level: Level = answer["level"] if answer["level"] in LEVELS else "none"
    return Told(
        answer["made"], level, float(answer["peak_mb"]), tuple(map(str, answer["modules"])), round(time.monotonic() - began, 3)
    )


def _environment() -> dict[str, str]:
    """Nothing of the host's but how to find Python, and one thread for libraries that would start several."""
    kept = {name: value for name, value in worker_environment(dict(os.environ)).items() if name != "HOME"}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"}


async def _asked(child: asyncio.subprocess.Process, order: bytes) -> bytes:
    """Its whole answer; no more than the largest one is read."""
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(order)
        await child.stdin.drain()
    child.stdin.close()
    content = bytearray()
    while part := await child.stdout.read(1 << 16):
        content += part
        if len(content) > LARGEST_ANSWER:
            raise _broke("answered without an end")
    await child.wait()
    return bytes(content)


async def _last(stream: asyncio.StreamReader | None) -> str:
    """The end of what it wrote as errors."""
    kept = b""
    while stream is not None and (part := await stream.read(1 << 16)):
        kept = (kept + part)[-_ERRORS_KEPT:]
    return kept.decode("utf-8", "replace")


def _ended(code: int) -> Exception:
    if code == -signal.SIGXCPU:
        return _broke("took more time than it is given")
    if code == -signal.SIGKILL:
        return _broke("took more memory or time than it is given")
    if code < 0:
        return _broke(f"crashed ({signal.Signals(-code).name})")
    return WorkerFailed("The reader of the files failed inside.", fix="See the host's log.")


def _broke(how: str) -> InvalidRequest:
    return InvalidRequest(f"The files broke their reader: it {how}.", field="file", fix="Ask their author for a safetensors file.")


def _megabytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) >> 20
