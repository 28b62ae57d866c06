"""A pool of real workers on the real devices, and a small engine around it: no database, no door."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.request import RequestText
from hay_say_lab.engine.admission import Admit, Refuse, admit
from hay_say_lab.engine.devices import Device
from hay_say_lab.engine.ladder import Place, judge
from hay_say_lab.engine.order import Done, Order, WorkerLost
from hay_say_lab.engine.patience import Patience
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.spoken_text import spoken_text
from hay_say_lab.engine.work import Work
from hay_say_lab.errors import LabError
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore

PATIENCE = Patience(lease=20.0, start=120.0, stop=1.0, terminate=2.0)


@dataclass
class Told:
    """What a stage came to: where it ended up, what its runtime reported, how it got there."""

    device: str = ""
    report: dict[str, Any] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    failure: LabError | None = None
    seconds: float = 0.0
    waits: set[str] = field(default_factory=set)
    began: float = 0.0
    ended: float = 0.0


class House:
    def __init__(
        self, pool: WorkerPool, home: Home, objects: ObjectStore, architectures: Architectures
    ) -> None:
        self.pool = pool
        self._home = home
        self._objects = objects
        self._architectures = architectures

    async def stage(self, architecture: str, voice_mb: int, *, cpu_fallback: bool = False, **settings: float) -> Told:
        """As the engine: ask admission, take the seat, run, and climb the ladder where memory runs out."""
        told = Told()
        values = {"mb": 0, "cpu_mb": 0, "seconds": 0.0, **settings}
        began = time.monotonic()
        for ooms in range(4):
            work = Work(architecture, f"{architecture}-{voice_mb}", 1.0, ooms, cpu_fallback)
            done = await self._once(work, f"{architecture}:{voice_mb}", values, told)
            if done:
                break
        told.seconds = time.monotonic() - began
        return told

    async def _once(self, work: Work, voice: str, settings: dict[str, float], told: Told) -> bool:
        while True:
            need = self.pool.need(work)
            verdict = admit(need, self.pool.ledger())
            if isinstance(verdict, Admit):
                break
            assert not isinstance(verdict, Refuse), verdict
            self.pool.waits(need)
            told.waits.add(verdict.reason)
            await asyncio.sleep(0.02)
        seat = self.pool.reserve(work, need, verdict)
        told.device = verdict.device
        folder = self._home.scratch / new_id()
        offer = self._architectures.manifest(work.worker).offer("speak")
        assert offer is not None
        order = Order(
            folder.name, 1, "speak", folder / "out", folder / "pieces", voice=voice, voice_hash=str(work.voice),
            limits=offer.limits, settings=settings, text=spoken_text(RequestText("-"), offer.text, ()).as_json(),
        )  # fmt: skip
        try:
            attendant = await self.pool.attendant(seat)
            told.began = time.monotonic()
            outcome, outputs = await self.pool.run(attendant, order, lambda fraction, message: None)
            told.ended = time.monotonic()
        except WorkerLost as lost:
            kind = self.pool.devices[verdict.device].kind
            place = Place(verdict.device, kind, self.pool.demand.able(work.worker))
            judged = judge(lost, place, work.ooms, work.cpu_fallback)
            if isinstance(judged, LabError):
                told.failure = judged
                return True
            told.losses.append(judged[0])
            return not lost.out_of_memory
        finally:
            self.pool.release(seat)
        assert isinstance(outcome, Done), outcome
        told.report = json.loads(self._objects.open_path(outputs["report"]).read_bytes())
        return True

    def workers(self, device: str = "cuda:0") -> list[int]:
        """Pids of workers on a device."""
        return [a.pid for a in self.pool.attendants.values() if a.device == device and a.alive]

    def held_mb(self, device: str = "cuda:0") -> float:
        """What our workers hold of a device, as it shows now."""
        return sum(self.pool.devices[device].read(self.workers(device)).ours_mb.values())


@contextlib.asynccontextmanager
async def house(root: Path, devices: Sequence[Device] | None = None, places: int = 4) -> AsyncIterator[House]:
    home = Home(root)
    home.prepare()
    objects = ObjectStore(home.objects)
    architectures = Architectures()
    pool = WorkerPool(home, objects, architectures, places=places, patience=PATIENCE, devices=devices)
    try:
        yield House(pool, home, objects, architectures)
    finally:
        await pool.close()
