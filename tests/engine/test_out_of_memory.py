"""A stage that runs out of memory: once more alone, then on the processor by consent, then what it needs in words."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.devices import Device, Machine, Simulated
from hay_say_lab.engine.needs import Subject
from tests.engine.laboratory import Laboratory, laboratory, say
from tests.engine.plugins import install

HUNGRY = """
import dataclasses
class Odd(Runtime):
    def load(self, voice): pass
    def speak(self, voice, text, settings, context):
        context.checkpoint(0.1)
        if text.body == "once" and context.kept(0) is None:
            context.keep(0, {"ran": numpy.ones(1)})
            raise MemoryError
        if text.body == "always" or text.body == "on a card" and context.device != "cpu":
            numpy.zeros(1 << 42)
        if text.body == "killed" and context.kept(0) is None:
            context.keep(0, {"ran": numpy.ones(1)})
            held = numpy.ones(150 << 17)
            time.sleep(2.5)
            os.kill(os.getpid(), 9)
        return Result(BEEP, documents={"report": {"device": context.device}})
MANIFEST = manifest("hungry", (Offer(task="speak", text=PLAIN),))
MANIFEST = dataclasses.replace(MANIFEST, compatibility=dataclasses.replace(MANIFEST.compatibility, devices=DEVICES))
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path / "site", "hungry", HUNGRY.replace("DEVICES", '("cuda", "cpu")'), monkeypatch)
    return tmp_path


def _ask(body: str, **changes: object) -> Request:
    return dataclasses.replace(Request((Step("speak", "hungry:one"),), text=RequestText(body), fresh=True), **changes)


def _card(total_mb: float = 10_000.0) -> list[Device]:
    return [Simulated("cuda:0", "cuda", total_mb), Machine()]


def _losses(lab: Laboratory, job_id: str) -> list[dict[str, object]]:
    return [e.body for e in lab.store.events_after("ann", 0, job=job_id) if e.kind == "worker_lost"]


async def test_it_is_tried_once_more_alone_in_a_fresh_worker_and_nobody_else_is_kept(site: Path) -> None:
    async with laboratory(site / "home") as lab:
        await lab.made(say())                   # two workers are warm
        job = await lab.made(_ask("once"))

        assert job.state is State.SUCCEEDED
        assert (job.stages[0].attempts, job.stages[0].ooms, job.stages[0].worker_deaths) == (1, 1, 0)
        (loss,) = _losses(lab, job.id)
        assert "tried again, alone" in str(loss["reason"])
        assert lab.workers() == [], "the idle ones had to go"
        assert (await lab.made(say())).state is State.SUCCEEDED


async def test_what_never_fits_fails_with_what_it_asked_for(site: Path) -> None:
    async with laboratory(site / "home") as lab:
        job = await lab.made(_ask("always"))

        assert job.state is State.FAILED
        assert lab.story(job) == ["queued", "started", "worker_lost", "started", "failed"]
        assert (job.error or {})["code"] == "out_of_memory"
        assert "3355" in str((job.error or {})["message"]), "32 TB, in MB"
        again = await lab.engine.again(job.id, release=False)
        assert again.stages[0].ooms == 0, "a person's retry begins anew"
        await lab.until(lambda: lab.story(job).count("failed") == 2)


async def test_a_card_that_is_too_small_twice_gives_way_to_the_processor_where_that_is_allowed(site: Path) -> None:
    async with laboratory(site / "home", devices=_card()) as lab:
        job = await lab.made(_ask("on a card", cpu_fallback=True))

        assert job.state is State.SUCCEEDED
        assert job.device == job.stages[0].device == "cpu"
        assert [loss["device"] for loss in _losses(lab, job.id)] == ["cuda:0", "cuda:0"]
        assert job.stages[0].attempts == 2


async def test_without_consent_it_fails_and_one_click_gives_it(site: Path) -> None:
    async with laboratory(site / "home", devices=_card()) as lab:
        job = await lab.made(_ask("on a card"))
        assert job.state is State.FAILED
        (problem,) = (job.error or {})["problems"]
        assert problem["fix"]["patch"] == [{"op": "add", "path": "/cpu_fallback", "value": True}]


async def test_the_device_that_was_really_used_stands_on_the_stage(site: Path) -> None:
    async with laboratory(site / "home", devices=_card()) as lab:
        job = await lab.made(_ask("anything"))
        assert [stage.device for stage in job.stages] == ["cuda:0", "cpu"], "the audio worker has no card"
        assert job.device == "cuda:0", "what finishes it does not count"
        then = await lab.made(_ask("anything", steps=(Step("speak", "hungry:one"), Step("convert", "parrot:polly"))))
        assert then.device == "cuda:0 + cpu"
        kept = await lab.made(_ask("anything", steps=then.request.steps, fresh=False, seed=then.request.seed))
        assert kept.device is None, "it was made by an earlier job"


async def test_a_card_that_could_never_hold_it_is_passed_over_by_consent_and_else_refused(site: Path) -> None:
    async with laboratory(site / "home", devices=_card(600.0)) as lab:
        refused = await lab.made(_ask("anything"))
        allowed = await lab.made(_ask("anything", cpu_fallback=True))
        assert lab.story(refused) == ["queued", "refused"]
        assert (allowed.state, allowed.stages[0].device) == (State.SUCCEEDED, "cpu")


async def test_a_worker_that_is_killed_with_more_than_it_was_promised_has_run_out_of_memory(site: Path) -> None:
    async with laboratory(site / "home") as lab:
        job = await lab.made(_ask("killed"))
        assert job.state is State.SUCCEEDED
        assert (job.stages[0].ooms, job.stages[0].worker_deaths) == (1, 0)


async def test_what_stages_took_is_known_to_the_next_host(site: Path) -> None:
    async with laboratory(site / "home") as lab:
        job = await lab.made(_ask("anything"))
        subject = Subject.of(str(job.stages[0].voice_hash), "cpu", 8 / 13)
        measured = lab.pool.needs.known(subject)
        assert measured is not None
    async with laboratory(site / "home") as lab:
        assert lab.pool.needs.known(subject) == measured
