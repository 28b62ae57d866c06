"""Plugins that serve every clip: a voice is isolated before anything else, and effects stand in the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.effects import EFFECTS
from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import EffectLink, Request, RequestText, Step
from hay_say_lab.engine.casting import Casting
from hay_say_lab.engine.plan import plan
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.errors import Problem
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.voices import Voices
from tests.domain.json_patch import patched
from tests.engine.laboratory import POLLY, Laboratory, laboratory

MESH = "sieve:mesh"
CLIP = "c" * 64
RATE = 16_000
CONVERT = Step("convert", POLLY)
CHANGE = Request((CONVERT,), clip=CLIP, seed=1)
SWAY = EffectLink(MESH, {"rate_hz": 2.0})


def _facts(seconds: float = 2.0, sample_rate: int = RATE) -> ClipFacts:
    return ClipFacts(CLIP, "WAV", "PCM_16", sample_rate, 1, round(seconds * sample_rate), 0.5, 0.1, True)


def _preflight(folder: Path, *, without: str = "") -> Preflight:
    architectures = Architectures()
    architectures.manifests.pop(without, None)
    return Preflight(Casting(architectures, Voices(open_documents(folder / "voices.json"), architectures)))


@pytest.fixture
def preflight(tmp_path: Path) -> Preflight:
    return _preflight(tmp_path)


def _problems(preflight: Preflight, request: Request, facts: ClipFacts | None = None) -> list[Problem]:
    return preflight.problems(request, lambda sha256: facts or _facts())


def _stages(preflight: Preflight, request: Request, facts: ClipFacts | None = None) -> list[tuple[str, str, dict[str, Any]]]:
    """(task, worker, inputs) of each stage of a request without problems."""
    facts = facts or _facts()
    assert _problems(preflight, request, facts) == []
    stages = plan(preflight.casting.resolve(request), preflight.casting, facts)
    return [(stage.task, stage.worker, dict(stage.inputs)) for stage in stages]


def _music(seconds: float = 1.0, sample_rate: int = RATE) -> numpy.ndarray:
    """A voice's band (440 Hz) over a rumble (60 Hz) and a hiss (6 kHz)."""
    times = numpy.arange(round(seconds * sample_rate)) / sample_rate
    parts = [0.2 * numpy.sin(2 * numpy.pi * hertz * times) for hertz in (440.0, 60.0, 6000.0)]
    return numpy.sum(parts, axis=0).astype(numpy.float32)


def _sound(lab: Laboratory, job: Job, role: str = "clip", task: str | None = None) -> numpy.ndarray:
    """Samples of the last stage (of a task) that made this role."""
    assert job.state is State.SUCCEEDED, job.error
    made = [stage for stage in job.stages if role in stage.outputs and task in (None, stage.task)]
    return read_clip(lab.objects.open_path(made[-1].outputs[role])).samples


# Isolation, as stages.


def test_the_voice_is_isolated_before_everything_else_is_done_to_the_clip(preflight: Preflight) -> None:
    request = CHANGE.evolve(prepare={"isolate": MESH, "high_pass_hz": 80.0, "start_seconds": 0.5})
    assert _stages(preflight, request) == [
        ("decode", "audio", {"upload": "upload"}),
        ("prepare", "audio", {"clip": "0.clip"}),           # cut first: what is not wanted is not separated
        ("separate", "sieve", {"clip": "1.clip"}),
        ("prepare", "audio", {"clip": "2.clip"}),
        ("convert", "parrot", {"clip": "3.clip"}),
        ("finish", "audio", {"clip": "4.clip"}),
    ]
    stages = plan(request, preflight.casting, _facts())
    assert [stage.settings for stage in stages if stage.task == "prepare"] == [
        {"start_seconds": 0.5, "sample_rate": RATE},
        {"high_pass_hz": 80.0, "sample_rate": RATE},
    ]


def test_the_clip_is_brought_to_the_rate_that_the_separator_takes(preflight: Preflight) -> None:
    request = CHANGE.evolve(prepare={"isolate": "default"})
    tasks = [task for task, _, _ in _stages(preflight, request, _facts(sample_rate=96_000))]
    assert tasks == ["decode", "prepare", "separate", "convert", "finish"]


def test_the_background_is_mixed_in_behind_everything(preflight: Preflight) -> None:
    request = CHANGE.evolve(prepare={"isolate": MESH}, finish={"background_db": -3.0, "true_peak_db": -2.0})
    assert _stages(preflight, request)[-1] == ("mix", "audio", {"clip": "3.clip", "background": "1.background"})
    finish, mix = plan(request, preflight.casting, _facts())[-2:]
    assert finish.settings["finish"] == {"true_peak_db": -2.0}
    assert mix.settings == {"background_db": -3.0, "ceiling_dbtp": -2.0}


