"""What the host answers of its storage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StorageView:
    """What the data home holds: bytes by class; yours; of each owner (operators); free; the budgets, in MB and days."""

    classes: dict[str, int]
    yours_bytes: int
    owners: dict[str, int]
    free_bytes: int
    budgets: dict[str, int]


@dataclass(frozen=True, slots=True)
class RemovalView:
    what: str
    name: str
    reason: str
    frees_bytes: int
    owner: str


@dataclass(frozen=True, slots=True)
class PruneView:
    """What a prune would remove, or has removed; `over`: budgets that do not hold all the same."""

    removals: list[RemovalView]
    frees_bytes: int
    over: list[str]


@dataclass(frozen=True, slots=True)
class BackupView:
    """A folder below 'backups' in the data home, and its files; `left_out` names what lies in the data home and is in no
    backup."""

    name: str
    files: list[str]
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class LibraryView:
    """The library's documents and its files. `orphans`: contents that no document names; `strays`: folders without one;
    `missing`: files that one names and that are not there; `unlinked`: ids that can be laid out again; `damaged`: contents
    that are not those of their name; `unfinished`: ids with something begun and not ended."""

    contents: int
    orphans: list[str]
    strays: list[str]
    missing: list[str]
    unlinked: list[str]
    damaged: list[str]
    unfinished: list[str]


@dataclass(frozen=True, slots=True)
class FsckView:
    """Store and disk held against each other."""

    sound: bool
    objects: int
    orphans: list[str]
    missing: list[str]
    damaged: list[str]
    broken: list[str]
    library: LibraryView
