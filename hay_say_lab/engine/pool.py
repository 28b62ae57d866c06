"""All workers of the host: who is alive, who is busy, and the ledger that admission reads."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hay_say_lab.domain.job import AUDIO_WORKER
from hay_say_lab.engine.admission import Admit, Ledger, Need, Seat
from hay_say_lab.engine.attendant import (
    INTERPRETER,
    PATIENCE,
    Attendant,
    Done,
    Order,
    Outcome,
    Patience,
    Progress,
    WorkerLost,
)
from hay_say_lab.errors import StorageFailed, WorkerFailed
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A kind of worker that comes with the core."""

    runtime: str
    resident_mb: float              # measured, without a clip


BUILT_IN = {
    AUDIO_WORKER: BuiltIn("hay_say_lab.worker.audio:AudioRuntime", 120.0),      # python, numpy, soundfile, soxr
}
MOST_IDLE = 6                   # warm workers kept when nothing asks for their memory


class WorkerPool:
    """Starts, lends and ends workers. Only the host's event loop calls it."""

    def __init__(
        self,
        home: Home,
        objects: ObjectStore,
        architectures: Architectures,
        *,
        places: int,
        patience: Patience = PATIENCE,
    ) -> None:
        self._home = home
        self._objects = objects
        self._architectures = architectures
        self._places = places
        self._patience = patience
        self._budget_mb = memory_budget_mb()
        self._attendants: dict[int, Attendant] = {}
        self._needs: dict[int, Need] = {}           # of busy ones, starting ones included
        self._numbers = itertools.count(1)
        self._endings: set[asyncio.Task[None]] = set()
        self.freed: Callable[[], None] = lambda: None       # whoever waits for a seat sets this
        self._closed = False

    def ledger(self) -> Ledger:
        seats = [self._busy_seat(number, need) for number, need in self._needs.items()]
        seats += [
            Seat(
                number, attendant.worker, attendant.memory_mb, frozenset(attendant.voices), False, attendant.used_at
            )
            for number, attendant in self._attendants.items()
            if number not in self._needs and attendant.alive
        ]
        return Ledger(self._budget_mb, self._places, tuple(seats))

    def _busy_seat(self, number: int, need: Need) -> Seat:
        """A worker at work counts with what it was promised, or with what it has if that is more."""
        attendant = self._attendants.get(number)
        if attendant is None:
            return Seat(number, need.worker, need.memory_mb, frozenset(), True, 0.0)
        memory_mb = max(need.memory_mb, attendant.memory_mb)
        return Seat(number, need.worker, memory_mb, frozenset(attendant.voices), True, 0.0)

    def need(self, worker: str, voice: str | None, seconds: float) -> Need:
        """What a stage of `seconds` of audio asks for, as declared."""
        if worker in BUILT_IN:
            return Need(worker, None, BUILT_IN[worker].resident_mb + seconds)
        manifest = self._architectures.manifest(worker)
        return Need(worker, voice, manifest.resident_mb + manifest.transient_mb_per_second * seconds)

    def reserve(self, need: Need, admit: Admit) -> int:
        """Take the seat that admission gave, before anything is awaited. Returns its number."""
        number = admit.seat if admit.seat is not None else next(self._numbers)
        self._needs[number] = need
        for evicted in admit.evict:
            self._end(evicted)
        return number

    def release(self, number: int) -> None:
        """The seat is free again; a worker that died leaves, and the longest idle ones end past `MOST_IDLE`."""
        self._needs.pop(number, None)
        for dead in [n for n, attendant in self._attendants.items() if n not in self._needs and not attendant.alive]:
            del self._attendants[dead]
        idle = sorted(set(self._attendants) - set(self._needs), key=lambda n: self._attendants[n].used_at)
        for surplus in idle[: max(0, len(idle) - MOST_IDLE)]:
            self._end(surplus)
        self.freed()

    def _end(self, number: int) -> None:
        """End an idle worker aside; nobody waits for it but `close`."""
        ending = asyncio.get_running_loop().create_task(self._attendants.pop(number).end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def attendant(self, number: int) -> Attendant:
        """The worker on a reserved seat, started where there is none. Raises WorkerLost, also once the pool is closed."""
        attendant = self._attendants.get(number)
        if attendant is None or not attendant.alive:
            worker = self._needs[number].worker
            runtime = BUILT_IN[worker].runtime if worker in BUILT_IN else self._architectures.manifest(worker).runtime
            attendant = await Attendant.start(
                number,
                worker,
                runtime,
                interpreter=INTERPRETER,
                folder=self._home.scratch,
                log_file=self._home.logs / f"{worker}.log",
                patience=self._patience,
            )
            self._attendants[number] = attendant
        if self._closed:
            await attendant.end()
            raise WorkerLost("the host is closing")
        return attendant

    async def run(self, attendant: Attendant, order: Order, progress: Progress) -> tuple[Outcome, dict[str, str]]:
        """Do an order; what it made is checked, hashed, synced and published. Raises WorkerLost, StorageFailed."""
        prepare_folder(order.out)
        outcome = await attendant.run(order, progress)
        if not isinstance(outcome, Done):
            return outcome, {}
        outputs: dict[str, str] = {}
        for role, name in outcome.files.items():
            path = order.out / name
            if not _is_its_own_file(path):
                attendant.kill()
                raise WorkerLost("it broke the protocol: a result is not a file of its own in its out folder")
            outputs[role] = await asyncio.to_thread(self._objects.publish, path)
        return outcome, outputs

    async def close(self) -> None:
        """End all workers; one that is still starting ends as soon as it has."""
        self._closed = True
        endings = [attendant.end() for attendant in self._attendants.values()]
        await asyncio.gather(*endings, *self._endings, return_exceptions=True)
        self._attendants.clear()

    def stop_stages(self, answer: str) -> None:
        for number in self._needs:
            if number in self._attendants:
                self._attendants[number].stop_stage(answer)

    def described(self) -> list[dict[str, object]]:
        """Each worker for doctor and the panels."""
        return [
            {
                "worker": attendant.worker,
                "pid": attendant.pid,
                "busy": number in self._needs,
                "memory_mb": round(attendant.memory_mb, 1),
                "voices": sorted(attendant.voices),
            }
            for number, attendant in self._attendants.items()
        ]


def _is_its_own_file(path: Path) -> bool:
    """Whether a result is a plain file that the worker wrote: no link to another one, soft or hard."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def prepare_folder(folder: Path) -> None:
    """An empty out folder. Raises StorageFailed."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StorageFailed(f"The disk refused: {error.strerror}.", field="storage", fix="Free some space.") from None


def memory_budget_mb() -> float:
    """What workers may take together: the machine's or the cgroup's memory, less max(10 %, 600 MB). Raises WorkerFailed."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 20)
    except (ValueError, OSError):
        raise WorkerFailed("This system does not tell how much memory it has.") from None
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit).read_text()) / (1 << 20))
        except (OSError, ValueError):
            continue
    return total - max(0.1 * total, 600.0)
