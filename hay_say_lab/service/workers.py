"""Workers and devices as people see them, and what operators may do to a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hay_say_lab.engine.engine import Engine
from hay_say_lab.errors import NotFound
from hay_say_lab.service.handler import LabHandler


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker: what it has loaded, what it holds, how long nobody has used it; a pinned one is kept."""

    id: int
    worker: str
    pid: int
    device: str
    busy: bool
    pinned: bool
    memory_mb: float
    voices: list[str]
    stages: int
    idle_seconds: float
    load_seconds: float


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device, in MB: what workers may hold now (`budget`), what they hold or were promised, what others use, what
    ended workers did not give back so far. One that cannot be read holds one worker at a time."""

    name: str
    kind: str
    title: str
    readable: bool
    total_mb: float
    budget_mb: float
    held_mb: float
    foreign_mb: float
    leaked_mb: float


@dataclass(frozen=True, slots=True)
class WorkersView:
    workers: list[WorkerView]
    devices: list[DeviceView]


def workers_view(engine: Engine) -> WorkersView:
    pool = engine.pool
    ledger, readings = pool.ledger(), pool.readings()
    devices = [
        DeviceView(
            name=name,
            kind=device.kind,
            title=device.title,
            readable=readings[name].readable,
            total_mb=round(readings[name].total_mb, 1),
            budget_mb=round(readings[name].budget_mb, 1),
            held_mb=round(ledger.held_mb(name), 1),
            foreign_mb=round(readings[name].foreign_mb, 1),
            leaked_mb=round(pool.leaked_mb[name], 1),
        )
        for name, device in pool.devices.items()
    ]
    described: list[dict[str, Any]] = pool.described()
    return WorkersView([WorkerView(**worker) for worker in described], devices)


class WorkersHandler(LabHandler):
    async def get(self) -> None:
        self.reply(workers_view(self.surface.engine))


class PinHandler(LabHandler):
    pinned = True

    async def post(self, worker: str) -> None:
        self.surface.engine.upkeep.pin(known_number(worker), self.pinned)
        self.reply(workers_view(self.surface.engine))


class UnpinHandler(PinHandler):
    pinned = False


class EjectHandler(LabHandler):
    async def post(self, worker: str) -> None:
        self.surface.engine.upkeep.eject(known_number(worker))
        self.reply(workers_view(self.surface.engine))


def known_number(word: str) -> int:
    """Raises NotFound for what is no worker's number."""
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        raise NotFound("There is no such worker.", field="worker", fix="See 'hay-say workers'.")
    return int(word)
