"""What the data home holds: files on disk beside the rows that name them. Read in a thread; it may take seconds."""

from __future__ import annotations

import shutil
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from hay_say_lab.domain.job import ENDED
from hay_say_lab.domain.retention import Ended, Holdings, Kind, StoredFile
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.partials import Partials
from hay_say_lab.storage.schema import clips, holdings, jobs, results, uses


def survey(connection: sa.Connection, home: Home, objects: ObjectStore) -> Holdings:
    """Files first, then rows: what is published in between is a file without a row, which is left alone for a day."""
    free_bytes = shutil.disk_usage(home.root).free
    files = {name: StoredFile(status.st_size, status.st_mtime) for name, status in objects.files()}
    used = _uses(connection)
    return Holdings(
        files=files,
        uses=used,
        ended=_ended(connection),
        uploads=_uploads(connection),
        remembered=_remembered(connection) - {name for per_job in used.values() for name in per_job},
        other_bytes={
            "voices": folder_bytes(home.voices),
            "logs": folder_bytes(home.logs),
            "environments": folder_bytes(home.root / "environments"),
            "database": sum(file.stat().st_size for file in home.root.glob(f"{home.database.name}*") if file.is_file()),
        },
        free_bytes=free_bytes,
        leftovers=_leftovers(home.leftovers),
        incoming=Partials(home.uploads).held_bytes(),
    )


def _leftovers(folder: Path) -> dict[str, StoredFile]:
    found = [path for path in folder.iterdir() if path.is_dir()] if folder.exists() else []
    return {path.name: StoredFile(folder_bytes(path), path.stat().st_mtime) for path in found}


def folder_bytes(folder: Path) -> int:
    """Of all files in a folder, each counted once however many names it has; 0 where there is no such folder."""
    seen: dict[tuple[int, int], int] = {}
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            status = file.stat()
            seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values())


def _uses(connection: sa.Connection) -> dict[str, dict[str, frozenset[Kind]]]:
    found: dict[str, dict[str, frozenset[Kind]]] = defaultdict(dict)
    for name, job, kind in connection.execute(sa.select(uses.c.object, uses.c.job, uses.c.kind)):
        found[job][name] = found[job].get(name, frozenset()) | {kind}
    return found


def _remembered(connection: sa.Connection) -> frozenset[str]:
    return frozenset(
        name for (outputs,) in connection.execute(sa.select(results.c.outputs)) for name in outputs.values()
    )


def _ended(connection: sa.Connection) -> tuple[Ended, ...]:
    """Jobs with something to let go, oldest first."""
    query = (
        sa.select(jobs.c.id, jobs.c.owner, jobs.c.updated_at, jobs.c.pinned_at)
        .where(jobs.c.state.in_([state.value for state in ENDED]), jobs.c.removed_at.is_(None))
    )
    found = [
        Ended(job, owner, datetime.fromisoformat(at).timestamp(), pinned_at is not None)
        for job, owner, at, pinned_at in connection.execute(query)
    ]
    return tuple(sorted(found, key=lambda entry: (entry.at, entry.job)))


def _uploads(connection: sa.Connection) -> dict[str, frozenset[str]]:
    query = sa.select(clips.c.sha256, holdings.c.owner).join(holdings, holdings.c.object == clips.c.sha256)
    found: dict[str, frozenset[str]] = {}
    for name, owner in connection.execute(query):
        found[name] = found.get(name, frozenset()) | {owner}
    return found
