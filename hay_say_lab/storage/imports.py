"""Imports in the rows: each edge is one write that tells everybody who may know; and what was fetched before, by address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.canonical import sha256_hex
from hay_say_lab.domain.deed import Deed
from hay_say_lab.domain.imports import Import, ImportOrder, Step
from hay_say_lab.domain.job import State, next_state
from hay_say_lab.errors import Conflict, IllegalTransition, ImportMissing
from hay_say_lab.storage.audit import record
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.schema import events, imports, pins

KIND = "import"                 # of its events
UNFINISHED = (State.QUEUED.value, State.RUNNING.value, State.CANCELLING.value)


# Edges.


def enqueue(connection: sa.Connection, made: Import) -> Import:
    connection.execute(
        imports.insert().values(
            id=made.id, owner=made.owner, role=made.role, state=made.state.value, step=made.step, asked=made.order.as_json(),
            created_at=made.created_at, updated_at=made.updated_at,
        )
    )  # fmt: skip
    _tell(connection, made)
    return made


def started(connection: sa.Connection, name: str) -> Import | None:
    """Claim it; None where somebody stopped it meanwhile."""
    return _move(connection, name, State.QUEUED, "started")


def at_step(connection: sa.Connection, name: str, step: Step, plan: Mapping[str, Any] | None = None) -> bool:
    """It goes on with a step. False where it runs no longer: whoever carries it stops."""
    values: dict[str, Any] = {"step": step, "updated_at": now()} | ({"plan": dict(plan)} if plan is not None else {})
    query = imports.update().where(imports.c.id == name, imports.c.state == State.RUNNING.value).values(**values)
    if connection.execute(query).rowcount == 0:
        return False
    _tell(connection, get(connection, name))
    return True


def finished(connection: sa.Connection, name: str, outcome: Mapping[str, Any], deeds: Sequence[Deed]) -> Import | None:
    """With what belongs into the audit log, in the same transaction."""
    made = _move(connection, name, State.RUNNING, "finished", outcome=dict(outcome))
    for deed in deeds if made is not None else ():
        record(connection, deed)
    return made


def failed(connection: sa.Connection, name: str, error: Mapping[str, Any]) -> Import | None:
    return _move(connection, name, State.RUNNING, "failed", error=dict(error)) or stopped(connection, name)


def cancel(connection: sa.Connection, name: str) -> Import:
    """Raises ImportMissing, IllegalTransition where it has ended, Conflict where its voice is being put on the shelf."""
    found = get(connection, name)
    if found.state in (State.CANCELLING, State.CANCELLED):
        return found
    if found.state is State.RUNNING and found.step == "settle":
        raise Conflict("The voice is being put on the shelf.", field="import", fix="Remove it there.")
    next_state(found.state, "cancel")
    cancelling = _move(connection, name, found.state, "cancel")
    if found.state is State.QUEUED:
        return stopped(connection, name) or found
    return cancelling or found


def stopped(connection: sa.Connection, name: str) -> Import | None:
    return _move(connection, name, State.CANCELLING, "stopped")


def retry(connection: sa.Connection, name: str) -> Import:
    """From its first step, by the same plan; what was fetched is gone on with. Raises ImportMissing, IllegalTransition."""
    found = get(connection, name)
    next_state(found.state, "retry")
    again = _move(connection, name, State.FAILED, "retry", error=None, step="resolve")
    if again is None:
        raise IllegalTransition("The import moved on meanwhile.", field="state", fix="Look at it again.")
    return again


def host_changed(connection: sa.Connection) -> int:
    """What an earlier host left running waits again; what it was stopping is stopped. -> how many."""
    moved = 0
    for state in (State.RUNNING, State.CANCELLING):
        for name in connection.execute(sa.select(imports.c.id).where(imports.c.state == state.value)).scalars().all():
            moved += _move(connection, name, state, "host_changed") is not None
    return moved


# Reads.


def get(connection: sa.Connection, name: str) -> Import:
    """Raises ImportMissing."""
    row = connection.execute(sa.select(imports).where(imports.c.id == name)).mappings().first()
    if row is None:
        raise ImportMissing("There is no such import.", field="import", fix="List them with 'hay-say imports'.")
    return _import(row)


def listed(connection: sa.Connection, *, before: str | None, limit: int) -> list[Import]:
    """Newest first; `before` is the last id of the page before."""
    query = sa.select(imports).order_by(imports.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(imports.c.id < before)
    return [_import(row) for row in connection.execute(query).mappings()]


def queued(connection: sa.Connection) -> list[tuple[str, str]]:
    """(id, owner), oldest first."""
    query = sa.select(imports.c.id, imports.c.owner).where(imports.c.state == State.QUEUED.value).order_by(imports.c.id)
    return [(row.id, row.owner) for row in connection.execute(query)]


def unfinished(connection: sa.Connection) -> int:
    query = sa.select(sa.func.count()).select_from(imports).where(imports.c.state.in_(UNFINISHED))
    return int(connection.execute(query).scalar_one())


def kept_folders(connection: sa.Connection, since: str) -> set[str]:
    """Ids whose files somebody may go on with: unfinished, or failed since a moment (UTC, ISO 8601)."""
    recent = sa.and_(imports.c.state == State.FAILED.value, imports.c.updated_at >= since)
    query = sa.select(imports.c.id).where(sa.or_(imports.c.state.in_(UNFINISHED), recent))
    return set(connection.execute(query).scalars())


# Pins: what an address gave when it was first fetched. Addresses may hold keys, so their hashes are kept.


def pin(connection: sa.Connection, address: str, sha256: str) -> None:
    """The first one holds."""
    if not pinned(connection, [address]):
        connection.execute(pins.insert().values(address=_digest(address), sha256=sha256, at=now()))


def pinned(connection: sa.Connection, addresses: Iterable[str]) -> dict[str, str]:
    """address -> sha256 of those that were fetched before."""
    asked = {_digest(address): address for address in addresses}
    query = sa.select(pins.c.address, pins.c.sha256).where(pins.c.address.in_(asked))
    return {asked[row.address]: row.sha256 for row in connection.execute(query)}


def unpin(connection: sa.Connection, addresses: Iterable[str]) -> None:
    """Somebody has said by hash what the addresses give now."""
    connection.execute(pins.delete().where(pins.c.address.in_([_digest(address) for address in addresses])))


def _digest(address: str) -> str:
    return sha256_hex(address.encode())


def _move(connection: sa.Connection, name: str, state: State, event: str, **values: Any) -> Import | None:
    query = (
        imports.update()
        .where(imports.c.id == name, imports.c.state == state.value)
        .values(state=next_state(state, event).value, updated_at=now(), **values)
    )
    if connection.execute(query).rowcount == 0:
        return None
    made = get(connection, name)
    _tell(connection, made)
    return made


def _tell(connection: sa.Connection, made: Import) -> None:
    error = {"error": dict(made.error)} if made.error else {}
    outcome = {"voices": list(made.outcome.get("voices", []))} if made.outcome else {}
    body = {"import": made.id, "state": made.state.value, "step": made.step, "source": made.order.shown, **outcome, **error}
    connection.execute(events.insert().values(job="", owner=made.owner, kind=KIND, at=now(), body=body))


def _import(row: Any) -> Import:
    return Import(
        id=row["id"],
        owner=row["owner"],
        role=row["role"],
        state=State(row["state"]),
        step=row["step"],
        order=ImportOrder.from_json(row["asked"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        plan=row["plan"],
        outcome=row["outcome"],
        error=row["error"],
    )
