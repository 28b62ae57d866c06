"""Whether jobs can run now: each check with its finding, and since when it stands like that."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hay_say_lab.audio import ffmpeg
from hay_say_lab.errors import LabError
from hay_say_lab.storage import event_log
from hay_say_lab.storage.database import HEAD
from hay_say_lab.storage.rows import now

if TYPE_CHECKING:
    from hay_say_lab.service.surface import Surface

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """`needed`: without it no job can run; the others are told and make nothing unready."""

    name: str
    ok: bool
    detail: str
    needed: bool = True


class Readiness:
    """Remembers since when each check stands as it does."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[bool, str]] = {}

    async def look(self, surface: Surface) -> list[Check]:
        return [
            await _store(surface),
            _disk(surface),
            *_devices(surface),
            *_architectures(surface),
            _programs(),
        ]

    def since(self, check: Check) -> str:
        """UTC, ISO 8601."""
        known = self._since.get(check.name)
        if known is None or known[0] != check.ok:
            known = self._since[check.name] = (check.ok, now())
        return known[1]


async def _store(surface: Surface) -> Check:
    """A write goes through the one writer, so a queue of them shows here too."""
    store = surface.engine.store
    began = time.monotonic()
    try:
        await store.write(event_log.writable)
        schema = store.read(event_log.schema_version)
    except LabError as refused:
        return Check("store", False, refused.message)
    milliseconds = (time.monotonic() - began) * 1000
    return Check("store", schema == HEAD, f"schema {schema}, a write takes {milliseconds:.0f} ms")


def _disk(surface: Surface) -> Check:
    free_mb = shutil.disk_usage(surface.home.root).free // MB
    floor_mb = surface.book.budgets.disk_floor_mb
    return Check("disk", free_mb > floor_mb, f"{free_mb} MB free, {floor_mb} MB are to stay free")


def _devices(surface: Surface) -> list[Check]:
    found = []
    for name, reading in surface.engine.pool.readings().items():
        held_mb = sum(reading.ours_mb.values())
        detail = f"{held_mb:.0f} of {reading.budget_mb:.0f} MB in use by workers, {reading.foreign_mb:.0f} MB by others"
        found.append(Check(f"device {name}", reading.readable, detail, needed=name == "cpu"))
    return found


def _architectures(surface: Surface) -> list[Check]:
    known = surface.architectures
    checks = []
    for name, manifest in known.manifests.items():
        problem = known.runtime_problem(manifest, "architecture")
        checks.append(Check(f"architecture {name}", problem is None, problem.message if problem else "can start", needed=False))
    return checks


def _programs() -> Check:
    found = ffmpeg.find()
    return Check("ffmpeg", found is not None, "found" if found else "not found: m4a, webm and films are not read", needed=False)
