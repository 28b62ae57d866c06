"""All workers of the host: started, lent, ended. What they hold stands in the books (`seats`) that admission reads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from hay_say_lab.engine.admission import Admit, Ledger, Need
from hay_say_lab.engine.attendant import INTERPRETER, Attendant, Post
from hay_say_lab.engine.circuit import Circuits, Model, most_deaths
from hay_say_lab.engine.clearing import until_freed
from hay_say_lab.engine.demand import Demand
from hay_say_lab.engine.devices import Device, Reading, own_bound_mb
from hay_say_lab.engine.habits import Habits
from hay_say_lab.engine.ladder import Place
from hay_say_lab.engine.last_words import last_words
from hay_say_lab.engine.needs import Measured, Needs, Subject
from hay_say_lab.engine.nvml import found_devices
from hay_say_lab.engine.order import CPU, Done, Failed, Order, Outcome, Progress, Usage, WorkerLost
from hay_say_lab.engine.outfolder import prepare_folder, take_result
from hay_say_lab.engine.patience import PATIENCE, Patience
from hay_say_lab.engine.seats import Seats
from hay_say_lab.engine.work import BUILT_IN, Work
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore

log = logging.getLogger(__name__)

Eviction = Literal["memory", "alone", "surplus", "idle", "worn", "ejected", "removed"]     # why an idle worker was ended
Noted = Callable[[str, str, float], None]       # a metric's name, its label's value, and how much

HOST_ATOMIC_SECONDS = 300.0     # of the audio worker and of `fit`, which no offer declares
MOST_IDLE = 6                   # warm workers kept when nothing asks for their memory
SECONDS_BETWEEN_READINGS = 1.0


@dataclass(slots=True)
class _Lent:
    """A seat that is taken: for which need and subject, and whose memory it waits for."""

    need: Need
    subject: Subject
    clearing: list[asyncio.Task[None]] = field(default_factory=list)


class WorkerPool:
    """Only the host's event loop calls it. `devices`: the best kind first, the processor among them."""

    def __init__(
        self,
        home: Home,
        objects: ObjectStore,
        architectures: Architectures,
        *,
        places: int,
        patience: Patience = PATIENCE,
        devices: Sequence[Device] | None = None,
        needs: Needs | None = None,
    ) -> None:
        self._home = home
        self._objects = objects
        self._architectures = architectures
        self._patience = patience
        self.devices = {device.name: device for device in (found_devices(own_bound_mb()) if devices is None else devices)}
        self.needs = needs or Needs()
        self.demand = Demand(architectures, [device.kind for device in self.devices.values()], self.needs)
        self.seats = Seats(places)
        self.habits = Habits()
        self.circuits = Circuits(most_deaths())
        self.threads = int(os.environ.get("OMP_NUM_THREADS") or 1)      # of each worker, for all of its life
        self.attendants: dict[int, Attendant] = {}
        self.leaked_mb = dict.fromkeys(self.devices, 0.0)
        self._lent: dict[int, _Lent] = {}
        self._readings: dict[str, Reading] = {}
        self._read_at = -SECONDS_BETWEEN_READINGS
        self._endings: set[asyncio.Task[None]] = set()
        self.freed: Callable[[], None] = lambda: None       # whoever waits for a seat sets this
        self.learned: Callable[[Measured], None] = lambda row: None     # whoever keeps measured needs sets this
        self.noted: Noted = lambda metric, label, value: None   # whoever measures the host sets this
        self._closed = False

    # What admission reads.

    def ledger(self) -> Ledger:
        self._sweep()
        readings = {name: (device.kind, self.readings()[name]) for name, device in self.devices.items()}
        return self.seats.ledger(readings, time.monotonic())

    def readings(self) -> dict[str, Reading]:
        """The last look at each device, at most a second old; what workers hold goes into the books."""
        if time.monotonic() - self._read_at >= SECONDS_BETWEEN_READINGS:
            pids = self._pids()
            self._readings = {name: device.read(list(pids)) for name, device in self.devices.items()}
            self._read_at = time.monotonic()
            for pid, number in pids.items():
                self._seen(number, pid)
        return self._readings

    def _pids(self) -> dict[int, int]:
        return {attendant.pid: number for number, attendant in self.attendants.items()}

    def _seen(self, number: int, pid: int) -> None:
        """What a device shows of a worker: the most it was seen to hold, and of an idle one what it holds."""
        attendant, chair = self.attendants[number], self.seats.chairs.get(number)
        held_mb = self._readings[attendant.device].ours_mb.get(pid, 0.0)
        attendant.seen_mb = max(attendant.seen_mb, held_mb)
        if chair is not None and held_mb > 0:
            chair.memory_mb = max(chair.memory_mb, held_mb) if chair.busy else held_mb
            if chair.device == CPU:
                chair.live_mb = chair.memory_mb
            else:
                chair.host_mb = self._readings[CPU].ours_mb.get(pid, 0.0) if CPU in self._readings else 0.0

    def need(self, work: Work) -> Need:
        """What a stage asks for. Raises ArchitectureMissing."""
        return self.demand.need(work)

    def place(self, worker: str, device: str) -> Place:
        """Where a stage of a worker is, for who judges its loss."""
        return Place(device, self.devices[device].kind, self.demand.able(worker))

    # Seats.

    def reserve(self, work: Work, need: Need, admit: Admit) -> int:
        """Take the seat that admission gave, before anything is awaited. Returns its number."""
        number = self.seats.reserve(need, admit, self.ledger(), time.monotonic())
        kind = self.devices[admit.device].kind
        self._lent[number] = _Lent(need, self.demand.subject(work, kind))
        why: Eviction = "alone" if need.alone else "memory"
        self._lent[number].clearing = [self._end(evicted, why) for evicted in admit.evict]
        return number

    def waits(self, need: Need) -> None:
        """Admission told a need to wait."""
        self.seats.waits(need, self.ledger(), time.monotonic())

    def release(self, number: int) -> None:
        """The seat is free again; a worker that died leaves, and the longest idle ones end past `MOST_IDLE`."""
        self._lent.pop(number, None)
        self.seats.release(number)
        self._sweep()
        idle = self.seats.idle()
        for surplus in idle[: max(0, len(idle) - MOST_IDLE)]:
            self._end(surplus.number, "surplus")
        self.freed()

    def _sweep(self) -> None:
        """Whoever died idle leaves the books."""
        for chair in list(self.seats.chairs.values()):
            attendant = self.attendants.get(chair.number)
            gone = attendant is None or not attendant.alive
            if gone and not (chair.busy or chair.ending):
                self._forget(chair.number)

    def _forget(self, number: int) -> None:
        self.attendants.pop(number, None)
        self.seats.leave(number)

    def end(self, number: int, why: Eviction) -> None:
        """End an idle worker."""
        self._end(number, why)

    def _end(self, number: int, why: Eviction) -> asyncio.Task[None]:
        """End a worker aside; its seat stays in the books until its memory is seen to be free."""
        self.noted("evictions_total", why, 1.0)
        self.seats.chairs[number].ending = True
        ending = asyncio.get_running_loop().create_task(self._ended(number))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return ending

    async def _ended(self, number: int) -> None:
        attendant = self.attendants.get(number)
        if attendant is not None:
            await self._until_gone(attendant)
        self._forget(number)
        self._read_at = -SECONDS_BETWEEN_READINGS
        self.freed()

    async def _until_gone(self, attendant: Attendant) -> None:
        """End a worker; a card shows its memory free a while later than its process is gone."""
        device = self.devices[attendant.device]
        if device.kind == CPU:
            await attendant.end()
            return
        before = await asyncio.to_thread(device.read, list(self._pids()))
        await attendant.end()
        others = [pid for pid in self._pids() if pid != attendant.pid]
        missing_mb = await until_freed(device, before, [attendant.pid], others)
        if missing_mb:
            self.leaked_mb[device.name] += missing_mb
            log.warning("%.0f MB of %s did not come back from worker %d", missing_mb, device.name, attendant.pid)

    async def attendant(self, number: int) -> Attendant:
        """The worker on a reserved seat, started where there is none. Raises WorkerLost, also once the pool is closed."""
        attendant = self.attendants.get(number)
        if attendant is None or not attendant.alive:
            await asyncio.gather(*self._lent[number].clearing)
            chair = self.seats.chairs[number]
            began = time.monotonic()
            post = self._post(number, chair.worker, chair.device)
            written = post.log_file.stat().st_size if post.log_file.exists() else 0
            try:
                attendant = await Attendant.start(post, self._patience)
            except WorkerLost as lost:
                lost.told = last_words(post.log_file, self._home.root, since=written)
                lost.kind = "start"
                self.lost(lost, (chair.worker, self._lent[number].need.voice))
                raise
            chair.start_seconds = time.monotonic() - began
            self.noted("worker_start_seconds", chair.worker, chair.start_seconds)
            chair.came_at = time.monotonic()
            chair.pid = attendant.pid
            self.attendants[number] = attendant
        if self._closed:
            await attendant.end()
            raise WorkerLost("the host is closing", kind="closing", fault=False)
        return attendant

    def _post(self, number: int, worker: str, device: str) -> Post:
        runtime = BUILT_IN[worker].runtime if worker in BUILT_IN else self._architectures.manifest(worker).runtime
        if runtime is None:
            raise WorkerLost("its architecture has no runtime", fault=False)
        return Post(
            number=number,
            worker=worker,
            runtime=runtime,
            interpreter=self._interpreter(worker),
            folder=self._home.scratch,
            log_file=log_of(self._home, worker),
            device=device,
            threads=self.threads,
        )

    def _interpreter(self, worker: str) -> str:
        """The host's own, or that of an environment of the worker's name."""
        own = self._home.environment(worker) / "bin" / "python"
        return str(own) if own.exists() else INTERPRETER

    # Stages.

    async def run(self, attendant: Attendant, order: Order, progress: Progress) -> tuple[Outcome, dict[str, str]]:
        """Do an order; what it made is checked, hashed, synced and published. Raises WorkerLost, StorageFailed."""
        prepare_folder(order.out)
        order = replace(order, device=attendant.device, threads=self.threads, atomic_seconds=self._atomic(order, attendant))
        chair = self.seats.chairs.get(attendant.number)
        attendant.promised_mb = (chair.promised_mb or 0.0) if chair else 0.0
        attendant.seen_mb = 0.0
        try:
            outcome = await attendant.run(order.laid_out(), progress)
        except WorkerLost as lost:
            lost.told = self._last_words(attendant.worker, order)
            self.lost(lost, (attendant.worker, order.voice_hash or None))
            if lost.out_of_memory:
                self.noted("oom_total", attendant.phase, 1.0)
                self._learn(attendant, Usage(lost.measured_mb, lost.measured_mb, lost.measured_mb), ran_out=True)
            raise
        self._note(attendant, outcome)
        if isinstance(outcome, Failed) and outcome.out_of_memory:
            await attendant.end()               # what a framework keeps after that is nobody's to count on
            held_mb = outcome.usage.peak_mb if outcome.usage else 0.0
            self.noted("oom_total", attendant.phase, 1.0)
            self.noted("workers_lost_total", "memory", 1.0)
            raise WorkerLost("it ran out of memory", kind="memory", out_of_memory=True, measured_mb=held_mb)
        if isinstance(outcome, Failed) and outcome.fault:
            return replace(outcome, told=self._last_words(attendant.worker, order)), {}
        if not isinstance(outcome, Done):
            return outcome, {}
        self.habits.used((attendant.worker, order.voice_hash or None), order, time.monotonic())
        if outcome.load_seconds:
            self.noted("model_load_seconds", attendant.worker, outcome.load_seconds)
        outputs: dict[str, str] = {}
        began = time.monotonic()
        for role, name in outcome.files.items():
            try:
                outputs[role] = await asyncio.to_thread(take_result, self._objects, order.out, name)
            except ValueError as broken:
                attendant.kill()
                self.noted("workers_lost_total", "protocol", 1.0)
                raise WorkerLost(f"it broke the protocol: {broken}", kind="protocol") from None
        return replace(outcome, keep_seconds=time.monotonic() - began), outputs

    def lost(self, lost: WorkerLost, model: Model) -> None:
        """A worker was lost with a stage, or while it was started or warmed."""
        if lost.kind != "closing":
            self.noted("workers_lost_total", lost.kind, 1.0)
        if lost.fault and not lost.out_of_memory:
            self.circuits.died(model, time.monotonic())

    def _last_words(self, worker: str, order: Order) -> str:
        """What a stage wrote at its end; the worker's log gets it, too."""
        told = last_words(order.log, self._home.root, order)
        if told:
            with contextlib.suppress(OSError), log_of(self._home, worker).open("a") as file:
                file.write(f"stage {order.stage}:\n{told}\n")
        return told

    def _atomic(self, order: Order, attendant: Attendant) -> float:
        manifest = self._architectures.manifests.get(attendant.worker)
        offer = manifest.offer(order.task) if manifest is not None else None
        return offer.atomic_seconds if offer is not None else HOST_ATOMIC_SECONDS

    def _note(self, attendant: Attendant, outcome: Outcome) -> None:
        """What a stage took goes into the books and into what the next one like it will ask for."""
        ran_out = isinstance(outcome, Failed) and outcome.out_of_memory
        usage = outcome.usage if isinstance(outcome, Done | Failed) else None
        chair = self.seats.chairs.get(attendant.number)
        if chair is not None:
            self.seats.used(attendant.number, usage, time.monotonic())
            chair.voices = {voice: attendant.load_seconds for voice in attendant.voices.values()}
        if usage is not None and (isinstance(outcome, Done) or ran_out):
            self._learn(attendant, usage, ran_out=ran_out)

    def warmed(self, attendant: Attendant) -> None:
        """A voice was loaded that nobody asked for yet: it counts as used now, though not as a use."""
        chair = self.seats.chairs[attendant.number]
        self.noted("model_load_seconds", attendant.worker, attendant.load_seconds)
        chair.used_at = time.monotonic()
        chair.voices = {voice: attendant.load_seconds for voice in attendant.voices.values()}
        if attendant.usage is not None:
            usage = attendant.usage
            chair.memory_mb, chair.live_mb, chair.host_mb = usage.resident_mb, usage.live_mb, usage.host_mb

    def _learn(self, attendant: Attendant, usage: Usage, *, ran_out: bool) -> None:
        lent = self._lent.get(attendant.number)
        if lent is not None:
            row = self.needs.record(lent.subject, attendant.code_version, usage, ran_out=ran_out)
            if row is not None:
                self.learned(row)

    async def close(self) -> None:
        """End all workers; one that is still starting ends as soon as it has."""
        self._closed = True
        endings = [attendant.end() for attendant in self.attendants.values()]
        await asyncio.gather(*endings, *self._endings, return_exceptions=True)
        self.attendants.clear()

    def stop_stages(self, answer: str) -> None:
        for number in self._lent:
            if number in self.attendants:
                self.attendants[number].stop_stage(answer)

    def described(self) -> list[dict[str, Any]]:
        """Each worker for doctor and the panels."""
        now = time.monotonic()
        return [
            {
                "id": number,
                "worker": attendant.worker,
                "pid": attendant.pid,
                "device": attendant.device,
                "busy": number in self._lent,
                "pinned": chair.pinned,
                "memory_mb": round(chair.memory_mb, 1),
                "voices": sorted(attendant.voices),
                "stages": chair.stages,
                "idle_seconds": 0.0 if number in self._lent else round(now - chair.used_at, 1),
                "load_seconds": round(chair.seat(now).load_seconds, 2),
            }
            for number, attendant in self.attendants.items()
            if (chair := self.seats.chairs.get(number)) is not None
        ]


def log_of(home: Home, worker: str) -> Path:
    """Where a kind of worker writes what it has to say."""
    return home.logs / f"{worker}.log"
