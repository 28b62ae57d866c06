"""What every store of jobs keeps: a job starts behind those that it waits for, and fails with them."""

from __future__ import annotations

import pytest

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.job import State
from hay_say_lab.errors import Conflict
from hay_say_lab.storage import edges
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import ERROR, Stories


class ChainContract(Stories):
    """Chains of jobs."""

    async def test_a_job_waits_until_all_that_it_needs_have_succeeded(self, store: JobStore) -> None:
        first, second = await self.at_last_stage(store), await self.at_last_stage(store)
        third = await self.queued(store, after=(first.id, second.id), lane="batch")
        assert third.held == 2
        assert store.waiting("batch", 9) == []

        await self.finish(store, first)
        assert store.job(third.id).held == 1
        await self.finish(store, second)

        assert store.job(third.id).held == 0
        assert [entry.job for entry in store.waiting("batch", 9)] == [third.id]

    async def test_a_job_that_needs_what_is_done_already_waits_for_nothing(self, store: JobStore) -> None:
        done = await self.at_last_stage(store)
        await self.finish(store, done)
        assert (await self.queued(store, after=(done.id, done.id))).held == 0

    @pytest.mark.parametrize("end", ["failed", "refused", "cancelled", "quarantined"])
    async def test_a_chain_fails_where_one_of_it_does(self, store: JobStore, end: str) -> None:
        first = await self.queued(store)
        second = await self.queued(store, after=(first.id,))
        third = await self.queued(store, after=(second.id,))
        other = await self.queued(store)
        if end == "cancelled":
            await store.write(edges.cancel, first.id)
        elif end == "refused":
            await store.write(edges.refused, first, ERROR)
        elif end == "failed":
            await store.write(edges.failed, await self.running(store, first), ERROR)
        else:
            await store.write(edges.worker_lost, await self.running(store, first), "it died")
            await store.write(edges.worker_lost, await self.running(store, store.job(first.id)), "it died")

        for job, needed in ((second, first), (third, second)):
            ended = store.job(job.id)
            assert ended.state is State.FAILED
            assert ended.error is not None
            assert ended.error["code"] == "needed_job_failed"
            assert needed.id in ended.error["message"]
        assert store.job(other.id).state is State.QUEUED

    async def test_a_chain_that_failed_is_retried_from_its_first_job_on(self, store: JobStore) -> None:
        first = await self.running(store)
        second = await self.queued(store, after=(first.id,))
        await store.write(edges.failed, first, ERROR)
        with pytest.raises(Conflict, match=first.id):
            await store.write(edges.retry, second.id)

        await store.write(edges.retry, first.id)
        again = await store.write(edges.retry, second.id)

        assert (again.state, again.held) == (State.QUEUED, 1)

    async def test_what_has_failed_or_is_anothers_cannot_be_waited_for(self, store: JobStore) -> None:
        failed, others = await self.failed(store), await self.queued(store, "bob")
        for needed in (failed.id, others.id, new_id()):
            with pytest.raises(Conflict, match="must succeed first"):
                await self.queued(store, after=(needed,))
        assert len(store.jobs("ann")) == 1
