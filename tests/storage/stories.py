"""Jobs on their way, for the contract of stores: how one gets into each state, and the oracle that ends every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.job import AUDIO_WORKER, Job, Stage, State, next_state
from hay_say_lab.domain.recipe import Recipe, recipe_of
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.storage import edges
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.store import JobStore

MADE = edges.Made({"clip": "1" * 64, "timings": "2" * 64}, "c" * 64, {"device": "a cpu"}, seconds=0.5)
ERROR = {"code": "worker_failed", "message": "It failed.", "problems": []}


def job_of(owner: str = "ann", **changes: Any) -> Job:
    """Speak, convert, finish: three stages."""
    steps = (Step("speak", "a:b"), Step("convert", "c:d"))
    request = Request(steps, text=RequestText("Hello."), seed=7).evolve(**changes)
    stages = (
        Stage(0, "step", "speak", "a", voice="a:b", voice_hash="f" * 64),
        Stage(1, "step", "convert", "c", voice="c:d", voice_hash="e" * 64, inputs={"clip": "0.clip"}),
        Stage(2, "finish", "finish", AUDIO_WORKER, inputs={"clip": "1.clip"}),
    )
    at = now()
    return Job(new_id(), owner, State.QUEUED, request, at, at, stages=stages)


def replayed(kinds: list[str]) -> State:
    """The state behind a job's events; raises IllegalTransition where the story makes no sense."""
    assert kinds[0] == "queued"
    state = State.QUEUED
    for kind in kinds[1:]:
        state = next_state(state, kind)
    return state


class Stories:
    """Override `store`. It must be empty, and closed afterwards.

    The oracle: a job's events, replayed through the table of transitions, lead to the state in its row.
    """

    @pytest.fixture
    def store(self) -> Iterator[JobStore]:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _every_story_leads_to_its_row(self, store: JobStore) -> Iterator[None]:
        yield
        for owner in ("ann", "bob"):
            for job in store.jobs(owner, limit=500):
                kinds = [event.kind for event in store.events_after(owner, 0, job=job.id)]
                assert replayed(kinds) is job.state, f"{kinds} leads elsewhere than {job.state.value}"

    # How a job gets somewhere.

    async def queued(self, store: JobStore, owner: str = "ann", **changes: Any) -> Job:
        job, _ = await store.write(edges.submit, job_of(owner, **changes), None, "b" * 64)
        return job

    async def running(self, store: JobStore, job: Job | None = None) -> Job:
        job = job or await self.queued(store)
        claimed = await store.write(edges.started, job.id, job.token, "a#1")
        assert claimed is not None
        return claimed

    async def at_last_stage(self, store: JobStore) -> Job:
        job = await self.running(store)
        for _ in range(2):
            assert await store.write(edges.stage_done, job, MADE)
            job = await self.running(store, store.job(job.id))
        return job

    async def finish(self, store: JobStore, job: Job) -> Recipe | None:
        recipe = self.recipe_for(job)
        return recipe if await store.write(edges.finished, job, MADE, recipe) else None

    def recipe_for(self, job: Job) -> Recipe:
        done = job.stage.evolve(outputs=dict(MADE.outputs), code_version=MADE.code_version)
        return recipe_of(job, (*job.stages[:-1], done), {})

    async def failed(self, store: JobStore) -> Job:
        job = await self.running(store)
        await store.write(edges.failed, job, ERROR)
        return store.job(job.id)

    async def quarantined(self, store: JobStore) -> Job:
        job = await self.running(store)
        await store.write(edges.worker_lost, job, "it died")
        job = await self.running(store, store.job(job.id))
        await store.write(edges.worker_lost, job, "it died again")
        return store.job(job.id)

    def kinds(self, store: JobStore, job: Job) -> list[str]:
        return [event.kind for event in store.events_after(job.owner, 0, job=job.id)]
