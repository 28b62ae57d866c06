"""Workers that die, runtimes that raise, voices that vanish: each job ends in the right state, and the others go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.job import Job, Stage, State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.domain.voice import Voice
from hay_say_lab.errors import IllegalTransition
from hay_say_lab.storage import edges
from hay_say_lab.storage.rows import now
from tests.engine.laboratory import POLLY, laboratory, say
from tests.engine.plugins import install


async def test_a_worker_that_dies_once_costs_one_attempt_and_the_job_finishes_once(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        expected = await lab.made(say("one two"))

        job = await lab.made(say("one two", crash="exit_once"))

        assert job.state is State.SUCCEEDED
        assert lab.story(job) == [
            "queued", "started", "worker_lost", "started", "stage_done", "started", "finished",
        ]  # fmt: skip
        assert job.stages[0].attempts == 1
        assert job.artifact == expected.artifact
        assert lab.left_over() == []


async def test_a_worker_that_is_killed_in_the_middle_loses_no_finished_piece(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        expected = await lab.made(say("one two three"))
        job = await lab.submit(say("one two three", seconds_of_work=1.5))
        await lab.until(lambda: job.id in lab.news.ticks and lab.news.ticks[job.id].fraction > 0.3)

        os.kill(lab.workers()[0]["pid"], signal.SIGKILL)
        await lab.until(lambda: "worker_lost" in lab.story(job))
        await lab.until(lambda: lab.store.job(job.id).state is State.RUNNING and job.id in lab.news.ticks)
        ended = await lab.ended(job)

        assert ended.state is State.SUCCEEDED
        assert ended.artifact == expected.artifact
        (lost,) = [event for event in lab.store.events_after("ann", 0, job=job.id) if event.kind == "worker_lost"]
        assert lost.body["reason"] == "it was killed by SIGKILL"


async def test_a_job_that_takes_workers_down_is_set_aside_until_somebody_releases_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say(crash="exit"))

        assert job.state is State.QUARANTINED
        assert lab.story(job) == ["queued", "started", "worker_lost", "started", "poisoned"]
        assert job.error is not None
        assert job.error["code"] == "job_quarantined"
        with pytest.raises(IllegalTransition):
            await lab.engine.again(job.id, release=False)

        released = await lab.engine.again(job.id, release=True)
        assert released.state is State.QUEUED
        assert released.stages[0].worker_deaths == 0
        ended = await lab.ended(job)
        assert ended.state is State.QUARANTINED, "it has not changed its ways; an operator's word closed the circuit"
        assert lab.story(job)[-4:] == ["started", "worker_lost", "started", "poisoned"]


async def test_a_model_that_ends_three_workers_is_left_alone_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAY_SAY_CIRCUIT_DEATHS", "3")
    install(tmp_path / "site", "healthy", HEALTHY, monkeypatch)
    async with laboratory(tmp_path / "home", places=1) as lab:
        for number in range(2):
            await lab.made(say(f"word {number}", crash="exit"))

        refused = await lab.made(say())
        other = await lab.made(Request((Step("speak", "healthy:one"),), text=RequestText("Hello.")))

        assert (refused.error or {})["code"] == "circuit_open"
        assert 0 < (refused.error or {})["retry_after_seconds"] <= 600
        assert lab.story(refused) == ["queued", "refused"]
        assert other.state is State.SUCCEEDED


async def test_a_worker_that_somebody_kills_is_no_fault_of_its_model(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        for number in range(3):
            job = await lab.submit(say(f"word {number}", seconds_of_work=60.0))
            await lab.at_work(job)
            os.kill(lab.workers()[0]["pid"], signal.SIGKILL)
            await lab.until(lambda job=job: "worker_lost" in lab.story(job))
            await lab.engine.cancel(job.id)
            await lab.ended(job)
        assert (await lab.made(say())).state is State.SUCCEEDED


async def test_a_runtime_that_raises_fails_its_job_and_a_person_may_try_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say(crash="raise"))

        assert job.state is State.FAILED
        assert job.error is not None
        assert "RuntimeError" in job.error["message"]
        assert job.error["error_id"] == job.id
        assert len(lab.workers()) == 1, "the worker lives on"
        with pytest.raises(IllegalTransition):
            await lab.engine.again(job.id, release=True)

        await lab.engine.again(job.id, release=False)
        await lab.until(lambda: lab.story(job).count("failed") == 2)
        assert lab.story(job) == ["queued", "started", "failed", "retry", "started", "failed"]


async def test_what_a_runtime_tells_a_person_reaches_the_person(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say("!?"))
        assert job.state is State.FAILED
        assert job.error is not None
        assert job.error["code"] == "invalid_request"
        assert job.error["problems"][0]["field"] == "text.body"


async def test_failing_in_the_second_stage_keeps_what_the_first_one_made(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say("one", Step("convert", POLLY, {"crash": "raise"})))

        assert (job.state, job.current) == (State.FAILED, 1)
        assert job.stages[0].done
        assert lab.objects.holds(job.stages[0].outputs["clip"])
        await lab.engine.again(job.id, release=False)
        await lab.until(lambda: lab.story(job).count("failed") == 2)
        assert lab.story(job).count("stage_done") == 1, "it went on behind the first stage"


async def test_a_disk_that_refuses_fails_the_job_by_name_and_it_can_be_tried_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        in_the_way = [lab.home.objects / f"{number:02x}" for number in range(256)]
        for place in in_the_way:
            place.touch()           # files where the store needs folders

        job = await lab.made(say())
        assert job.state is State.FAILED
        assert (job.error or {})["code"] == "storage_failed"
        assert job.stages[0].outputs == {}

        for place in in_the_way:
            assert place.stat().st_size == 0, "nothing half-written"
            place.unlink()
        await lab.engine.again(job.id, release=False)
        assert (await lab.ended(job)).state is State.SUCCEEDED


async def test_a_voice_that_is_removed_while_its_job_waits_is_refused(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        lab.voices.add(Voice("parrot:mine", "parrot", "Mine", "a" * 64, builtin=False))
        long = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(long)
        job = await lab.submit(Request((Step("speak", "parrot:mine"),), text=RequestText("one")))

        lab.voices.to_trash("parrot:mine", "ann", now())
        await lab.engine.cancel(long.id)
        ended = await lab.ended(job)

        assert ended.state is State.FAILED
        assert lab.story(job) == ["queued", "refused"]
        assert ended.error is not None
        assert ended.error["code"] == "voice_missing"


async def test_a_voice_that_changed_while_its_job_waits_is_refused(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        voice = Voice("parrot:mine", "parrot", "Mine", "a" * 64, builtin=False)
        lab.voices.add(voice)
        long = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(long)
        job = await lab.submit(Request((Step("speak", "parrot:mine"),), text=RequestText("one")))

        lab.voices.to_trash("parrot:mine", "ann", now())
        lab.voices.add(Voice("parrot:mine", "parrot", "Mine", "b" * 64, builtin=False))
        await lab.engine.cancel(long.id)

        assert (await lab.ended(job)).state is State.FAILED
        assert "changed" in str((lab.store.job(job.id).error or {})["message"])


HEALTHY = """
class Odd(Runtime):
    def speak(self, voice, text, settings, context): return Result(BEEP)
