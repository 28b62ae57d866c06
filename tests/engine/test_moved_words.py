"""After crop and speed a word's time still lies where its energy is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.news import News
from hay_say_lab.service.views import job_view
from tests.engine.laboratory import POLLY, Laboratory, laboratory

BODY = '<speak><break time="2s"/>seven <break time="1500ms"/> eleven</speak>'
CROPPED = {"crop_silence": True, "crop_pauses_seconds": 0.2}


def _request(**changes: Any) -> Request:
    steps = (Step("speak", "espeak_ng:en-us"), Step("convert", POLLY))
    return Request(steps, text=RequestText(BODY, markup="ssml"), seed=7).evolve(**changes)


def _told(lab: Laboratory, job: Job) -> tuple[list[tuple[str, float, float]], float]:
    """(word, start, end) in seconds as the player gets them, and which share of the sound's energy lies in words."""
    assert job.state is State.SUCCEEDED, job.error
    outputs = job_view(job, News(), None).outputs
    timings = json.loads(lab.objects.open_path(outputs["timings"]).read_bytes())
    clip = read_clip(lab.objects.open_path(outputs["clip"]))
    energy = numpy.cumsum(numpy.concatenate([[0.0], clip.samples.astype(numpy.float64) ** 2]))
    words, inside = [], 0.0
    for word in timings["words"]:
        start, end = word["start"] / timings["sample_rate"], word["end"] / timings["sample_rate"]
        words.append((word["text"], start, end))
        first, last = (min(round(at * clip.sample_rate), len(clip.samples)) for at in (start, end))
        inside += energy[last] - energy[first]
    return words, inside / energy[-1]


async def test_a_words_time_after_crop_and_speed_lies_where_its_energy_is(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        plain, share = _told(lab, await lab.made(_request()))
        assert [word for word, _, _ in plain] == ["seven", "eleven"]
        assert share > 0.99
        assert plain[1][1] > 3.5
        for changes in ({"prepare": CROPPED}, {"finish": {"speed": 1.6}}, {"prepare": CROPPED, "finish": {"speed": 0.6}}):
            words, share = _told(lab, await lab.made(_request(**changes)))
            assert [word for word, _, _ in words] == ["seven", "eleven"]
            assert share > 0.97, (changes, share)
            speed = changes.get("finish", {}).get("speed", 1.0)
            assert abs((words[0][2] - words[0][1]) * speed - (plain[0][2] - plain[0][1])) < 0.01
        assert words[1][1] < 0.5 * plain[1][1] / 0.6, "the pauses are gone"


async def test_where_nothing_moves_time_nobody_makes_the_timings_anew(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(_request(prepare={"pitch_semitones": 2}, finish={"fade_in_seconds": 0.01}))
        assert [stage.task for stage in job.stages if "timings" in stage.outputs] == ["speak"]
        assert all("timings" not in stage.inputs for stage in job.stages)


async def test_a_voice_that_tells_no_timings_is_cropped_all_the_same(tmp_path: Path, monkeypatch: Any) -> None:
    from tests.engine.plugins import install

    mute = 'MANIFEST = manifest("mute", (Offer(task="speak", text=PLAIN),))\n'
    speaks = "class Odd(Runtime):\n    def speak(self, voice, text, settings, context):\n        return Result(BEEP)\n"
    install(tmp_path / "site", "mute", mute + speaks, monkeypatch)
    async with laboratory(tmp_path / "home") as lab:
        request = Request((Step("speak", "mute:one"),), text=RequestText("One."), seed=1, finish={"speed": 2.0})
        job = await lab.made(request)
        assert job.state is State.SUCCEEDED, job.error
        assert "timings" not in job_view(job, News(), None).outputs
