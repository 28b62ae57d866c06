"""A recipe says how a sound was made, and holds nothing that changes from run to run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hay_say_lab.domain.canonical import is_sha256, new_id
from hay_say_lab.domain.job import Job, Stage, State
from hay_say_lab.domain.recipe import Recipe, recipe_of
from hay_say_lab.domain.request import Request, RequestText, Step

REQUEST = Request(
    (Step("speak", "a:b", {"rate": 1}),), text=RequestText("Hello."), seed=7, lane="interactive", group="one"
)
MADE = {"code_version": "c" * 64, "fingerprint": {"device": "a cpu", "threads": 1}, "done": True}
STAGES = (
    Stage(0, "step", "speak", "a", "a:b", "f" * 64, {"rate": 1}, {}, {"clip": "1" * 64, "timings": "2" * 64}, **MADE),
    Stage(1, "finish", "finish", "audio", inputs={"clip": "0.clip"}, outputs={"clip": "1" * 64}, **MADE),
)
PROVENANCE = {"a:b": {"source": "us", "licence": "CC0-1.0", "consent": "", "intended_use": ""}}


def _job(**changes: Any) -> Job:
    at = changes.pop("at", "2026-11-20T00:00:00.000Z")
    return Job(new_id(), changes.pop("owner", "ann"), State.RUNNING, REQUEST.evolve(**changes), at, at, stages=STAGES)


def _recipe(job: Job, stages: tuple[Stage, ...] = STAGES) -> Recipe:
    return recipe_of(job, stages, PROVENANCE)


def test_the_same_work_by_another_person_in_another_lane_on_another_day_is_the_same_recipe() -> None:
    one = _recipe(_job())
    other = _recipe(_job(owner="bob", lane="batch", group=None, at="2031-01-01T00:00:00.000Z"))

    assert one.id == other.id
    assert is_sha256(one.id)
    assert one.artifact == "1" * 64


def test_attempts_and_tokens_leave_no_trace() -> None:
    tried = tuple(replace(stage, attempts=2, worker_deaths=1) for stage in STAGES)
    assert _recipe(replace(_job(), token=9), tried).id == _recipe(_job()).id


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 8},
        {"text": RequestText("Hello!")},
        {"text": RequestText("Hello.", "en")},
        {"steps": (Step("speak", "a:b", {"rate": 2}),)},
        {"finish": {"x": 1}},
    ],
)
def test_other_work_is_another_recipe(changed: dict[str, Any]) -> None:
    assert _recipe(_job(**changed)).id != _recipe(_job()).id


@pytest.mark.parametrize(
    "changed",
    [
        {"code_version": "d" * 64},
        {"voice_hash": "0" * 64},
        {"settings": {"rate": 2}},
        {"fingerprint": {"device": "another cpu", "threads": 1}},
        {"outputs": {"clip": "3" * 64}},
    ],
)
def test_other_code_voice_machine_or_sound_is_another_recipe(changed: dict[str, Any]) -> None:
    assert _recipe(_job(), (replace(STAGES[0], **changed), STAGES[1])).id != _recipe(_job()).id


def test_no_time_no_job_no_owner_and_no_group_is_in_it() -> None:
    job = _job(owner="somebody-special")
    text = json.dumps(_recipe(job).document)

    for passing in (job.id, "somebody-special", "2026-11-20", "one", "interactive"):
        assert f'"{passing}"' not in text


def test_a_recipe_read_from_json_has_the_same_id() -> None:
    recipe = _recipe(_job())
    assert Recipe(json.loads(json.dumps(recipe.document))).id == recipe.id