MANIFEST = manifest("healthy", (Offer(task="speak", text=PLAIN),))
"""
NO_CLIP = """
class Odd(Runtime):
    def load(self, voice): pass
    def speak(self, voice, text, settings, context): return Result(documents={"report": {}})
    def convert(self, voice, clip, settings, context): return Result()
MANIFEST = manifest("mute", (Offer(task="speak", text=PLAIN), Offer(task="convert", audio=ANY)))
"""
LARGE = """
MANIFEST = manifest("large", (Offer(task="speak", text=PLAIN),), resident_mb=1e9)
"""


@pytest.mark.parametrize("steps", [("speak",), ("speak", "convert")], ids=["alone", "before another"])
async def test_a_step_that_makes_no_sound_fails_by_name_and_the_queue_goes_on(
    steps: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "mute", NO_CLIP, monkeypatch)
    async with laboratory(tmp_path / "home") as lab:
        chain = tuple(Step(task, "mute:one") for task in steps)  # type: ignore[arg-type]

        job = await lab.made(Request(chain, text=RequestText("Hello.")))

        assert job.state is State.FAILED
        assert (job.error or {})["message"] == "'mute' made no clip."
        assert (await lab.made(say())).state is State.SUCCEEDED


async def test_a_job_that_cannot_even_be_looked_at_is_refused_and_the_queue_goes_on(tmp_path: Path) -> None:
    """A row that no plan of today's makes, as an older or a broken program might have left it."""
    async with laboratory(tmp_path) as lab:
        at = now()
        odd = Stage(0, "step", "convert", "parrot", voice=POLLY, inputs={"clip": "nowhere.clip"})
        odd = odd.evolve(voice_hash=lab.voices.get(POLLY).hash)
        job = Job(new_id(), "ann", State.QUEUED, say(), at, at, stages=(odd,))
        await lab.store.write(edges.submit, job, None, "b" * 64)

        later = await lab.made(say())

        assert later.state is State.SUCCEEDED
        assert lab.store.job(job.id).state is State.FAILED
        assert lab.story(job) == ["queued", "refused"]


async def test_a_stage_that_no_machine_of_this_size_can_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "large", LARGE, monkeypatch)
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.made(Request((Step("speak", "large:one"),), text=RequestText("Hello.")))
        assert job.state is State.FAILED
        assert lab.story(job) == ["queued", "refused"]
        assert "1100000000 MB" in str(job.error)


async def test_an_idle_worker_that_dies_is_forgotten_and_costs_nobody_an_attempt(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        await lab.made(say())
        (worker,) = lab.workers()
        os.kill(worker["pid"], signal.SIGKILL)
        await lab.until(lambda: not [seat for seat in lab.pool.ledger().seats if seat.worker == "parrot"])

        job = await lab.made(say())

        assert job.state is State.SUCCEEDED
        assert job.stages[0].attempts == 0
        assert worker["pid"] not in [other["pid"] for other in lab.workers()]


async def test_a_runtime_that_cannot_be_imported_takes_down_its_own_job_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = 'MANIFEST = manifest("gone", (Offer(task="speak", text=PLAIN),), runtime="hay_say_gone.nowhere:Odd")'
    install(tmp_path / "site", "gone", code, monkeypatch)
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.made(Request((Step("speak", "gone:one"),), text=RequestText("Hello.")))
        assert job.state is State.QUARANTINED
        assert (await lab.made(say())).state is State.SUCCEEDED
