"""Who needs which object: rows that are written with a job's own, and taken away before a file is.

A file goes in three steps, each of which may be the last thing that a host does: its rows go and its name is put among
`removals`, in one transaction; the file goes; its name goes. What a killed host left undone, the next one finishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from hay_say_lab.domain.job import ENDED
from hay_say_lab.domain.retention import Kind
from hay_say_lab.errors import ClipMissing, Conflict
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.schema import clips, holdings, jobs, removals, results, uses
from hay_say_lab.storage.statements import Statement, insert

SOUNDS = frozenset({"clip", "background"})      # roles of a stage's outputs that are sound; documents are small


def use(connection: sa.Connection, job: str, objects: Mapping[str, str], *, last: bool) -> None:
    """A job's stage made or took these objects (role -> name). Only sound on the way to the last stage is cache."""
    for role, name in objects.items():
        note(connection, job, name, "result" if last or role not in SOUNDS else "cache")


def note(connection: sa.Connection, job: str, name: str, kind: Kind) -> None:
    """A job needs an object; a removal that was on its way is called off."""
    insert(uses, ("object", "job", "kind"), unless_there=True).run(connection, {"object": name, "job": job, "kind": kind})
    _CALL_OFF.run(connection, {"object": name})


_CALL_OFF = Statement(removals.delete().where(removals.c.object == sa.bindparam("object", type_=sa.String)))


def leaving(connection: sa.Connection, names: Iterable[str]) -> bool:
    """Whether any of these objects is being removed: then it is not to be relied on."""
    found = sa.select(removals.c.object).where(removals.c.object.in_(list(names)))
    return connection.execute(found).first() is not None


def let_result_go(connection: sa.Connection, job: str) -> list[str]:
    """A job's result goes: the objects that nobody needs any more, now among the removals."""
    if is_pinned(connection, job):
        return []
    names = list(connection.execute(sa.select(uses.c.object).where(uses.c.job == job).distinct()).scalars())
    connection.execute(uses.delete().where(uses.c.job == job))
    connection.execute(jobs.update().where(jobs.c.id == job).values(removed_at=now()))
    return _put_out(connection, names)


def let_cache_go(connection: sa.Connection, name: str) -> list[str]:
    """An object that only stages on the way used."""
    connection.execute(uses.delete().where(uses.c.object == name, uses.c.kind == "cache"))
    return _put_out(connection, [name])


def let_upload_go(connection: sa.Connection, name: str) -> list[str]:
    """A recording that was sent; whoever sent it sends it again where they need it."""
    if _needed(connection, name):
        return []
    connection.execute(holdings.delete().where(holdings.c.object == name))
    connection.execute(clips.delete().where(clips.c.sha256 == name))
    return _put_out(connection, [name])


def take_back(connection: sa.Connection, owner: str, name: str) -> list[str]:
    """An owner takes a recording back that they sent: the file, where nobody else holds it.

    Raises ClipMissing, and Conflict while a job of theirs needs it, or made it.
    """
    held = sa.select(clips.c.sha256).join(holdings, holdings.c.object == clips.c.sha256)
    if connection.execute(held.where(clips.c.sha256 == name, holdings.c.owner == owner)).first() is None:
        raise ClipMissing(f"The clip {name[:12]} is not held for you.", field="clip", fix="It need not be removed.")
    needing = sa.select(jobs.c.id, jobs.c.state).join(uses, uses.c.job == jobs.c.id)
    rows = connection.execute(needing.where(uses.c.object == name, jobs.c.owner == owner)).all()
    ended = {state.value for state in ENDED}
    if under_way := [job for job, state in rows if state not in ended]:
        raise Conflict(f"The job {under_way[0]} needs the clip.", field="clip", fix="Let it end, or cancel it.")
    if rows:
        raise Conflict(
            f"The result of the job {rows[0].id} needs the clip.", field="clip", fix="Remove the result first (DELETE /jobs/ID/result)."
        )
    connection.execute(holdings.delete().where(holdings.c.object == name, holdings.c.owner == owner))
    if connection.execute(sa.select(holdings.c.owner).where(holdings.c.object == name)).first() is not None:
        return []
    return let_upload_go(connection, name)


