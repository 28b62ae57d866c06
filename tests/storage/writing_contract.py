"""What every store of jobs keeps to when jobs change. A backend's test class inherits this and makes its store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.job import State
from hay_say_lab.errors import Conflict, IllegalTransition, JobMissing, RecipeMissing
from hay_say_lab.storage import edges
from hay_say_lab.storage.store import JobStore
from tests.storage.stories import ERROR, MADE, Stories, job_of

NO_JSON: Any = object()             # what no column can hold: writing it fails


class WritingContract(Stories):
    """Submitting, claiming, the way through, trouble, cancelling, one transaction each."""

    # Submitting.

    async def test_a_submitted_job_waits_with_all_its_stages(self, store: JobStore) -> None:
        job = job_of(group="g", lane="batch")

        given, created = await store.write(edges.submit, job, None, "b" * 64)

        assert created
        assert given == job
        assert store.job(job.id) == job
        assert self.kinds(store, job) == ["queued"]

    async def test_the_same_key_and_body_is_the_same_job(self, store: JobStore) -> None:
        first, created = await store.write(edges.submit, job_of(), "key", "b" * 64)
        again, created_again = await store.write(edges.submit, job_of(), "key", "b" * 64)

        assert (created, created_again) == (True, False)
        assert again == first
        assert len(store.jobs("ann")) == 1

    async def test_fifty_at_once_with_one_key_are_one_job(self, store: JobStore) -> None:
        answers = await asyncio.gather(
            *(store.write(edges.submit, job_of(), "key", "b" * 64) for _ in range(50))
        )

        assert len({job.id for job, _ in answers}) == 1
        assert sum(created for _, created in answers) == 1
        assert len(store.jobs("ann", limit=500)) == 1
        assert store.last_event() == 1

    async def test_the_same_key_for_another_body_is_a_conflict(self, store: JobStore) -> None:
        await store.write(edges.submit, job_of(), "key", "b" * 64)
        with pytest.raises(Conflict, match="another request"):
            await store.write(edges.submit, job_of(), "key", "d" * 64)

    async def test_a_key_belongs_to_its_owner(self, store: JobStore) -> None:
        one, _ = await store.write(edges.submit, job_of("ann"), "key", "b" * 64)
        other, created = await store.write(edges.submit, job_of("bob"), "key", "d" * 64)
        assert created
        assert other.id != one.id

    async def test_jobs_without_a_key_are_all_different(self, store: JobStore) -> None:
        await asyncio.gather(*(self.queued(store) for _ in range(20)))
        assert len(store.jobs("ann")) == 20

    # Claiming and fencing.

    async def test_of_many_who_claim_one_gets_the_job(self, store: JobStore) -> None:
        job = await self.queued(store)

        claims = await asyncio.gather(
            *(store.write(edges.started, job.id, job.token, f"a#{number}") for number in range(20))
        )

        (claimed,) = [claim for claim in claims if claim is not None]
        assert claimed.state is State.RUNNING
        assert claimed.token == job.token + 1
        assert self.kinds(store, job) == ["queued", "started"]

    @pytest.mark.parametrize("edge", ["stage_done", "finished", "gave_way", "failed", "worker_lost", "stopped"])
    async def test_who_holds_an_older_token_changes_nothing(self, store: JobStore, edge: str) -> None:
        old = await self.at_last_stage(store) if edge == "finished" else await self.running(store)
        if edge == "stopped":
            await store.write(edges.gave_way, old)
            await self.running(store, store.job(old.id))
            await store.write(edges.cancel, old.id)
        else:
            await store.write(edges.worker_lost, old, "it was paused")
            await self.running(store, store.job(old.id))
        before, events = store.job(old.id), store.last_event()
        arguments: dict[str, tuple[Any, ...]] = {
            "stage_done": (MADE,),
            "finished": (MADE, self.recipe_for(old)),
            "failed": (ERROR,),
            "worker_lost": ("it came back",),
        }

        published = await store.write(getattr(edges, edge), old, *arguments.get(edge, ()))

        assert published is False
        assert store.job(old.id) == before
        assert store.last_event() == events
        assert not store.holds("ann", MADE.outputs["clip"]) or edge == "finished"
        with pytest.raises(RecipeMissing):
            store.recipe(self.recipe_for(old).id, "ann")

    async def test_a_result_is_published_once_however_often_it_is_told(self, store: JobStore) -> None:
        job = await self.at_last_stage(store)
        assert await self.finish(store, job) is not None
        assert await self.finish(store, job) is None
        assert self.kinds(store, job).count("finished") == 1

    # The way through.

    async def test_a_job_goes_from_stage_to_stage_and_ends_with_artifact_and_recipe(self, store: JobStore) -> None:
        job = await self.at_last_stage(store)

        recipe = await self.finish(store, job)

        assert recipe is not None
        ended = store.job(job.id)
        assert (ended.state, ended.artifact, ended.recipe) == (State.SUCCEEDED, "1" * 64, recipe.id)
        assert [stage.done for stage in ended.stages] == [True, True, True]
        assert all(isinstance(stage.done, bool) and isinstance(stage.cached, bool) for stage in ended.stages)
        assert ended.stages[0].outputs == MADE.outputs
        assert ended.stages[0].fingerprint == MADE.fingerprint
        assert self.kinds(store, job) == [
            "queued", "started", "stage_done", "started", "stage_done", "started", "finished",
        ]  # fmt: skip
        assert store.recipe(recipe.id, "ann") == recipe
        assert store.recipes_of("1" * 64, "ann") == [recipe.id]
        assert store.holds("ann", "1" * 64)

    async def test_the_same_recipe_by_two_people_is_one_row_that_both_may_read(self, store: JobStore) -> None:
        recipes = set()
        for owner in ("ann", "bob"):
            job = await self.running(store, await self.queued(store, owner))
            for _ in range(2):
                await store.write(edges.stage_done, job, MADE)
                job = await self.running(store, store.job(job.id))
            recipe = await self.finish(store, job)
            assert recipe is not None
            recipes.add(recipe.id)
            assert store.recipes_of("1" * 64, owner) == [recipe.id]
        assert len(recipes) == 1

    async def test_what_one_person_made_is_missing_for_another(self, store: JobStore) -> None:
        recipe = await self.finish(store, await self.at_last_stage(store))
        assert recipe is not None

        assert not store.holds("bob", "1" * 64)
        assert store.recipes_of("1" * 64, "bob") == []
        assert store.jobs("bob") == []
        assert store.events_after("bob", 0) == []
        with pytest.raises(RecipeMissing):
            store.recipe(recipe.id, "bob")

    async def test_giving_way_and_a_change_of_hosts_count_as_no_attempt(self, store: JobStore) -> None:
        job = await self.running(store)
        assert await store.write(edges.gave_way, job)
        job = await self.running(store, store.job(job.id))
        assert await store.write(edges.host_changed) == 1
        waiting = store.job(job.id)

        assert waiting.state is State.QUEUED
        assert (waiting.stage.attempts, waiting.stage.worker_deaths) == (0, 0)
        assert waiting.token == 2, "whoever held an older claim is fenced off"

    async def test_a_change_of_hosts_touches_only_what_ran(self, store: JobStore) -> None:
        waiting = await self.queued(store)
        running = await self.running(store)
        stopping = await self.running(store)
        await store.write(edges.cancel, stopping.id)
        ended = await self.failed(store)

        assert await store.write(edges.host_changed) == 2

        states = [store.job(job.id).state.value for job in (waiting, running, stopping, ended)]
        assert states == ["queued", "queued", "cancelled", "failed"]

    # Trouble.

    async def test_a_job_that_took_a_worker_down_is_tried_again_and_then_set_aside(self, store: JobStore) -> None:
        job = await self.running(store)
        await store.write(edges.worker_lost, job, "it was killed by SIGSEGV")
        once = store.job(job.id)
        assert once.state is State.QUEUED
        assert (once.stage.attempts, once.stage.worker_deaths) == (1, 1)

        again = await self.running(store, once)
        await store.write(edges.worker_lost, again, "it was killed by SIGSEGV")

        twice = store.job(job.id)
        assert twice.state is State.QUARANTINED
        assert twice.error is not None
        assert twice.error["code"] == "job_quarantined"
        assert twice.error["problems"][0]["field"] == "steps.0"
        assert self.kinds(store, job)[-1] == "poisoned"
        last = store.events_after("ann", 0, job=job.id)[-1]
        assert last.body["reason"] == "it was killed by SIGSEGV"

    async def test_counts_begin_anew_with_each_stage(self, store: JobStore) -> None:
        job = await self.running(store)
        await store.write(edges.worker_lost, job, "it died")
        job = await self.running(store, store.job(job.id))
        await store.write(edges.stage_done, job, MADE)

        job = await self.running(store, store.job(job.id))
        await store.write(edges.worker_lost, job, "it died")

        assert store.job(job.id).state is State.QUEUED
        assert store.job(job.id).stage.worker_deaths == 1

    @pytest.mark.parametrize(("end", "back"), [("failed", "retry"), ("quarantined", "released")])
    async def test_a_person_sends_a_job_back_with_fresh_counts(self, store: JobStore, end: str, back: str) -> None:
        job = await getattr(self, end)(store)

        again = await store.write(getattr(edges, back), job.id)

        assert again.state is State.QUEUED
        assert again.error is None
        assert (again.current, again.stage.attempts, again.stage.worker_deaths) == (job.current, 0, 0)
        assert (await self.running(store, again)).token == job.token + 1

    @pytest.mark.parametrize(("end", "wrong"), [("failed", "released"), ("quarantined", "retry")])
    async def test_the_wrong_way_back_is_refused(self, store: JobStore, end: str, wrong: str) -> None:
        job = await getattr(self, end)(store)
        with pytest.raises(IllegalTransition):
            await store.write(getattr(edges, wrong), job.id)
        assert store.job(job.id) == job

    async def test_a_job_that_failed_says_why(self, store: JobStore) -> None:
        assert (await self.failed(store)).error == ERROR

    async def test_admission_refuses_a_waiting_job_for_good(self, store: JobStore) -> None:
        job = await self.queued(store)
        assert await store.write(edges.refused, job, ERROR)
        assert store.job(job.id).state is State.FAILED
        assert self.kinds(store, job) == ["queued", "refused"]

    # Cancelling.

    async def test_a_waiting_job_is_cancelled_at_once(self, store: JobStore) -> None:
        job = await self.queued(store)
        assert (await store.write(edges.cancel, job.id)).state is State.CANCELLED
        assert self.kinds(store, job) == ["queued", "cancel", "stopped"]
        assert await store.write(edges.started, job.id, job.token, "a#1") is None

    async def test_a_running_job_is_cancelled_when_its_worker_lets_go(self, store: JobStore) -> None:
        job = await self.running(store)
        assert (await store.write(edges.cancel, job.id)).state is State.CANCELLING
        assert await store.write(edges.stopped, job)
        assert store.job(job.id).state is State.CANCELLED

    async def test_a_worker_that_dies_while_its_job_is_cancelled_costs_no_attempt(self, store: JobStore) -> None:
        job = await self.running(store)
        await store.write(edges.cancel, job.id)
        assert await store.write(edges.worker_lost, job, "it was killed by SIGKILL")
        ended = store.job(job.id)
        assert ended.state is State.CANCELLED
        assert ended.stage.attempts == 0

    async def test_cancelling_again_is_no_mistake(self, store: JobStore) -> None:
        job = await self.running(store)
        await store.write(edges.cancel, job.id)
        assert (await store.write(edges.cancel, job.id)).state is State.CANCELLING
        await store.write(edges.stopped, job)
        assert (await store.write(edges.cancel, job.id)).state is State.CANCELLED
        assert self.kinds(store, job).count("cancel") == 1

    @pytest.mark.parametrize("end", ["failed", "quarantined"])
    async def test_what_has_ended_otherwise_cannot_be_cancelled(self, store: JobStore, end: str) -> None:
        job = await getattr(self, end)(store)
        with pytest.raises(IllegalTransition):
            await store.write(edges.cancel, job.id)
        assert store.job(job.id) == job

    async def test_a_finished_job_cannot_be_cancelled(self, store: JobStore) -> None:
        job = await self.at_last_stage(store)
        await self.finish(store, job)
        with pytest.raises(IllegalTransition):
            await store.write(edges.cancel, job.id)

    @pytest.mark.parametrize("edge", ["stage_done", "finished", "gave_way", "failed"])
    async def test_a_result_that_arrives_while_cancelling_is_dropped(self, store: JobStore, edge: str) -> None:
        job = await self.at_last_stage(store) if edge == "finished" else await self.running(store)
        await store.write(edges.cancel, job.id)
        arguments: dict[str, tuple[Any, ...]] = {
            "stage_done": (MADE,), "finished": (MADE, self.recipe_for(job)), "failed": (ERROR,),
        }  # fmt: skip

        assert not await store.write(getattr(edges, edge), job, *arguments.get(edge, ()))

        assert store.job(job.id).state is State.CANCELLING
        assert store.job(job.id).artifact is None
        assert await store.write(edges.stopped, job)

    async def test_a_job_that_nobody_knows_is_missing(self, store: JobStore) -> None:
        for edge in (edges.cancel, edges.retry, edges.released):
            with pytest.raises(JobMissing):
                await store.write(edge, new_id())
        with pytest.raises(JobMissing):
            store.job(new_id())

    # One transaction.

    @pytest.mark.parametrize("edge", ["stage_done", "finished", "failed", "worker_lost", "refused"])
    async def test_where_the_event_cannot_be_written_nothing_is(self, store: JobStore, edge: str) -> None:
        """Every edge writes its row and its event together or not at all."""
        unwritable = edges.Made(MADE.outputs, MADE.code_version, MADE.fingerprint, notes={"x": NO_JSON})
        if edge == "finished":
            job = await self.at_last_stage(store)
        else:
            job = await (self.queued if edge == "refused" else self.running)(store)
        arguments: dict[str, tuple[Any, ...]] = {
            "stage_done": (unwritable,),
            "finished": (unwritable, self.recipe_for(job)),
            "failed": ({"message": NO_JSON},),
            "worker_lost": (NO_JSON,),
            "refused": ({"message": NO_JSON},),
        }
        before, events = store.job(job.id), store.last_event()

        with pytest.raises(Exception, match="JSON serializable"):
            await store.write(getattr(edges, edge), job, *arguments[edge])

        assert store.job(job.id) == before
        assert store.last_event() == events
        with pytest.raises(RecipeMissing):
            store.recipe(self.recipe_for(job).id, "ann")

    async def test_one_write_that_fails_takes_no_other_with_it(self, store: JobStore) -> None:
        """All of them wait while the first commit syncs, so they share the next one."""
        good = [job_of() for _ in range(30)]
        writes: list[Any] = []
        for number, job in enumerate(good):
            writes.append(store.write(edges.submit, job, None, "b" * 64))
            if number % 3 == 0:
                writes.append(store.write(edges.cancel, new_id()))
            if number % 7 == 0:
                writes.append(store.write(edges.submit, job, None, "b" * 64))          # the same id again

        answers = await asyncio.gather(*writes, return_exceptions=True)

        assert {job.id for job in store.jobs("ann", limit=500)} == {job.id for job in good}
        assert sum(isinstance(answer, JobMissing) for answer in answers) == 10
        assert sum(isinstance(answer, Exception) for answer in answers) == 15

    async def test_a_write_that_its_caller_gave_up_stops_no_other(self, store: JobStore) -> None:
        given_up = [asyncio.create_task(store.write(edges.submit, job_of(), None, "b" * 64)) for _ in range(20)]
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)

        assert (await asyncio.wait_for(self.queued(store), 5)).state is State.QUEUED
