"""What the host answers of voices and assets on their way out and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hay_say_lab.engine.inventory import Freed
from hay_say_lab.engine.shelf import Removed


@dataclass(frozen=True, slots=True)
class FreedView:
    """What a removal frees once the trash is emptied: bytes, and names of files; `kept_because` names each file that
    stays and who needs it; `jobs` are those that use it now; `needed_by`: voices that could not be used without it;
    `removable` says whether it can be removed at once."""

    id: str
    bytes: int
    files: list[str]
    kept_because: list[str]
    jobs: list[str]
    needed_by: list[str]
    removable: bool


@dataclass(frozen=True, slots=True)
class RemovedView:
    """`state`: 'in the trash' until then (UTC, ISO 8601), 'waits' for `waits_for` to end, or 'gone' for good. `needed_by`:
    voices that cannot be used without it."""

    id: str
    state: str
    frees_bytes: int
    kept_because: list[str]
    waits_for: list[str]
    until: str
    needed_by: list[str]


@dataclass(frozen=True, slots=True)
class TrashedView:
    """One thing in the trash: of which kind ('voice', 'asset'), who removed it, until when it can be restored."""

    id: str
    kind: str
    title: str
    by: str
    at: str
    until: str
    bytes: int


@dataclass(frozen=True, slots=True)
class TrashView:
    """What was removed and can be restored; `bytes` that are free once it is emptied."""

    trash: list[TrashedView]
    bytes: int


@dataclass(frozen=True, slots=True)
class EmptiedView:
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class AssetsView:
    """The installed assets, and what architectures need: each with the asset that serves, None where it is missing."""

    assets: list[dict[str, Any]]
    needs: list[dict[str, Any]]


def freed_view(name: str, freed: Freed, jobs: list[str], needed_by: list[str], *, removable: bool) -> FreedView:
    return FreedView(name, freed.bytes, list(freed.files), list(freed.kept_because), jobs, needed_by, removable)


def removed_view(name: str, removed: Removed, needed_by: list[str]) -> RemovedView:
    state = "waits" if removed.waits_for else "in the trash" if removed.until else "gone"
    freed = removed.freed
    kept, waits_for = list(freed.kept_because), list(removed.waits_for)
    return RemovedView(name, state, freed.bytes, kept, waits_for, removed.until, needed_by)
