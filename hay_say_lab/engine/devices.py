"""What stages compute on: how much memory a device has, how much of it others use, how much each of ours holds.

Nothing here decides; `admission` does, from what is read here. A device that cannot be read is used by one worker at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hay_say_lab.engine.order import CPU
from hay_say_lab.errors import InvalidRequest

RESERVE_SHARE = 0.1
RESERVE_MB = 600.0              # for the system, whatever the share
_KB = 1 / 1024                  # in MB
_BYTE = 1 / (1 << 20)           # in MB


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a device, in MB: all it has, what others hold, what each of our processes (by pid) holds."""

    total_mb: float
    foreign_mb: float = 0.0
    ours_mb: Mapping[int, float] = field(default_factory=dict)
    readable: bool = True

    @property
    def capacity_mb(self) -> float:
        """What workers could hold if nobody else were there: total - max(10 %, 600 MB)."""
        return max(0.0, self.total_mb - max(RESERVE_SHARE * self.total_mb, RESERVE_MB))

    @property
    def budget_mb(self) -> float:
        """What workers may hold now: total - reserve - foreign use."""
        return max(0.0, self.capacity_mb - self.foreign_mb)


class Device(Protocol):
    """Something with memory that stages compute on. `name` is what a worker is told, such as 'cpu' or 'cuda:0'."""

    name: str
    kind: str                   # as manifests name it: cpu, cuda
    title: str                  # for people

    def read(self, ours: Collection[int]) -> Reading:
        """Look now; `ours` are the pids of our workers."""


class Machine:
    """The processor and its memory: as little as the machine or a control group around us gives (Linux; else unread).

    `most_mb` is a person's own bound on what workers may hold together.
    """

    name = CPU
    kind = CPU

    def __init__(self, root: Path = Path("/"), most_mb: float | None = None) -> None:
        self._root = root
        self._most_mb = most_mb
        self.title = "processor"

    def read(self, ours: Collection[int]) -> Reading:
        memory = _table(self._root / "proc/meminfo", _KB)
        if "MemTotal" not in memory:
            return self._bounded(Reading(_total_by_sysconf(), readable=False))
        ours_mb = {pid: self._family_mb(pid) for pid in ours}
        held_mb = sum(ours_mb.values())
        total_mb = memory["MemTotal"]
        available_mb = memory.get("MemAvailable", memory.get("MemFree", 0.0))
        free_mb = total_mb - max(0.0, total_mb - available_mb - held_mb)        # what is not foreign
        for limit_mb, used_mb in self._groups():
            free_mb = min(free_mb, limit_mb - max(0.0, used_mb - held_mb))
            total_mb = min(total_mb, limit_mb)
        return self._bounded(Reading(total_mb, max(0.0, total_mb - free_mb), ours_mb))

    def _bounded(self, reading: Reading) -> Reading:
        """A person's bound is for workers alone: it has no reserve and no others in it."""
        if self._most_mb is None or self._most_mb >= reading.budget_mb:
            return reading
        return _Bounded(reading.total_mb, reading.foreign_mb, reading.ours_mb, reading.readable, self._most_mb)

    def _family_mb(self, pid: int) -> float:
        """A process and what it has started: their proportional share of memory, so that nothing counts twice."""
        return sum(self._share_mb(member) for member in family(pid, self._root))

    def _share_mb(self, pid: int) -> float:
        return _table(self._root / f"proc/{pid}/smaps_rollup", _KB).get("Pss", 0.0)

    def _groups(self) -> Iterable[tuple[float, float]]:
        """(limit, use without what the system gives back at need) of each control group around us, in MB."""
        for line in _text(self._root / "proc/self/cgroup").splitlines():
            _, controllers, path = (line.split(":", 2) + ["", ""])[:3]
            if controllers == "":
                place, limit, used, idle = self._root / "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
            elif "memory" in controllers.split(","):
                place = self._root / "sys/fs/cgroup/memory"
                limit, used, idle = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            else:
                continue
            folder = place / path.lstrip("/")
            for group in [folder, *folder.parents]:
                limit_mb = _number(group / limit)
                if limit_mb is not None:
                    held = _number(group / used) or 0.0
                    yield limit_mb, max(0.0, held - _table(group / "memory.stat", _BYTE).get(idle, 0.0))
                if group == place:
                    break


