"""A measure is taken once, whoever asks and however often, and beside the jobs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.domain.measure import MeasureOrder
from hay_say_lab.engine.measuring import Answer, Clips
from hay_say_lab.errors import InvalidRequest, TooLarge
from tests.audio.sounds import tone
from tests.engine.laboratory import Laboratory, laboratory, say

SAMPLE_RATE = 16_000


async def measured(lab: Laboratory, *names: str, clip: str, against: str | None = None, **how: Any) -> Answer:
    order = MeasureOrder(clip, names, against, **how)
    facts = Clips(lab.store.clip("ann", clip), lab.store.clip("ann", against) if against else None)
    return await lab.measuring.answer(order, facts, 60.0)


def runs(lab: Laboratory) -> int:
    """How many results the workers have brought so far."""
    return len(list(lab.home.objects.rglob("*")))


async def test_a_report_is_made_when_it_is_first_asked_for_and_known_ever_after(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        assert lab.measuring.known_report(clip) is None

        report = (await measured(lab, "report", clip=clip)).values["report"]

        assert report["seconds"] == 1.0
        assert lab.measuring.known_report(clip) == report
        assert lab.left_over() == []


async def test_what_was_measured_is_known_to_the_next_host_and_needs_no_worker(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        first = await measured(lab, "lufs", "true_peak_dbtp", clip=clip)
    async with laboratory(tmp_path / "home") as lab:
        again = await measured(lab, "true_peak_dbtp", "lufs", clip=clip)
        assert again == first
        assert lab.workers("audio") == []


async def test_of_many_who_ask_at_once_one_makes_a_worker_work(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home", places=4) as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))

        answers = await asyncio.gather(*(measured(lab, "report", "lufs", clip=clip) for _ in range(5)))

        assert all(answer == answers[0] and answer.ready for answer in answers)
        assert len(lab.workers("audio")) == 1, "two orders at once would have started two workers"


async def test_only_what_is_missing_is_measured(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        await measured(lab, "lufs", clip=clip)
        before = runs(lab)
        both = await measured(lab, "lufs", "speech_share", clip=clip)
        assert set(both.values) == {"lufs", "speech_share"}
        assert runs(lab) <= before + 2, "one new value in at most one new folder"


async def test_a_pitch_by_another_tracker_is_another_measure_and_a_loudness_is_not(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        harvest = await measured(lab, "f0", clip=clip)
        dio = await measured(lab, "f0", clip=clip, f0_method="dio")
        assert (harvest.values["f0"]["method"], dio.values["f0"]["method"]) == ("harvest", "dio")
        shapes = [MeasureOrder(clip, f0_method=method).shaping("lufs") for method in ("harvest", "dio")]
        assert shapes == [{}, {}]


async def test_two_who_ask_for_different_trackers_at_once_each_get_their_own(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home", places=4) as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        one, other = await asyncio.gather(
            measured(lab, "lufs", "f0", clip=clip), measured(lab, "lufs", "f0", clip=clip, f0_method="dio")
        )
        assert one.values["lufs"] == other.values["lufs"]
        assert (one.values["f0"]["method"], other.values["f0"]["method"]) == ("harvest", "dio")


async def test_what_takes_longer_goes_on_and_is_there_when_asked_again(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        facts = Clips(lab.store.clip("ann", clip))
        early = await lab.measuring.answer(MeasureOrder(clip, ("f0",)), facts, 0.0)
        assert not early.ready
        assert early.values == {}
        assert (await measured(lab, "f0", clip=clip)).ready


async def test_the_decoding_is_shared_with_the_jobs(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        await measured(lab, "lufs", clip=clip)
        from hay_say_lab.domain.request import Request, Step

        job = await lab.made(Request((Step("convert", "parrot:polly", {}),), clip=clip, seed=1))
        assert job.stages[0].task == "decode"
        assert job.stages[0].cached


async def test_a_clip_against_another_is_measured_by_what_they_differ_in(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        loud, quiet = [await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE, peak=peak)) for peak in (0.5, 0.25)]
        values = (await measured(lab, "level_difference_lu", "f0_error", clip=quiet, against=loud)).values
        assert values["level_difference_lu"] == pytest.approx(-20 * numpy.log10(2), abs=0.05)
        assert values["f0_error"]["voiced_frames"] == 0 or values["f0_error"]["rms_cents"] == pytest.approx(0.0, abs=1.0)


async def test_what_a_worker_refuses_everybody_who_waited_hears_and_nothing_is_kept(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(numpy.zeros(61 * 8000, numpy.float32), 8000)
        asked = [measured(lab, "mel_cepstral_distance_db", clip=clip, against=clip) for _ in range(2)]
        refusals = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(refusal) for refusal in refusals] == [TooLarge, TooLarge]
        (problem,) = refusals[0].problems   # type: ignore[union-attr]
        assert problem.fix.patch == ({"op": "add", "path": "/align", "value": False},)
        assert lab.left_over() == []


async def test_all_that_is_wrong_with_an_order_is_told_at_once(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        with pytest.raises(InvalidRequest) as refused:
            await measured(lab, "lufs", "beauty", "f0_error", clip=clip, f0_method="ears")
        assert [problem.field for problem in refused.value.problems] == ["measures.1", "against", "f0_method"]


async def test_jobs_go_on_while_a_clip_is_measured(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home", places=2) as lab:
        clip = await lab.clip(tone(1.0, sample_rate=SAMPLE_RATE))
        measuring = asyncio.create_task(measured(lab, "report", clip=clip))
        job, answer = await lab.made(say()), await measuring
        assert answer.ready
        assert job.artifact is not None
