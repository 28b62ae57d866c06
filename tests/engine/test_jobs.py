"""From a request to an artifact, through real workers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.errors import InvalidRequest
from tests.engine.laboratory import POLLY, laboratory, say


async def test_a_text_becomes_a_sound_with_its_timings_picture_and_recipe(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say("one two three"))

        assert job.state is State.SUCCEEDED
        assert lab.story(job) == ["queued", "started", "stage_done", "started", "finished"]
        assert job.artifact is not None
        assert job.recipe is not None
        clip = read_clip(lab.objects.open_path(job.artifact))
        assert (len(clip.samples), clip.sample_rate) == (3 * 1600, 16_000)
        timings = json.loads(lab.objects.open_path(job.stages[0].outputs["timings"]).read_bytes())
        assert [word["text"] for word in timings["words"]] == ["one", "two", "three"]
        picture = json.loads(lab.objects.open_path(job.stages[1].outputs["picture"]).read_bytes())
        assert picture["frames"] == len(clip.samples)
        recipe = lab.store.recipe(job.recipe, "ann")
        assert recipe.artifact == job.artifact
        assert recipe.document["request"]["seed"] == 7
        assert lab.left_over() == [], "nothing is left in the scratch folder"


async def test_a_chain_speaks_and_then_converts(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        spoken = await lab.made(say("one two"))
        turned = await lab.made(say("one two", Step("convert", POLLY, {"reverse": True})))

        assert spoken.artifact is not None
        assert turned.artifact is not None
        there = read_clip(lab.objects.open_path(spoken.artifact)).samples
        back = read_clip(lab.objects.open_path(turned.artifact)).samples
        assert numpy.array_equal(back, there[::-1])
        assert [stage.task for stage in turned.stages] == ["speak", "convert", "finish"]


async def test_a_clip_is_decoded_prepared_and_converted(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        tone = 0.5 * numpy.sin(2 * numpy.pi * 200 * numpy.arange(4000) / 4000)
        clip = await lab.clip(numpy.stack([tone, tone], axis=1), 4000)

        job = await lab.made(Request((Step("convert", POLLY, {"gain_db": -6.0}),), clip=clip, seed=1))

        assert [stage.task for stage in job.stages] == ["decode", "prepare", "convert", "finish"]
        assert job.artifact is not None
        made = read_clip(lab.objects.open_path(job.artifact))
        assert (len(made.samples), made.sample_rate) == (8000, 8000), "prepared to the lowest rate that is taken"
        assert numpy.abs(made.samples).max() == pytest.approx(0.25, abs=0.01)


async def test_the_same_request_and_seed_is_the_same_artifact_and_recipe_in_any_home(tmp_path: Path) -> None:
    made = []
    for home, owner in (("one", "ann"), ("one", "bob"), ("two", "ann")):
        async with laboratory(tmp_path / home) as lab:
            job = await lab.made(say("one two", Step("convert", POLLY)), owner)
            made.append((job.artifact, job.recipe))
    assert len(set(made)) == 1
    assert is_sha256(made[0][0] or "")


async def test_another_seed_is_another_take_and_is_stored(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        one, other = [await lab.made(say(seed=seed)) for seed in (1, 2)]
        assert one.artifact != other.artifact
        assert [lab.store.job(job.id).request.seed for job in (one, other)] == [1, 2]


async def test_without_a_seed_the_host_draws_one_and_the_take_can_be_made_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        drawn = [await lab.made(say(seed=None)) for _ in range(3)]
        seeds = [job.request.seed for job in drawn]

        assert all(isinstance(seed, int) and seed >= 0 for seed in seeds)
        assert len(set(seeds)) == 3
        assert (await lab.made(say(seed=seeds[0]))).artifact == drawn[0].artifact


async def test_fifty_who_send_the_same_key_at_once_share_one_job(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        answers = await asyncio.gather(*(lab.engine.submit("ann", say(seed=None), "key") for _ in range(50)))
        assert len({job.id for job, _ in answers}) == 1
        assert sum(created for _, created in answers) == 1
        assert (await lab.ended(answers[0][0])).state is State.SUCCEEDED


async def test_a_stage_that_was_made_before_is_not_made_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        first = await lab.made(say("one two").evolve(fresh=False))
        pids = {worker["pid"] for worker in lab.workers()}
        again = await lab.made(say("one two", Step("convert", POLLY)).evolve(fresh=False), "bob")

        assert first.artifact == again.artifact, "the parrot's conversion changes nothing by default"
        assert (again.stages[0].cached, again.stages[1].cached) == (True, False)
        assert lab.story(again)[:3] == ["queued", "started", "stage_done"], "it goes the same way, without a worker"
        assert {worker["pid"] for worker in lab.workers()} == pids
        assert again.stages[0].outputs == first.stages[0].outputs
        assert lab.store.holds("bob", first.stages[0].outputs["clip"]), "who had it made again may read it"


async def test_a_cached_result_whose_object_is_gone_is_made_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        first = await lab.made(say().evolve(fresh=False))
        lab.objects.open_path(first.stages[0].outputs["timings"]).unlink()

        again = await lab.made(say().evolve(fresh=False))

        assert again.state is State.SUCCEEDED
        assert not again.stages[0].cached
        assert again.stages[0].outputs == first.stages[0].outputs


async def test_what_stands_in_the_way_is_told_before_anything_is_queued(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        for body in ("", "a\ud800b"):
            with pytest.raises(InvalidRequest) as refusal:
                await lab.submit(Request((Step("speak", POLLY, {"beeps": 99}),), text=RequestText(body)))
            assert len(refusal.value.problems) == 2
        assert lab.store.jobs("ann") == []
        assert lab.store.last_event() == 0


async def test_a_clip_of_another_person_is_missing(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        clip = await lab.clip(numpy.full(16_000, 0.1), owner="ann")
        with pytest.raises(InvalidRequest, match="has not been sent"):
            await lab.submit(Request((Step("convert", POLLY),), clip=clip), "bob")


async def test_every_object_of_a_job_is_a_canonical_clip_or_json(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say())
        for stage in job.stages:
            for role, name in stage.outputs.items():
                path = lab.objects.open_path(name)
                if role == "clip":
                    with soundfile.SoundFile(path) as file:
                        assert (file.format, file.subtype, file.channels) == ("W64", "FLOAT", 1)
                else:
                    assert json.loads(path.read_bytes())


async def test_a_repeated_key_finds_its_job_whatever_has_changed_since(tmp_path: Path) -> None:
    """Given a job, when its call is repeated while the queue is full, then the same job is the answer."""
    async with laboratory(tmp_path) as lab:
        first = await lab.submit(say("one"), key="k")
        lab.engine.intake.pressure.most_of_one = 0

        again = await lab.submit(say("one"), key="k")

        assert again.id == first.id


def kept(body: str) -> Request:
    """As people ask: what is kept is used."""
    return say(body).evolve(fresh=False)


async def test_the_same_stage_is_made_once_and_a_fresh_request_makes_it_anew(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        made = await lab.made(kept("one two"))

        again = await lab.made(kept("one two"))
        louder = await lab.made(kept("one two").evolve(finish={"loudness_lufs": -20.0}))
        fresh = await lab.made(say("one two"))

        assert [stage.cached for stage in made.stages] == [False, False]
        assert [stage.cached for stage in again.stages] == [True, True]
        assert [stage.cached for stage in louder.stages] == [True, False], "a change of finish runs finish alone"
        assert [stage.cached for stage in fresh.stages] == [False, False]
        assert made.recipe == again.recipe == fresh.recipe
        assert made.artifact != louder.artifact


async def test_a_result_whose_object_is_gone_is_made_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        made = await lab.made(kept("one two"))
        lab.objects.open_path(made.stages[0].outputs["timings"]).unlink()

        again = await lab.made(kept("one two"))

        assert [stage.cached for stage in again.stages] == [False, True]
        assert again.artifact == made.artifact


async def test_another_seed_voice_or_setting_is_another_stage(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        await lab.made(kept("one two"))
        for other in (
            kept("one two").evolve(seed=8),
            kept("one three"),
            kept("one two").evolve(steps=(Step("speak", POLLY, {"beeps": 2}),)),
        ):
            assert not (await lab.made(other)).stages[0].cached


async def test_a_job_keeps_what_was_warned_of_when_it_was_queued(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say("<speak>one</speak>"))

        (warning,) = lab.store.job(job.id).warnings
        assert warning.field == "text.markup"
        assert warning.fix.label == "Read it as SSML"
        assert warning.fix.patch == (), "what was sent cannot be patched any more"
        queued = lab.store.events_after("ann", 0, job=job.id)[0]
        assert queued.body["warnings"] == [warning.message]
        assert job.state is State.SUCCEEDED
        quiet = await lab.submit(say("one"))
        assert lab.store.job(quiet.id).warnings == ()
        assert "warnings" not in lab.store.events_after("ann", 0, job=quiet.id)[0].body
