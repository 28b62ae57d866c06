"""Store and disk held against each other."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.retention import ORPHAN_SECONDS
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore, hash_file
from hay_say_lab.storage.survey import survey


@dataclass(frozen=True, slots=True)
class Findings:
    """`orphans`: files that nothing names, older than a day. `missing`: names without a file. `damaged`: the content is
    not that of the name. `broken`: what the database says of its own pages."""

    objects: int
    orphans: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return not (self.orphans or self.missing or self.damaged or self.broken)

    def as_json(self) -> dict[str, Any]:
        return {"sound": self.sound, **{name: getattr(self, name) for name in Findings.__slots__}}


def examine(connection: sa.Connection, home: Home, objects: ObjectStore, deep: bool) -> Findings:
    """Changes nothing. `deep` hashes every object."""
    found = survey(connection, home, objects)
    needed = {name for per_job in found.uses.values() for name in per_job} | set(found.uploads)
    named = needed | found.remembered
    old = time.time() - ORPHAN_SECONDS
    damaged = [name for name in found.files if deep and hash_file(objects.path(name)) != name]
    return Findings(
        objects=len(found.files),
        orphans=tuple(sorted(n for n, file in found.files.items() if n not in named and file.used_at < old)),
        missing=tuple(sorted(needed - set(found.files))),
        damaged=tuple(sorted(damaged)),
        broken=_broken_pages(connection),
    )


def _broken_pages(connection: sa.Connection) -> tuple[str, ...]:
    if connection.dialect.name != "sqlite":
        return ()
    said = connection.exec_driver_sql("PRAGMA quick_check").scalars().all()
    return tuple(str(line) for line in said if line != "ok")
