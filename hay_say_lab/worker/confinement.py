"""A child that reads strangers' files shuts itself in: limits, a network with nothing in it, and no file but those it needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hay_say_lab.errors import InvalidRequest
from hay_say_lab.worker import landlock
from hay_say_lab.worker.platform import die_with_parent, leave_network, limit_self, limit_storage

Level = Literal["full", "limits", "none"]
LEVELS: tuple[Level, ...] = ("none", "limits", "full")         # the weakest first

_PACKAGE = Path(__file__).resolve().parents[1]
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/urandom", "/proc/self",
           "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")  # fmt: skip
_SYSTEM_WRITTEN = ("/dev/null",)


@dataclass(frozen=True, slots=True)
class Cell:
    """What a child keeps: folders to read and to write, and how much of everything.

    `memory_mb` of its own data; `file_mb` the largest file that it may write.
    """

    read: tuple[Path, ...]
    write: tuple[Path, ...]
    memory_mb: int
    cpu_seconds: int
    file_mb: int


def confine(cell: Cell, parent: int, least: Level) -> Level:
    """Shut this process in, before it starts a thread. Returns how far that went; raises InvalidRequest below `least`."""
    die_with_parent(parent)
    if sys.platform == "win32":
        return _enough("none", least)
    # Threads end a process's way into a namespace of its own, so this comes first; limits last, they bind what is set up.
    alone = leave_network()
    shut = landlock.restrict(_allowed(cell))
    limit_self(memory_mb=cell.memory_mb, cpu_seconds=cell.cpu_seconds, mapped=False)
    limit_storage(cell.file_mb)
    return _enough("full" if alone and shut else "limits", least)


def _enough(level: Level, least: Level) -> Level:
    if LEVELS.index(level) < LEVELS.index(least):
        raise InvalidRequest(
            f"Files of strangers are read under confinement '{least}' here, and this machine gives '{level}'.",
            field="override_reason",
            fix="Use a kernel with Landlock that lets users make namespaces ('hay-say doctor'), or let an operator allow it with a reason.",
        )
    return level


def _allowed(cell: Cell) -> Iterator[tuple[Path, int]]:
    yield from ((path, landlock.READ) for path in (*cell.read, *map(Path, _SYSTEM)))
    yield from ((path, landlock.WRITE) for path in (*cell.write, *map(Path, _SYSTEM_WRITTEN)))
    yield from _python()


def _python() -> Iterator[tuple[Path, int]]:
    """The interpreter and its packages. Of other folders on its path the names alone: a checkout may hold anything."""
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    yield from ((Path(root).resolve(), landlock.READ) for root in roots if Path(root) not in (Path("/"), Path("/usr")))
    yield _PACKAGE, landlock.READ
    for entry in sys.path:
        place = Path(entry)
        packages = {"site-packages", "dist-packages"} & set(place.parts)
        yield place, landlock.READ if packages else landlock.LIST