def _put_out(connection: sa.Connection, names: Iterable[str]) -> list[str]:
    gone = [name for name in names if not _needed(connection, name) and not _is_upload(connection, name)]
    connection.execute(holdings.delete().where(holdings.c.object.in_(gone)))
    for name in gone:
        if connection.execute(sa.select(removals.c.object).where(removals.c.object == name)).first() is None:
            connection.execute(removals.insert().values(object=name))
    return gone


def _needed(connection: sa.Connection, name: str) -> bool:
    return connection.execute(sa.select(uses.c.job).where(uses.c.object == name)).first() is not None


def _is_upload(connection: sa.Connection, name: str) -> bool:
    return connection.execute(sa.select(clips.c.sha256).where(clips.c.sha256 == name)).first() is not None


def unfinished_removals(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(removals.c.object)).scalars())


def is_leaving(connection: sa.Connection, name: str) -> bool:
    """Whether the file may go now: nobody has begun to need it since its rows went."""
    return leaving(connection, [name]) and not _needed(connection, name)


def gone(connection: sa.Connection, names: Iterable[str]) -> None:
    """The files are gone."""
    connection.execute(removals.delete().where(removals.c.object.in_(list(names))))


def pin(connection: sa.Connection, job: str) -> None:
    """Keep a job's result, and what it needs, whatever the budgets say."""
    connection.execute(jobs.update().where(jobs.c.id == job).values(pinned_at=now()))


def unpin(connection: sa.Connection, job: str) -> None:
    connection.execute(jobs.update().where(jobs.c.id == job).values(pinned_at=None))


def is_pinned(connection: sa.Connection, job: str) -> bool:
    return connection.execute(sa.select(jobs.c.pinned_at).where(jobs.c.id == job)).scalar() is not None


def held_fast(connection: sa.Connection, owner: str) -> set[str]:
    """Objects that an owner's pinned and unfinished jobs need: no prune takes them."""
    fast = sa.or_(jobs.c.pinned_at.is_not(None), jobs.c.state.not_in([state.value for state in ENDED]))
    query = sa.select(uses.c.object).join(jobs, jobs.c.id == uses.c.job)
    return set(connection.execute(query.where(jobs.c.owner == owner, uses.c.kind != "cache", fast)).scalars())


def sent_by(connection: sa.Connection, owner: str) -> set[str]:
    """Recordings that an owner sent."""
    query = sa.select(clips.c.sha256).join(holdings, holdings.c.object == clips.c.sha256).where(holdings.c.owner == owner)
    return set(connection.execute(query).scalars())


def let_orphan_go(connection: sa.Connection, name: str) -> list[str]:
    """A file that nothing names."""
    return _put_out(connection, [name])


def results_of(connection: sa.Connection, names: Iterable[str]) -> list[str]:
    """Keys of kept results that name any of these objects."""
    wanted = set(names)
    rows = connection.execute(sa.select(results.c.key, results.c.outputs))
    return [key for key, outputs in rows if wanted & set(outputs.values())]


def forget(connection: sa.Connection, names: Iterable[str], keys: Iterable[str]) -> None:
    """Objects that are gone, and the results that named them: jobs that had them say so."""
    for name in names:
        users = sa.select(uses.c.job).where(uses.c.object == name, uses.c.kind == "result")
        for job in list(connection.execute(users).scalars()):
            gone = jobs.update().where(jobs.c.id == job, jobs.c.removed_at.is_(None))
            connection.execute(gone.values(removed_at=now()))
        connection.execute(uses.delete().where(uses.c.object == name))
        connection.execute(holdings.delete().where(holdings.c.object == name))
        connection.execute(clips.delete().where(clips.c.sha256 == name))
    for key in keys:
        connection.execute(results.delete().where(results.c.key == key))
