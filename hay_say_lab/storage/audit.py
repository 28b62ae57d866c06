"""The audit log: rows that are only ever added, each holding the hash of the one before it.

Who edits or deletes a row breaks the chain there. Who cuts off the newest ones breaks nothing, so the newest hash is
also kept aside, in a file of the registry folder (`Head`). Whoever may write both can forge both: the log shows what
was done around the program, not who owns the machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.canonical import canonical_json, content_id
from hay_say_lab.domain.deed import Deed
from hay_say_lab.storage.home import write_atomically
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.schema import audit
from hay_say_lab.storage.statements import Statement, insert

NOTHING_BEFORE = "0" * 64
MOST_FINDINGS = 100
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `detail` is canonical JSON as it was hashed; `at` is UTC, ISO 8601."""

    number: int
    at: str
    actor: str
    role: str
    action: str
    subject: str
    detail: str
    previous: str
    hash: str

    def computed(self) -> str:
        """The hash that the row should have."""
        return content_id([self.number, self.at, self.actor, self.role, self.action, self.subject, self.detail, self.previous])


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row that was seen; `number` 0 where there was none."""

    number: int = 0
    hash: str = NOTHING_BEFORE

    def write(self, path: Path) -> None:
        """Raises StorageFailed."""
        write_atomically(path, canonical_json({"number": self.number, "hash": self.hash}))

    @classmethod
    def read(cls, path: Path) -> Head | None:
        """None where nothing is kept aside; DAMAGED, to which no row fits, where it cannot be read."""
        try:
            document = json.loads(path.read_bytes())
            return cls(int(document["number"]), str(document["hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return DAMAGED


DAMAGED = Head(0, "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the row of a number: edited, deleted, or added by somebody else."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many rows there are, and all that is wrong with them (of each log, the first hundred)."""

    rows: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        return not self.findings


def record(connection: sa.Connection, deed: Deed) -> Entry:
    """Add a row, in the transaction of what it tells. Runs on the writer, one at a time: `store.write(record, deed)`."""
    deed = deed.plain()
    newest = _NEWEST.run(connection, {}).fetchone()
    number, previous = (newest[0] + 1, newest[1]) if newest is not None else (1, NOTHING_BEFORE)
    detail = canonical_json(dict(deed.detail)).decode()
    entry = Entry(number, now(), deed.actor, deed.role, deed.action, deed.subject, detail, previous, "")
    entry = replace(entry, hash=entry.computed())
    _ADD.run(connection, {name: getattr(entry, name) for name in Entry.__slots__})
    return entry


_ADD = insert(audit, Entry.__slots__)


_LAST = sa.select(sa.func.max(audit.c.number)).scalar_subquery()
_NEWEST = Statement(sa.select(audit.c.number, audit.c.hash).where(audit.c.number == _LAST))


def entries(
    connection: sa.Connection, *, before: int | None = None, limit: int = 50, action: str = "", subject: str = ""
) -> list[Entry]:
    """Rows, newest first; `before` is the number of the last one of the page before."""
    query = sa.select(audit).order_by(audit.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.number < before)
    if action:
        query = query.where(audit.c.action == action)
    if subject:
        query = query.where(audit.c.subject == subject)
    return [Entry(*row) for row in connection.execute(query)]


def newest(connection: sa.Connection) -> Head:
    row = _NEWEST.run(connection, {}).fetchone()
    return Head(row[0], row[1]) if row is not None else Head()


def linked(connection: sa.Connection, head: Head) -> Head | None:
    """The newest row, where the chain leads from `head` to it without a break; None where it does not."""
    if head.number and connection.execute(sa.select(audit.c.hash).where(audit.c.number == head.number)).scalar() != head.hash:
        return None
    for entry in _rows(connection, head.number):
        if (entry.number, entry.previous, entry.hash) != (head.number + 1, head.hash, entry.computed()):
            return None
        head = Head(entry.number, entry.hash)
    return head


def verify(connection: sa.Connection, head: Head | None) -> Verdict:
    """Hold every row against its hash, the one before it, and the head that was kept aside."""
    findings: list[Finding] = []
    last, count = Head(), 0
    for entry in _rows(connection, 0):
        count += 1
        findings += _compared(entry, last)
        if head is not None and entry.number == head.number and entry.hash != head.hash:
            findings.append(Finding(entry.number, "was changed after its hash had been kept aside"))
        last = Head(entry.number, entry.hash)
    if head == DAMAGED:
        findings.append(Finding(last.number, "is the newest, but the hash kept aside that would say so is damaged"))
    elif head is None:
        findings.append(Finding(last.number, "is the newest, but no hash is kept aside that says so"))
    elif head.number > last.number:
        gone = range(last.number + 1, head.number + 1)
        findings += [Finding(number, "was cut off") for number in gone[:MOST_FINDINGS]]
    return Verdict(count, tuple(dict.fromkeys(findings))[:MOST_FINDINGS])


def _compared(entry: Entry, last: Head) -> Iterator[Finding]:
    for number in range(last.number + 1, min(entry.number, last.number + 1 + MOST_FINDINGS)):
        yield Finding(number, "was deleted")
    if entry.computed() != entry.hash:
        yield Finding(entry.number, "was edited")
    if entry.number == last.number + 1 and entry.previous != last.hash:
        yield Finding(last.number or entry.number, "was edited, and its hash made anew" if last.number else "was edited")


def _rows(connection: sa.Connection, after: int) -> Iterator[Entry]:
    """In order, a few hundred in memory at once."""
    while page := connection.execute(
        sa.select(audit).where(audit.c.number > after).order_by(audit.c.number).limit(ROWS_AT_ONCE)
    ).all():
        for row in page:
            yield Entry(*row)
        after = page[-1].number


def as_json(entry: Entry) -> dict[str, Any]:
    """For people and programs; the detail is a document again, where nobody damaged it."""
    try:
        detail = json.loads(entry.detail)
    except ValueError:
        detail = {"damaged": entry.detail}
    return asdict(entry) | {"detail": detail}
