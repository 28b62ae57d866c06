"""Removing a voice while jobs use it, and who hears of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.errors import Conflict
from tests.engine.laboratory import laboratory
from tests.engine.shelves import ANN, brought


def _say(**settings: object) -> Request:
    return Request((Step("speak", ANN, settings),), text=RequestText("one"), seed=7, fresh=True)  # type: ignore[arg-type]


async def test_a_voice_goes_when_the_last_job_that_uses_it_has_ended_and_takes_no_new_one(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        await lab.shelf.settle(*brought(tmp_path))
        job = await lab.submit(_say(seconds_of_work=60.0))
        await lab.at_work(job)
        with pytest.raises(Conflict, match=job.id):
            await lab.shelf.remove(ANN, "olga")

        tending = asyncio.create_task(lab.shelf.tend())
        assert (await lab.shelf.remove(ANN, "olga", after_jobs=True)).waits_for == (job.id,)
        (problem,) = lab.engine.intake.problems("ann", _say())
        assert (problem.field, "being removed" in problem.message) == ("steps.0.voice", True)
        assert lab.voices.has(ANN)
        await lab.engine.cancel(job.id)
        await lab.until(lambda: not lab.voices.has(ANN))
        tending.cancel()
        assert lab.store.job(job.id).state is State.CANCELLED
        assert lab.voices.in_trash(ANN).by == "olga"


async def test_a_removed_voice_is_let_go_by_its_workers_told_to_everybody_and_stays_in_recipes(tmp_path: Path) -> None:
    async with laboratory(tmp_path, places=1) as lab:
        voice = await lab.shelf.settle(*brought(tmp_path))
        job = await lab.made(_say())
        assert any(ANN in worker["voices"] for worker in lab.workers())

        await lab.shelf.remove(ANN, "olga")
        await lab.until(lambda: not any(ANN in worker["voices"] for worker in lab.workers()))
        news = [(event.kind, event.job, dict(event.body)) for event in lab.store.events_after("bob", 0)]
        assert news == [
            ("voices", "", {"change": "added", "id": ANN}),
            ("voices", "", {"change": "removed", "id": ANN}),
        ]
        recipe = lab.store.recipe(str(lab.store.job(job.id).recipe), "ann").document
        assert ANN in recipe["voices"]
        assert recipe["stages"][0]["voice_hash"] == voice.hash

        await lab.shelf.restore(ANN)
        again = await lab.made(_say())
        assert again.state is State.SUCCEEDED
        assert again.artifact == job.artifact
