"""An hour needs no more memory of the process's own than a minute: every option works block by block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.audio import scratch
from hay_say_lab.audio.conversion import decode
from hay_say_lab.audio.finish import finish
from hay_say_lab.audio.objects import read_clip, write_clip
from hay_say_lab.audio.picture import picture_of
from hay_say_lab.audio.prepare import prepare
from hay_say_lab.domain.clip import Clip
from tests.audio.sounds import own_memory_kb, tone

SAMPLE_RATE = 8000
SHORT_SECONDS, LONG_SECONDS = 60, 900       # 2 and 29 MB as float32
SPARE_KB = 4 * LONG_SECONDS * SAMPLE_RATE // 1024 // 2      # half of one copy of the long clip

Work = Callable[[Clip, Callable[[float, str], None]], Any]


def _finishing(effects: tuple[dict[str, Any], ...] = (), **settings: Any) -> Work:
    return lambda clip, checkpoint: finish(clip, settings, effects, 7, checkpoint)[0]


@pytest.mark.parametrize(
    "work",
    [
        lambda clip, checkpoint: prepare(clip, {"high_pass_hz": 80, "resample_hz": 11_025}, checkpoint)[0],
        lambda clip, checkpoint: prepare(clip, {"crop_silence": True, "crop_pauses_seconds": 0.2}, checkpoint)[0],
        lambda clip, checkpoint: Clip(numpy.zeros(len(str(picture_of(clip)))), 1),
        _finishing(fade_in_seconds=1.0, fade_out_seconds=1.0, true_peak_db=-12.0),
        _finishing(({"effect": "compressor"}, {"effect": "delay"}, {"effect": "gain", "mix": 0.5})),
    ],
    ids=["high-pass and rate", "crop", "picture", "fades and ceiling", "effects"],
)
def test_a_long_clip_takes_no_more_memory_than_a_short_one(work: Work, tmp_path: Path) -> None:
    most = {}
    for seconds in (10, SHORT_SECONDS, LONG_SECONDS):       # the first one loads libraries
        (tmp_path / str(seconds)).mkdir()
        most[seconds] = _most_kb(work, seconds, tmp_path / str(seconds))

    assert most[LONG_SECONDS] - most[SHORT_SECONDS] < SPARE_KB


def _most_kb(work: Work, seconds: int, folder: Path) -> int:
    """The most memory of its own that this process held while a clip of so many seconds was worked on."""
    most = own_memory_kb()

    def checkpoint(fraction: float, message: str) -> None:
        nonlocal most
        most = max(most, own_memory_kb())

    with scratch.inside(folder):
        _write_speech(folder / "given.w64", seconds)
        made = work(read_clip(folder / "given.w64"), checkpoint)
    checkpoint(1.0, "held until here")
    write_clip(folder / "made.w64", made)
    checkpoint(1.0, "written")
    assert sorted(path.name for path in folder.iterdir()) == ["given.w64", "made.w64"]
    return most


def _write_speech(path: Path, seconds: int) -> None:
    """Tones with pauses between them."""
    once = tone(10.0, sample_rate=SAMPLE_RATE)
    once[: len(once) // 10] *= 0.001
    long = scratch.zeros(seconds * SAMPLE_RATE)
    for start in range(0, len(long), len(once)):
        long[start : start + len(once)] = once
    write_clip(path, Clip(long, SAMPLE_RATE))


def test_decoding_a_long_file_holds_no_more_than_a_block_of_it(tmp_path: Path) -> None:
    _write_speech(tmp_path / "long.w64", LONG_SECONDS)
    before = most = own_memory_kb()
    told: list[float] = []

    def checkpoint(fraction: float, message: str) -> None:
        nonlocal most
        most = max(most, own_memory_kb())
        told.append(fraction)

    clip = decode(tmp_path / "long.w64", checkpoint)

    assert len(clip.samples) == LONG_SECONDS * SAMPLE_RATE
    assert max(most, own_memory_kb()) - before < SPARE_KB
    assert told == sorted(told)
    assert 0.0 < told[0] < told[-1] <= 1.0
