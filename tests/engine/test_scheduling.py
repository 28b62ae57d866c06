"""Who runs when, and on which worker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.devices import Machine
from tests.engine.laboratory import Laboratory, laboratory, say
from tests.engine.plugins import install


async def test_a_preview_is_not_stuck_behind_long_renders_when_a_place_is_free(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=2) as lab:
        await lab.made(say())
        render = await lab.submit(say(lane="batch", seconds_of_work=60.0))
        await lab.at_work(render)

        preview = await lab.made(say(), "bob")

        assert preview.state is State.SUCCEEDED
        assert lab.store.job(render.id).state is State.RUNNING
        await lab.engine.cancel(render.id)
        await lab.ended(render)


async def test_a_preview_overtakes_the_renders_that_wait(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        renders = [await lab.submit(say(f"render {number}", lane="batch", seconds_of_work=0.1)) for number in range(6)]
        preview = await lab.submit(say("preview"))

        await asyncio.gather(*(lab.ended(job) for job in (preview, *renders)))

        ends = [event.job for event in lab.store.events_after("ann", 0) if event.kind == "finished"]
        assert ends.index(preview.id) <= 1


async def test_renders_are_not_starved_by_a_stream_of_previews(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        await lab.made(say("warm", lane="batch"))       # who starts the workers is charged for it
        await lab.made(say("warm"))
        render = await lab.submit(say("render", lane="batch", seconds_of_work=0.02))
        previews = [await lab.submit(say(f"preview {number}", seconds_of_work=0.2)) for number in range(20)]

        await asyncio.gather(*(lab.ended(job) for job in (render, *previews)))

        ends = {job.id: lab.store.events_after(job.owner, 0, job=job.id)[-1].number for job in (render, *previews)}
        assert ends[render.id] < max(ends.values()), "it had its turn among them"


async def test_two_jobs_at_once_use_two_workers(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=2) as lab:
        jobs = [await lab.submit(say(f"word {number}", seconds_of_work=0.6)) for number in range(2)]
        await lab.until(lambda: all(job.id in lab.news.ticks for job in jobs))
        pids = {worker["pid"] for worker in lab.workers() if worker["busy"]}
        assert len(pids) == 2
        assert [(await lab.ended(job)).state for job in jobs] == [State.SUCCEEDED] * 2


async def test_no_more_stages_run_than_there_are_places(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=2) as lab:
        most = 0

        def look() -> bool:
            nonlocal most
            most = max(most, lab.store.count(State.RUNNING))
            return lab.store.count(State.SUCCEEDED) == 8

        for number in range(8):
            await lab.submit(say(f"word {number}", seconds_of_work=0.05))
        await lab.until(look)
        assert most == 2


async def test_a_warm_worker_is_used_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pids = set()
        for _ in range(3):
            await lab.made(say())
            pids |= {worker["pid"] for worker in lab.workers()}
        assert len(pids) == 1
        assert lab.workers()[0]["voices"] == ["parrot:polly"]


async def test_a_job_that_waits_says_why(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        long = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(long)
        waiting = await lab.submit(say())
        await lab.until(lambda: waiting.id in lab.news.waiting)
        assert lab.news.waiting[waiting.id] == "all 1 places are busy"
        for job in (long, waiting):
            await lab.engine.cancel(job.id)
            await lab.ended(job)
        assert lab.news.waiting == {}
        assert lab.news.ticks == {}


HALF = """
import time
class Odd(Runtime):
    def load(self, voice): pass
    def speak(self, voice, text, settings, context): return Result(BEEP)
MANIFEST = manifest("{name}", (Offer(task="speak", text=PLAIN),), resident_mb={need})
"""


async def test_idle_workers_leave_where_their_memory_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        code = HALF.replace("{name}", name).replace("{need}", "800")
        install(tmp_path / name, name, code, monkeypatch)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    async with laboratory(tmp_path / "home", devices=[Machine(most_mb=1000)]) as lab:
        for name in ("first", "second", "first"):
            request = Request((Step("speak", f"{name}:one"),), text=RequestText("Hello."), fresh=True)
            assert (await lab.made(request)).state is State.SUCCEEDED
        assert len(lab.workers("first")) == 1


async def test_what_one_worker_leaves_does_not_disturb_the_start_of_the_next(tmp_path: Path) -> None:
    """Workers end and start at the same moment again and again: lines of their own, files of their own."""
    async with laboratory(tmp_path, places=2) as lab:
        for turn in range(5):
            await lab.made(say(f"turn {turn}"))
            ending = [asyncio.create_task(_end(lab, number)) for number in list(_idle(lab))]
            job = await asyncio.wait_for(lab.made(say(f"again {turn}")), 15)
            assert job.state is State.SUCCEEDED
            assert job.stages[0].attempts == 0
            await asyncio.gather(*ending)


def _idle(lab: Laboratory) -> list[int]:
    return [seat.id for seat in lab.pool.ledger().seats if not seat.busy]


async def _end(lab: Laboratory, number: int) -> None:
    """As the pool does where memory is short."""
    lab.pool.end(number, "idle")