def test_off_is_no_stage(preflight: Preflight) -> None:
    for prepare in ({}, {"isolate": "off"}):
        assert [task for task, _, _ in _stages(preflight, CHANGE.evolve(prepare=prepare))] == ["decode", "convert", "finish"]


def test_speech_can_be_isolated_too_once_it_is_spoken(preflight: Preflight) -> None:
    request = Request((Step("speak", POLLY), CONVERT), text=RequestText("One."), prepare={"isolate": MESH}, seed=1)
    assert _problems(preflight, request) == []
    assert [stage.task for stage in plan(request, preflight.casting, None)] == ["speak", "separate", "convert", "finish"]


def test_who_isolates_by_default_is_named_when_the_request_is_queued(preflight: Preflight) -> None:
    resolved = preflight.casting.resolve(CHANGE.evolve(prepare={"isolate": "default"}))
    assert resolved.prepare == {"isolate": MESH}


# Effects of plugins, as stages.


def test_an_effect_of_a_plugin_cuts_the_finish_and_the_order_stays(preflight: Preflight) -> None:
    chain = (EffectLink("gain", {"gain_db": -3.0}), SWAY, EffectLink("reverb"))
    request = CHANGE.evolve(effects=chain, finish={"speed": 1.5, "fade_out_seconds": 0.1, "auto_tune_key": "source"})
    assert _stages(preflight, request) == [
        ("decode", "audio", {"upload": "upload"}),
        ("convert", "parrot", {"clip": "0.clip"}),
        ("finish", "audio", {"clip": "1.clip", "source": "0.clip"}),
        ("effect", "sieve", {"clip": "2.clip"}),
        ("finish", "audio", {"clip": "3.clip"}),
    ]
    before, behind = (stage.settings for stage in plan(request, preflight.casting, _facts()) if stage.task == "finish")
    assert before == {"finish": {"speed": 1.5, "auto_tune_key": "source"}, "effects": [chain[0].as_json()]}
    assert behind == {"finish": {"fade_out_seconds": 0.1}, "effects": [chain[2].as_json()], "first_effect": 2}


def test_dry_and_wet_meet_in_the_stage_behind(preflight: Preflight) -> None:
    chain = (EffectLink(MESH, {}, mix=0.25), EffectLink(MESH, {}, mix=1.0), EffectLink(MESH, {}, mix=0.0))
    request = CHANGE.evolve(effects=chain)
    assert _stages(preflight, request)[2:] == [
        ("effect", "sieve", {"clip": "1.clip"}),
        ("finish", "audio", {"clip": "2.clip", "dry": "1.clip"}),
        ("effect", "sieve", {"clip": "3.clip"}),
        ("finish", "audio", {"clip": "4.clip"}),
    ]
    stages = plan(request, preflight.casting, _facts())
    assert stages[3].settings == {"finish": {}, "effects": [], "wet_share": 0.25}
    assert stages[2].settings == {"rate_hz": 4.0, "depth": 0.5, "echo_seconds": 0.0}


# What is refused, and the way out.


def test_without_a_separator_the_option_is_refused_with_how_to_get_one(tmp_path: Path) -> None:
    bare = _preflight(tmp_path, without="sieve")
    for wish in ("default", MESH):
        (problem,) = _problems(bare, CHANGE.evolve(prepare={"isolate": wish}))
        assert problem.field == "prepare.isolate"
        assert "cannot be isolated" in problem.message
        assert "hay-say architectures install" in problem.fix.label
    assert "isolate" in {control.name for control in bare.treatment.prepare_controls}, "it is never hidden"