@dataclass(frozen=True, slots=True)
class _Bounded(Reading):
    most_mb: float = 0.0

    @property
    def capacity_mb(self) -> float:
        return self.most_mb

    @property
    def budget_mb(self) -> float:
        return self.most_mb


class Simulated:
    """A device of numbers: what processes `take` is what `read` shows, `lag_seconds` later on a clock of one's own."""

    def __init__(
        self,
        name: str,
        kind: str,
        total_mb: float,
        *,
        readable: bool = True,
        lag_seconds: float = 0.0,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.name = name
        self.kind = kind
        self.title = f"simulated {kind}"
        self.total_mb = total_mb
        self.foreign_mb = 0.0
        self.leaked_mb = 0.0                # held by processes that are gone
        self.holding: dict[int, float] = {}
        self._readable = readable
        self._lag_seconds = lag_seconds
        self._clock = clock
        self._leaving: list[tuple[float, float]] = []       # (until when it still shows, MB)

    def take(self, pid: int, memory_mb: float) -> bool:
        """A process holds so much from now on; False where the device has no more: nothing changes then."""
        others = sum(held for other, held in self.holding.items() if other != pid)
        if others + memory_mb + self.foreign_mb + self.leaked_mb > self.total_mb:
            return False
        self.holding[pid] = memory_mb
        return True

    def leave(self, pid: int) -> None:
        """The process has ended."""
        self._leaving.append((self._clock() + self._lag_seconds, self.holding.pop(pid, 0.0)))

    def read(self, ours: Collection[int]) -> Reading:
        if not self._readable:
            return Reading(self.total_mb, readable=False)
        self._leaving = [(until, held) for until, held in self._leaving if until > self._clock()]
        shown = self.foreign_mb + self.leaked_mb + sum(held for _, held in self._leaving)
        shown += sum(held for pid, held in self.holding.items() if pid not in ours)
        return Reading(self.total_mb, shown, {pid: self.holding.get(pid, 0.0) for pid in ours})


def family(pid: int, root: Path = Path("/")) -> list[int]:
    """A process and all that it has started, as far as the system tells (Linux with children lists; else itself)."""
    found = [pid]
    for member in found:
        for task in _entries(root / f"proc/{member}/task"):
            found += [int(child) for child in _text(task / "children").split() if int(child) not in found]
    return found


def processor_seconds(pid: int, root: Path = Path("/")) -> float | None:
    """CPU time of a process with all that it has started, ended children included. None where it cannot be told."""
    seconds = [_processor_seconds(member, root) for member in family(pid, root)]
    known = [value for value in seconds if value is not None]
    return sum(known) if known else None


def _processor_seconds(pid: int, root: Path) -> float | None:
    fields = _text(root / f"proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 15:
        return None
    return sum(int(value) for value in fields[11:15]) / os.sysconf("SC_CLK_TCK")    # utime, stime, cutime, cstime


def out_of_memory_kills(root: Path = Path("/")) -> int:
    """How often this machine has ended a process for its memory since it started (0 where that is not told)."""
    for line in _text(root / "proc/vmstat").splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return 0


def own_bound_mb() -> float | None:
    """HAY_SAY_MEMORY_MB: what workers may hold together of the machine's memory; None: what the machine can give.

    Raises InvalidRequest.
    """
    words = os.environ.get("HAY_SAY_MEMORY_MB", "").strip()
    try:
        return float(words) if words else None
    except ValueError:
        raise InvalidRequest(
            f"'{words}' is no number of megabytes.", field="HAY_SAY_MEMORY_MB", fix="Write it as 4000, or leave it out."
        ) from None


def _total_by_sysconf() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * _BYTE
    except (ValueError, OSError):
        return 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _number(path: Path) -> float | None:
    """A file that holds one number of bytes, in MB; None where it holds none ('max') or is not there."""
    text = _text(path).strip()
    return int(text) * _BYTE if text.isdigit() else None


def _table(path: Path, unit: float) -> dict[str, float]:
    """Lines of 'name: number kB' or 'name number', in MB."""
    found: dict[str, float] = {}
    for line in _text(path).splitlines():
        words = line.replace(":", " ").split()
        if len(words) >= 2 and words[1].isdigit():
            found[words[0]] = int(words[1]) * unit
    return found
