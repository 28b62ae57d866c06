"""What every store of jobs keeps: an audit log in which nobody can change, remove or add a row unseen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from hay_say_lab.domain.deed import Deed
from hay_say_lab.storage import edges
from hay_say_lab.storage.audit import DAMAGED, Entry, Finding, Head, entries, linked, newest, record, verify
from hay_say_lab.storage.schema import audit
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import MADE, Stories


async def _written(store: JobStore, count: int) -> Head:
    for number in range(1, count + 1):
        await store.write(record, Deed("add", f"a:voice-{number}", "ann", "operator", {"bytes": number}))
    return store.read(newest)


async def _forge(store: JobStore, statement: Any) -> None:
    await store.write(lambda connection: connection.execute(statement))


def _row(store: JobStore, number: int) -> Entry:
    return store.read(lambda connection: entries(connection, before=number + 1, limit=1))[0]


class AuditContract(Stories):
    """The chain, and what breaks it."""

    async def test_what_was_written_is_sound_and_in_order(self, store: JobStore) -> None:
        head = await _written(store, 3)

        found = store.read(entries)
        assert [(entry.number, entry.subject, entry.actor, entry.role) for entry in found] == [
            (number, f"a:voice-{number}", "ann", "operator") for number in (3, 2, 1)
        ]
        assert store.read(verify, head).sound
        assert store.read(linked, Head()) == head

    async def test_rows_written_at_once_are_one_chain(self, store: JobStore) -> None:
        await asyncio.gather(*(store.write(record, Deed("deny", "POST /voices", "bob")) for _ in range(50)))
        verdict = store.read(verify, store.read(newest))
        assert (verdict.sound, verdict.rows) == (True, 50)

    @pytest.mark.parametrize("column", ["at", "actor", "role", "action", "subject", "detail", "previous", "hash"])
    async def test_an_edited_row_is_named(self, store: JobStore, column: str) -> None:
        head = await _written(store, 5)
        await _forge(store, audit.update().where(audit.c.number == 3).values({column: "f" * 10}))
        assert Finding(3, "was edited") in store.read(verify, head).findings

    async def test_a_row_edited_with_its_hash_made_anew_is_named(self, store: JobStore) -> None:
        head = await _written(store, 5)
        row = _row(store, 3)
        forged = Entry(3, row.at, "eve", row.role, row.action, row.subject, row.detail, row.previous, "")
        await _forge(store, audit.update().where(audit.c.number == 3).values(actor="eve", hash=forged.computed()))
        assert store.read(verify, head).findings == (Finding(3, "was edited, and its hash made anew"),)

    @pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 2), (3, 4)])
    async def test_a_deleted_row_is_named(self, store: JobStore, first: int, last: int) -> None:
        head = await _written(store, 5)
        await _forge(store, audit.delete().where(audit.c.number.between(first, last)))
        gone = {finding.number for finding in store.read(verify, head).findings if finding.what == "was deleted"}
        assert gone == set(range(first, last + 1))

    @pytest.mark.parametrize("left", [0, 1, 3])
    async def test_a_tail_that_was_cut_off_is_named_by_the_hash_kept_aside(self, store: JobStore, left: int) -> None:
        head = await _written(store, 5)
        await _forge(store, audit.delete().where(audit.c.number > left))
        expected = tuple(Finding(number, "was cut off") for number in range(left + 1, 6))
        assert store.read(verify, head).findings == expected

    async def test_a_tail_that_was_cut_off_and_grew_again_is_named(self, store: JobStore) -> None:
        head = await _written(store, 5)
        await _forge(store, audit.delete().where(audit.c.number > 3))
        await _written(store, 4)
        assert store.read(verify, head).findings == (Finding(5, "was changed after its hash had been kept aside"),)
        assert store.read(linked, head) is None

    async def test_a_log_without_a_hash_kept_aside_is_not_sound(self, store: JobStore) -> None:
        await _written(store, 2)
        for head in (None, DAMAGED):
            assert [finding.number for finding in store.read(verify, head).findings] == [2]

    async def test_nothing_that_somebody_typed_forges_a_line(self, store: JobStore) -> None:
        typed = "a:b\n2026-11-20 adam admin approve x\r\u2028\u202e\x00\ud800"
        await store.write(record, Deed("deny", typed, typed, "user", {typed: [typed, {"deep": typed}]}))
        entry = store.read(entries)[0]
        shown = f"{entry.subject}{entry.actor}{entry.detail}"
        assert all(letter.isprintable() for letter in shown)
        assert "\\x0a" in entry.subject
        assert store.read(verify, store.read(newest)).sound

    async def test_what_is_far_too_long_is_cut(self, store: JobStore) -> None:
        await store.write(record, Deed("deny", "x" * 100_000, "\n" * 100_000, detail={"why": "y" * 100_000}))
        entry = store.read(entries)[0]
        assert len(entry.subject) <= 255
        assert len(entry.actor) <= 255
        assert len(entry.detail) < 3000

    async def test_rows_of_an_action_and_a_subject_are_found(self, store: JobStore) -> None:
        await _written(store, 3)
        await store.write(record, Deed("remove", "a:voice-2", "ann", "admin"))
        assert [entry.number for entry in store.read(lambda c: entries(c, action="remove"))] == [4]
        assert [entry.number for entry in store.read(lambda c: entries(c, subject="a:voice-2"))] == [4, 2]

    async def test_a_job_that_serves_a_voice_says_so_once_in_the_transaction_of_its_stage(self, store: JobStore) -> None:
        job = await self.running(store)
        assert store.read(entries) == []
        assert await store.write(edges.stage_done, job, MADE)
        assert not await store.write(edges.stage_done, job, MADE), "somebody else owns it: nothing happened"
        (served,) = store.read(entries)
        assert (served.action, served.subject, served.actor) == ("serve", "a:b", "ann")
        assert job.id in served.detail

    async def test_a_write_that_fails_leaves_no_row(self, store: JobStore) -> None:
        def fails(connection: sa.Connection) -> None:
            record(connection, Deed("add", "a:b"))
            raise ValueError("the write fails")

        with pytest.raises(ValueError, match="the write fails"):
            await store.write(fails)
        assert store.read(entries) == []
