"""An engine closes and another one goes on: nothing is lost, nothing is made twice, nothing is left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Step
from hay_say_lab.storage import edges
from tests.engine.laboratory import POLLY, laboratory, say


async def test_a_job_at_work_gives_way_to_a_closing_host_and_the_next_one_finishes_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "undisturbed") as lab:
        expected = await lab.made(say("one two three", seconds_of_work=0.0))
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.submit(say("one two three", seconds_of_work=1.5))
        await lab.until(lambda: job.id in lab.news.ticks and lab.news.ticks[job.id].fraction > 0.3)

    async with laboratory(tmp_path / "home") as lab:
        waiting = lab.store.job(job.id)
        ended = await lab.ended(job)

        assert waiting.stages[0].attempts == 0
        assert ended.state is State.SUCCEEDED
        assert ended.stages[0].attempts == 0
        assert ended.artifact == expected.artifact
        story = lab.story(job)
        assert story[:3] == ["queued", "started", "gave_way"]
        assert story.count("finished") == 1
        assert lab.left_over() == []


async def test_what_an_engine_left_running_is_taken_over_and_its_old_claim_is_worth_nothing(tmp_path: Path) -> None:
    """As after kill -9: the row says running, nobody runs it."""
    async with laboratory(tmp_path, places=1) as lab:
        long = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(long)
        job = await lab.submit(say())
        claimed = await lab.store.write(edges.started, job.id, job.token, "parrot#9")
        assert claimed is not None
        await lab.engine.cancel(long.id)
        await lab.ended(long)

    async with laboratory(tmp_path) as lab:
        ended = await lab.ended(job)
        assert ended.state is State.SUCCEEDED
        assert lab.story(job)[:4] == ["queued", "started", "host_changed", "started"]
        assert ended.stages[0].attempts == 0
        assert not await lab.store.write(edges.failed, claimed, {"message": "I am back"})


async def test_a_job_that_was_being_cancelled_is_cancelled_by_the_next_host(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        job = await lab.submit(say(crash="hang"))
        await lab.at_work(job)
        await lab.store.write(edges.cancel, job.id)         # and the host dies before its worker lets go
    async with laboratory(tmp_path) as lab:
        assert lab.store.job(job.id).state is State.CANCELLED


async def test_closing_while_a_worker_starts_leaves_no_worker_and_no_lost_job(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.submit(say("one", Step("convert", POLLY)))
        await lab.until(lambda: lab.store.job(job.id).state is State.RUNNING)
    async with laboratory(tmp_path) as lab:
        ended = await lab.ended(job)
        assert ended.state is State.SUCCEEDED
        assert sum(stage.attempts for stage in ended.stages) == 0


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.3, 0.6])
async def test_closing_at_any_moment_loses_no_job_and_costs_none_an_attempt(pause: float, tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        jobs = [await lab.submit(say(f"word {number}", seconds_of_work=0.2)) for number in range(5)]
        await asyncio.sleep(pause)
    async with laboratory(tmp_path) as lab:
        ended = [await lab.ended(job) for job in jobs]
        assert [job.state for job in ended] == [State.SUCCEEDED] * 5
        assert all(stage.attempts == 0 for job in ended for stage in job.stages)
        assert all(lab.story(job).count("finished") == 1 for job in jobs)
        assert lab.left_over() == []


async def test_an_engine_is_idle_only_where_nothing_is_left_to_do(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        assert lab.engine.idle
        job = await lab.submit(say(seconds_of_work=0.2))
        assert not lab.engine.idle
        await lab.ended(job)
        await lab.until(lambda: lab.engine.idle)


async def test_what_nobody_can_go_on_with_is_swept_when_an_engine_starts(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        failed = await lab.made(say(crash="raise"))
        (lab.home.scratch / "upload-left").write_bytes(b"half an upload")
        (lab.home.scratch / failed.id).mkdir(exist_ok=True)
    async with laboratory(tmp_path) as lab:
        assert list(lab.home.scratch.iterdir()) == []
