"""How much audio a stage is about: by what is known of a recording, never by the size of its file."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab.audio.inspection import inspect
from hay_say_lab.audio.objects import write_clip
from hay_say_lab.domain.clip import Clip, ClipFacts
from hay_say_lab.domain.job import Job, Stage, State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.estimate import audio_seconds
from hay_say_lab.storage.objects import ObjectStore, hash_file

STEPS = (Step("convert", "parrot:polly"),)


def _job(request: Request, *stages: Stage, current: int) -> Job:
    return Job("j", "ann", State.QUEUED, request, "", "", stages=stages, current=current)


def _nothing_sent(owner: str, sha256: str) -> ClipFacts:
    raise AssertionError("nobody sent anything")


@pytest.mark.parametrize(("container", "sample_rate"), [("FLAC", 48_000), ("OGG", 8000), ("WAV", 96_000)])
def test_an_upload_lasts_as_long_as_it_sounds(container: str, sample_rate: int, tmp_path: Path) -> None:
    """Ten seconds of silence: a few bytes in one container, two megabytes in another."""
    soundfile.write(tmp_path / "upload", numpy.zeros(10 * sample_rate, numpy.float32), sample_rate, format=container)
    facts = inspect(tmp_path / "upload", hash_file(tmp_path / "upload"))
    decode = Stage(0, "decode", "decode", "audio", inputs={"upload": "upload"})
    job = _job(Request(STEPS, clip=facts.sha256), decode, current=0)

    found = audio_seconds(job, ObjectStore(tmp_path), lambda owner, sha256: {("ann", facts.sha256): facts}[owner, sha256])

    assert found == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize("sample_rate", [8000, 22_050, 48_000])
def test_a_clip_between_stages_lasts_as_long_as_it_sounds(sample_rate: int, tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.w64", Clip(numpy.zeros(3 * sample_rate, numpy.float32), sample_rate))
    objects = ObjectStore(tmp_path / "objects")
    (tmp_path / "objects").mkdir()
    made = objects.publish(tmp_path / "clip.w64")
    decode = Stage(0, "decode", "decode", "audio", outputs={"clip": made}, done=True)
    step = Stage(1, "step", "convert", "parrot", inputs={"clip": "0.clip"})
    job = _job(Request(STEPS, clip="c" * 64), decode, step, current=1)

    assert audio_seconds(job, objects, _nothing_sent) == pytest.approx(3.0)


def test_a_text_counts_by_its_letters(tmp_path: Path) -> None:
    request = Request((Step("speak", "parrot:polly"),), text=RequestText("x" * 130))
    job = _job(request, Stage(0, "step", "speak", "parrot"), current=0)
    assert audio_seconds(job, ObjectStore(tmp_path), _nothing_sent) == pytest.approx(10.0)
