"""Recordings and texts longer than an architecture takes: whole jobs with real workers, some of which die on the way."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request, RequestText, Step
from tests.engine.laboratory import Laboratory, laboratory
from tests.engine.parakeet import install_parakeet

RATE = 16_000


@pytest.fixture
def parakeet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return install_parakeet(tmp_path / "site", monkeypatch)


def recording(seconds: float, loud_at: float | None = None) -> numpy.ndarray:
    """Noise that comes and goes, with a knock at one place."""
    frames = round(seconds * RATE)
    swell = numpy.abs(numpy.sin(numpy.arange(frames) / RATE * 2.1)) ** 4
    samples = numpy.random.default_rng(1).uniform(-0.5, 0.5, frames) * swell
    if loud_at is not None:
        samples[round(loud_at * RATE)] = 0.97
    return samples


def change(clip: str, voice: str, fresh: bool = True, **settings: Any) -> Request:
    return Request((Step("convert", voice, settings),), clip=clip, seed=7, fresh=fresh)


def _sound(lab: Laboratory, name: str) -> numpy.ndarray:
    return read_clip(lab.objects.open_path(name)).samples


def _report(lab: Laboratory, job: Job) -> dict[str, Any]:
    step = next(stage for stage in job.stages if stage.kind == "step")
    return json.loads(lab.objects.open_path(step.outputs["report"]).read_bytes())


async def test_a_clip_longer_than_the_contract_comes_back_sample_by_sample(tmp_path: Path, parakeet: str) -> None:
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.made(change(await lab.clip(recording(21.3)), parakeet))

        assert job.state is State.SUCCEEDED, job.error
        decoded, converted = _sound(lab, job.stages[0].outputs["clip"]), _sound(lab, str(job.artifact))
        assert len(converted) == len(decoded) == round(21.3 * RATE)
        assert numpy.abs(converted - decoded).max() <= 1e-6
        pieces = _report(lab, job)["pieces"]
        count = len(pieces)
        assert count >= 12
        loudest = round(float(numpy.abs(decoded).max()), 3)
        assert [piece["report"] for piece in pieces] == [
            {"listened": count, "converted": index + 1, "loudest": loudest} for index in range(count)
        ], "everything was heard before the first piece was converted, and each piece converted once"


async def test_a_worker_that_dies_in_a_piece_goes_on_with_that_piece(tmp_path: Path, parakeet: str) -> None:
    """Given a clip at whose 11th second the process ends once, then the second one begins with the piece that holds it."""
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.made(change(await lab.clip(recording(21.3, loud_at=11.2)), parakeet))

        assert job.state is State.SUCCEEDED, job.error
        assert lab.story(job).count("worker_lost") == 1
        converted = _sound(lab, str(job.artifact))
        assert numpy.abs(converted - _sound(lab, job.stages[0].outputs["clip"])).max() <= 1e-6
        pieces = _report(lab, job)["pieces"]
        hit = next(index for index, piece in enumerate(pieces) if piece["first"] <= 11.2 * RATE < piece["past"])
        assert hit >= 5
        counts = [(piece["report"]["listened"], piece["report"]["converted"]) for piece in pieces]
        assert counts[:hit] == [(len(pieces), index + 1) for index in range(hit)]
        assert counts[hit:] == [(0, index + 1) for index in range(len(pieces) - hit)]
        await lab.until(lambda: lab.left_over() == [])


async def test_a_worker_that_is_killed_from_outside_loses_one_piece_at_most(tmp_path: Path, parakeet: str) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(recording(12.0))
        expected = await lab.made(change(clip, parakeet))
        job = await lab.submit(change(clip, parakeet, seconds_of_work=0.3))
        await lab.until(lambda: job.id in lab.news.ticks and "piece 4 of" in lab.news.ticks[job.id].message)

        (busy,) = [worker for worker in lab.workers("parakeet") if worker["busy"]]
        os.kill(busy["pid"], signal.SIGKILL)
        ended = await lab.ended(job)

        assert ended.state is State.SUCCEEDED, ended.error
        assert ended.artifact == expected.artifact
        again = [piece["report"]["converted"] for piece in _report(lab, ended)["pieces"]]
        first_of_the_second = again.index(1, 1)
        assert first_of_the_second in (3, 4)
        assert again[first_of_the_second:] == list(range(1, len(again) - first_of_the_second + 1))


async def _cancelled_in_the_fourth_piece(lab: Laboratory, request: Request) -> Job:
    job = await lab.submit(request)
    await lab.until(lambda: job.id in lab.news.ticks and "piece 4 of" in lab.news.ticks[job.id].message)
    await lab.engine.cancel(job.id)
    return await lab.ended(job)


async def test_who_asks_again_goes_on_where_a_cancelled_job_stopped(tmp_path: Path, parakeet: str) -> None:
    async with laboratory(tmp_path / "home") as lab:
        request = change(await lab.clip(recording(12.0)), parakeet, fresh=False, seconds_of_work=0.2)
        assert (await _cancelled_in_the_fourth_piece(lab, request)).state is State.CANCELLED
        await lab.until(lambda: lab.left_over() == [])

        job = await lab.made(request)

        assert job.state is State.SUCCEEDED, job.error
        counts = [piece["report"]["converted"] for piece in _report(lab, job)["pieces"]]
        assert counts[:3] == [1, 2, 3], "of the cancelled job"
        assert counts[-1] <= len(counts) + 1, "at most one piece was begun twice, by one worker"
        assert len({piece["report"]["listened"] for piece in _report(lab, job)["pieces"]}) == 1, "nothing was heard twice"
        assert list(lab.home.leftovers.iterdir()) == []


async def test_who_wants_it_fresh_or_otherwise_does_not(tmp_path: Path, parakeet: str) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(recording(12.0))
        request = change(clip, parakeet, fresh=False, seconds_of_work=0.2)
        await _cancelled_in_the_fourth_piece(lab, request)

        for other in (request.evolve(fresh=True), request.evolve(seed=8), change(clip, parakeet, fresh=False, gain_db=-3)):
            counts = [piece["report"]["converted"] for piece in _report(lab, await lab.made(other))["pieces"]]
            assert counts == list(range(counts[0], counts[0] + len(counts)))
        assert len(list(lab.home.leftovers.iterdir())) == 1


async def test_progress_names_the_pieces_and_never_falls(tmp_path: Path, parakeet: str) -> None:
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.submit(change(await lab.clip(recording(9.0)), parakeet, seconds_of_work=0.2))
        seen: list[tuple[float, str]] = []

        def looked() -> bool:
            tick = lab.news.ticks.get(job.id)
            if tick is not None and tick.task == "convert" and (not seen or seen[-1] != (tick.fraction, tick.message)):
                seen.append((tick.fraction, tick.message))
            return lab.store.job(job.id).ended

        await lab.until(looked)
        assert [share for share, _ in seen] == sorted(share for share, _ in seen)
        numbers = [int(message.split("piece ")[1].split(" of ")[0]) for _, message in seen if message.startswith("piece ")]
        assert numbers == sorted(numbers)
        assert len(set(numbers)) >= 3


async def test_the_same_request_cuts_alike_and_gives_the_same_objects(tmp_path: Path, parakeet: str) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(recording(9.0))
        one, two = await lab.made(change(clip, parakeet)), await lab.made(change(clip, parakeet))
        bounds = [[(piece["first"], piece["past"], piece["seed"]) for piece in _report(lab, job)["pieces"]] for job in (one, two)]
        assert bounds[0] == bounds[1]
        assert one.artifact == two.artifact


SENTENCES = "One two three. Four five. Six seven eight. " * 4


def _timings(lab: Laboratory, job: Job) -> dict[str, Any]:
    return json.loads(lab.objects.open_path(job.stages[0].outputs["timings"]).read_bytes())


async def test_a_text_longer_than_the_contract_is_spoken_whole(tmp_path: Path, parakeet: str) -> None:
    async with laboratory(tmp_path / "home") as lab:
        text = RequestText(SENTENCES)
        job = await lab.made(Request((Step("speak", parakeet, {}),), text=text, seed=7, fresh=True))

        assert job.state is State.SUCCEEDED, job.error
        words = _timings(lab, job)["words"]
        assert [word["text"] for word in words] == SENTENCES.replace(".", "").split()
        assert all(SENTENCES[word["first"] :].startswith(word["text"]) for word in words)
        assert len(_sound(lab, str(job.artifact))) == words[-1]["end"]
        assert len(_report(lab, job)["pieces"]) == 12, "at most twenty characters each"


async def test_more_text_than_a_frame_holds_reaches_its_voice(tmp_path: Path) -> None:
    """Thirty sentences of nine thousand parrots and one word each: more than a megabyte on its way, three seconds of sound."""
    async with laboratory(tmp_path) as lab:
        text = RequestText(("\U0001f99c" * 9_000 + " Polly. ") * 30)
        job = await lab.made(Request((Step("speak", "parrot:polly", {}),), text=text, seed=7, fresh=True))

        assert job.state is State.SUCCEEDED, job.error
        words = _timings(lab, job)["words"]
        assert [text.body[word["first"] :][: word["length"]] for word in words] == ["Polly"] * 30
        assert len(_sound(lab, str(job.artifact))) == words[-1]["end"]
