"""The scheduler at work: stages give way, lanes are paused, jobs wait for jobs, a full queue says when to come again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.errors import Full, InvalidRequest
from tests.engine.laboratory import laboratory, say

LONG = " ".join(f"word{number}" for number in range(40))


async def test_a_render_gives_way_to_a_preview_between_two_pieces_and_loses_none(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        await lab.made(say())
        render = await lab.submit(say(LONG, lane="batch", seconds_of_work=12.0))
        await lab.at_work(render)

        preview = await lab.made(say("quick"), "bob")

        assert preview.state is State.SUCCEEDED
        waiting = lab.store.job(render.id)
        assert not waiting.ended
        assert (waiting.stages[0].attempts, waiting.stages[0].worker_deaths) == (0, 0)
        assert lab.story(render)[:3] == ["queued", "started", "gave_way"]
        assert lab.left_over(), "what was done is kept"
        await lab.engine.cancel(render.id)
        await lab.ended(render)


async def test_a_stage_that_keeps_no_pieces_is_not_stopped_in_vain(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        await lab.made(say())
        render = await lab.submit(say("one", lane="batch", seconds_of_work=1.0))
        await lab.at_work(render)
        preview = await lab.submit(say("quick"), "bob")
        assert (await lab.ended(preview)).state is State.SUCCEEDED
        assert (await lab.ended(render)).state is State.SUCCEEDED
        assert "gave_way" not in lab.story(render)


async def test_the_lane_of_a_render_is_not_left_to_previews_alone(tmp_path: Path) -> None:
    """Given more previews than can be done at once, the render among them has its turn before the last of them."""
    async with laboratory(tmp_path, places=1) as lab:
        for lane in ("interactive", "batch"):
            await lab.engine.pause_lane(lane, "olga")
        render = await lab.submit(say("render", lane="batch"))
        previews = [await lab.submit(say(f"preview {number}"), "bob") for number in range(8)]
        for lane in ("interactive", "batch"):
            await lab.engine.resume_lane(lane)

        await lab.ended(render)

        assert any(not lab.store.job(job.id).ended for job in previews)
        await asyncio.gather(*(lab.ended(job) for job in previews))


async def test_a_paused_lane_starts_nothing_and_the_others_go_on(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        await lab.engine.pause_lane("batch", "olga")
        held = await lab.submit(say("held", lane="batch"))
        assert (await lab.made(say("free"))).state is State.SUCCEEDED
        assert lab.store.job(held.id).state is State.QUEUED
        assert lab.engine.dispatch.starts_in_seconds(held, 0, 1) is None

        await lab.engine.resume_lane("batch")

        assert (await lab.ended(held)).state is State.SUCCEEDED


async def test_a_pause_outlives_the_host(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        await lab.engine.pause_lane("batch", "olga")
        held = await lab.submit(say("held", lane="batch"))
    async with laboratory(tmp_path) as lab:
        assert (await lab.made(say("free"))).state is State.SUCCEEDED
        assert lab.store.job(held.id).state is State.QUEUED
        assert lab.engine.dispatch.pauses["batch"].by == "olga"
        await lab.engine.resume_lane("batch")
        assert (await lab.ended(held)).state is State.SUCCEEDED


async def test_a_job_starts_behind_the_jobs_that_it_waits_for(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=2) as lab:
        first = await lab.submit(say("first", seconds_of_work=0.5))
        second = await lab.submit(say("second").evolve(after=(first.id,)))

        assert (await lab.ended(second)).state is State.SUCCEEDED

        ends = [event.job for event in lab.store.events_after("ann", 0) if event.kind in ("finished", "started")]
        assert ends.index(second.id) > max(index for index, job in enumerate(ends) if job == first.id)
        assert lab.store.job(second.id).recipe is not None


async def test_whose_job_failed_fails_those_that_waited_for_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        first = await lab.submit(say("first", crash="raise", seconds_of_work=0.2))
        second = await lab.submit(say("second").evolve(after=(first.id,)))
        ended = await lab.ended(second)
        assert ended.state is State.FAILED
        assert ended.error is not None
        assert ended.error["code"] == "needed_job_failed"


async def test_what_cannot_be_waited_for_is_told_before_anything_is_queued(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        failed = await lab.made(say("first", crash="raise"))
        others = await lab.submit(say("others"), "bob")
        with pytest.raises(InvalidRequest) as refusal:
            await lab.submit(say("second").evolve(after=(failed.id, others.id, "nothing")))
        assert [problem.field for problem in refusal.value.problems] == ["after.0", "after.1", "after.2"]
        assert refusal.value.problems[1].fix.patch == ({"op": "remove", "path": "/after/1"},)
        many = lab.engine.intake.problems("ann", say().evolve(after=tuple(str(number) for number in range(257))))
        assert [problem.field for problem in many] == ["after"]
        await lab.ended(others)


async def test_a_full_queue_refuses_one_more_and_tells_when_to_come_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        await lab.made(say("one"))
        await lab.engine.pause_lane("batch", "olga")
        lab.engine.intake.pressure.most_of_one = 3
        answers = await asyncio.gather(
            *(lab.submit(say(f"word {number}", lane="batch")) for number in range(10)), return_exceptions=True
        )
        refused = [answer for answer in answers if isinstance(answer, Full)]
        assert 7 <= len(refused) < 10, "never more than three, also where all come at once"
        assert "3 jobs waiting" in refused[0].message
        assert "leave a minute" in refused[0].message
        assert refused[0].retry_after_seconds
        await lab.submit(say("another's", lane="batch"), "bob")


async def test_what_a_request_takes_is_told_before_and_learnt_from_what_was_done(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        request = say("one two three", seconds_of_work=0.4)
        declared = lab.engine.intake.forecast("ann", request)
        await lab.made(request)
        learnt = lab.engine.intake.forecast("ann", request)
    assert not declared.learnt
    assert declared.memory_mb > 0
    assert learnt.learnt
    assert learnt.seconds > 0.3
    async with laboratory(tmp_path) as again:
        assert again.engine.intake.forecast("ann", request).seconds == pytest.approx(learnt.seconds, rel=0.05)


async def test_a_place_in_the_queue_counts_everybodys_turns(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        await lab.engine.pause_lane("batch", "olga")
        flood = [await lab.submit(say(f"flood {number}", lane="batch")) for number in range(9)]
        mine = await lab.submit(say("mine", lane="batch"), "bob")
        dispatch = lab.engine.dispatch
        assert dispatch.position(mine) == 1, "behind one of the flood, not behind all of it"
        assert dispatch.position(flood[-1]) == 9, "behind eight of one's own, and the other's one"
        await lab.engine.resume_lane("batch")
        starts = dispatch.starts_in_seconds(flood[-1], 9, 3)
        assert starts is not None
        assert starts > 0
        await asyncio.gather(*(lab.ended(job) for job in (*flood, mine)))
