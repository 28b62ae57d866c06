"""A person stops a job: at once where it waits, at a checkpoint where it runs, by force where it hangs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.engine.devices import processor_seconds
from hay_say_lab.errors import IllegalTransition, JobMissing
from tests.engine.laboratory import Laboratory, laboratory, say


def _objects(lab: Laboratory) -> list[Path]:
    return [path for path in lab.home.objects.rglob("*") if path.is_file()]


async def test_a_job_that_waits_is_cancelled_at_once(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        long = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(long)
        waiting = await lab.submit(say())

        cancelled = await lab.engine.cancel(waiting.id)

        assert cancelled.state is State.CANCELLED
        assert lab.story(waiting) == ["queued", "cancel", "stopped"]
        await lab.engine.cancel(long.id)
        await lab.ended(long)


async def test_a_job_that_runs_stops_at_its_next_checkpoint_and_leaves_nothing(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.submit(say("one two three", seconds_of_work=60.0))
        await lab.at_work(job)
        pid = lab.workers()[0]["pid"]
        computed = processor_seconds(pid)

        assert (await lab.engine.cancel(job.id)).state is State.CANCELLING
        ended = await lab.ended(job)

        assert (processor_seconds(pid) or 0.0) - (computed or 0.0) < 1.0, "at the next checkpoint"
        assert ended.state is State.CANCELLED
        assert lab.story(job) == ["queued", "started", "cancel", "stopped"]
        assert lab.left_over() == [], "no half-written artifact, no piece"
        assert _objects(lab) == []
        assert (await lab.made(say())).state is State.SUCCEEDED
        assert lab.workers()[0]["pid"] == pid, "the worker was asked, not killed"


async def test_a_job_that_hangs_is_stopped_by_force_and_its_place_is_free_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        job = await lab.submit(say(crash="hang"))
        await lab.at_work(job)
        pid = lab.workers()[0]["pid"]

        await lab.engine.cancel(job.id)
        ended = await lab.ended(job)

        assert ended.state is State.CANCELLED
        assert lab.story(job) == ["queued", "started", "cancel", "worker_lost"]
        assert ended.stages[0].attempts == 0, "the person stopped it; it did nothing wrong"
        assert lab.left_over() == []
        assert _objects(lab) == []
        assert (await lab.made(say())).state is State.SUCCEEDED
        assert lab.workers()[0]["pid"] != pid


async def test_a_job_that_is_cancelled_while_its_worker_starts_never_begins(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.submit(say())
        await lab.until(lambda: lab.store.job(job.id).state is State.RUNNING)
        await lab.engine.cancel(job.id)

        ended = await lab.ended(job)

        assert ended.state is State.CANCELLED
        assert job.id not in lab.news.ticks
        assert _objects(lab) == []


async def test_whenever_it_is_cancelled_nothing_is_published_behind_it(tmp_path: Path) -> None:
    """At twenty moments from the submission on; what ended before the cancel may have succeeded, all else has not."""
    async with laboratory(tmp_path) as lab:
        await lab.made(say())           # the workers are warm
        for moment in range(20):
            job = await lab.submit(say(f"word {moment}", seconds_of_work=0.03))
            await asyncio.sleep(moment * 0.006)
            try:
                await lab.engine.cancel(job.id)
            except IllegalTransition:
                assert lab.store.job(job.id).state is State.SUCCEEDED
                continue
            ended = await lab.ended(job)
            assert ended.state is State.CANCELLED
            assert (ended.artifact, ended.recipe) == (None, None)
            assert "finished" not in lab.story(job)
        await lab.until(lambda: not any(worker["busy"] for worker in lab.pool.described()))
        assert lab.left_over() == []


async def test_cancelling_twice_is_no_mistake_and_what_ended_stays_as_it_is(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(job)
        await asyncio.gather(*(lab.engine.cancel(job.id) for _ in range(5)))
        await lab.ended(job)
        assert (await lab.engine.cancel(job.id)).state is State.CANCELLED
        assert lab.story(job).count("cancel") == 1

        done = await lab.made(say())
        with pytest.raises(IllegalTransition):
            await lab.engine.cancel(done.id)
        with pytest.raises(JobMissing):
            await lab.engine.cancel("0" * 26)