REFUSED: dict[str, tuple[Request, str, str]] = {
    "a voice that separates nothing": (CHANGE.evolve(prepare={"isolate": POLLY}), "prepare.isolate", "does not separate"),
    "a voice that is not there": (CHANGE.evolve(prepare={"isolate": "sieve:wire"}), "prepare.isolate", "not installed"),
    "no name at all": (CHANGE.evolve(prepare={"isolate": True}), "prepare.isolate", "one of: off, default, sieve:mesh"),
    "a background that nobody took away": (
        CHANGE.evolve(finish={"background_db": 0.0}), "finish.background_db", "nothing was asked to isolate",
    ),
    "a background out of step": (
        CHANGE.evolve(prepare={"isolate": MESH}, finish={"background_db": 0.0, "speed": 1.1}),
        "finish.background_db", "not stay in step",
    ),
    "a background behind cropped silence": (
        CHANGE.evolve(prepare={"isolate": MESH, "crop_silence": True}, finish={"background_db": 0.0}),
        "finish.background_db", "not stay in step",
    ),
    "an effect that is none": (
        CHANGE.evolve(effects=(EffectLink(POLLY),)), "effects.0.effect", "There is no effect 'parrot:polly'",
    ),
    "a setting that an effect does not have": (
        CHANGE.evolve(effects=(SWAY, EffectLink(MESH, {"wet": 1}))), "effects.1.settings.wet", "no setting",
    ),
    "a setting out of range": (
        CHANGE.evolve(effects=(EffectLink(MESH, {"depth": 2.0}),)), "effects.0.settings.depth", "from 0 to 1",
    ),
    "a mix out of range": (CHANGE.evolve(effects=(EffectLink(MESH, mix=1.5),)), "effects.0.mix", "from 0 to 1"),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "field", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused_and_one_click_mends_it(
    request_: Request, field: str, said: str, preflight: Preflight
) -> None:
    (problem,) = _problems(preflight, request_)
    assert problem.field == field
    assert said in problem.message
    mended = Request.from_json(patched(request_.as_json(), problem.fix.patch))
    assert _problems(preflight, mended) == []


def test_what_the_separator_does_not_take_is_refused_before_queueing(preflight: Preflight) -> None:
    request = CHANGE.evolve(prepare={"isolate": MESH})
    (problem,) = _problems(preflight, request, _facts(601.0))
    assert "at most 600 s" in problem.message
    mended = Request.from_json(patched(request.as_json(), problem.fix.patch))
    assert mended.prepare == {"isolate": MESH, "end_seconds": 600.0}
    assert _problems(preflight, mended, _facts(601.0)) == []


def test_effects_of_plugins_stand_beside_the_built_in_ones(preflight: Preflight) -> None:
    told = {effect["effect"]: effect for effect in preflight.treatment.effects_json()}
    assert set(told) == {*EFFECTS, MESH}
    assert [control["name"] for control in told[MESH]["controls"]] == ["rate_hz", "depth", "echo_seconds"]
    assert told[MESH]["mix"]["default"] == 1.0


# Through real workers.


async def test_a_voice_and_its_background_make_the_whole_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        clip = await lab.clip(_music())
        request = CHANGE.evolve(clip=clip, prepare={"isolate": MESH})
        alone = await lab.made(request)
        together = await lab.made(request.evolve(finish={"background_db": 0.0}))

        voice, background = _sound(lab, alone), _sound(lab, alone, "background")
        decoded = _sound(lab, alone, task="decode")
        assert numpy.abs(voice + background - decoded).max() < 1e-6
        spectrum = numpy.abs(numpy.fft.rfft(voice))
        assert spectrum[440] > 1e3 * max(spectrum[60], spectrum[6000])

        assert numpy.abs(_sound(lab, together) - decoded).max() < 1e-6, "on the very sample"
        assert [stage.cached for stage in together.stages] == [True, True, True, True, False], "only the mix is new"
        report = lab.store.recipe(str(together.recipe), "ann").document
        assert [stage["task"] for stage in report["stages"]][-1] == "mix"


async def test_the_background_comes_back_as_loud_as_asked_for_at_the_rate_of_the_result(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        clip = await lab.clip(_music(sample_rate=96_000), 96_000)       # separated at 48 kHz
        request = CHANGE.evolve(clip=clip, prepare={"isolate": MESH}, finish={"background_db": -6.0})
        job = await lab.made(request)
        mixed, alone = _sound(lab, job), _sound(lab, job, task="finish")
        background = _sound(lab, job, "background")
        assert len(mixed) == len(alone) == len(background) == 48_000
        assert numpy.abs(mixed - alone - 10 ** (-6 / 20) * background).max() < 1e-6


async def test_an_effect_of_a_plugin_sounds_in_its_place_of_the_chain(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        clip = await lab.clip(_music())
        echo = EffectLink(MESH, {"depth": 0.0, "echo_seconds": 0.5}, mix=0.5)
        louder = EffectLink("gain", {"gain_db": 6.0})

        dry = _sound(lab, await lab.made(CHANGE.evolve(clip=clip)))
        wet = _sound(lab, await lab.made(CHANGE.evolve(clip=clip, effects=(louder, echo))))

        wanted = numpy.concatenate([dry, numpy.zeros(RATE // 2)])
        wanted[RATE // 2 :] += 0.25 * dry                               # half of an echo that is half as loud
        assert numpy.abs(wet - 10 ** (6 / 20) * wanted).max() < 1e-6


async def test_a_changed_effect_runs_itself_and_what_is_behind_it_alone(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        request = CHANGE.evolve(clip=await lab.clip(_music()), effects=(SWAY,))
        await lab.made(request)
        again = await lab.made(request.evolve(effects=(EffectLink(MESH, {"rate_hz": 3.0}),)))
        assert [(stage.task, stage.cached) for stage in again.stages] == [
            ("decode", True), ("convert", True), ("effect", False), ("finish", False),
        ]  # fmt: skip
