"""Everything after the voice: what is on runs in its order, what is off is not there."""

from __future__ import annotations

import time
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.effects import PRESETS
from hay_say_lab.audio.finish import FINISH_CONTROLS, finish
from hay_say_lab.audio.level import true_peak_dbtp
from hay_say_lab.audio.loudness import integrated_lufs
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.errors import InvalidRequest
from tests.audio.finish.voices import SAMPLE_RATE, pitch_of, spoken_and_vocoded, voice

CLIP = Clip(voice(0.8), SAMPLE_RATE)
EVERYTHING: dict[str, Any] = {
    "metallic": 0.8, "auto_tune_key": "c", "speed": 1.2, "loudness_lufs": -18.0, "true_peak_db": -1.5,
    "fade_in_seconds": 0.05, "fade_out_seconds": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("settings", [{}, with_defaults(FINISH_CONTROLS, {}), {"auto_tune_strength": 0.3}])
def test_everything_off_gives_the_same_clip(settings: dict[str, Any]) -> None:
    finished, report = finish(CLIP, settings, [], seed=1)
    assert finished is CLIP
    assert report == {}


@pytest.mark.parametrize(
    "settings",
    [
        {"auto_tune_key": "c", "auto_tune_strength": 0.0},
        {"metallic": 0, "speed": 1, "fade_in_seconds": 0},
        {"true_peak_db": 0.0},                                      # nothing is that loud
    ],
)
def test_an_option_without_effect_gives_the_same_samples(settings: dict[str, Any]) -> None:
    assert finish(CLIP, settings, [{"effect": "reverb", "mix": 0.0}], seed=1)[0].samples is CLIP.samples


@pytest.mark.parametrize(
    ("settings", "step"),
    [
        ({"metallic": 1.0}, "metallic"),
        ({"auto_tune_key": "c"}, "auto_tune"),
        ({"speed": 1.5}, "speed"),
        ({"loudness_lufs": -20.0}, "loudness"),
        ({"true_peak_db": -12.0}, "loudness"),
        ({"fade_in_seconds": 0.2}, "fades"),
        ({"fade_out_seconds": 0.2}, "fades"),
    ],
)
def test_each_option_runs_alone_and_changes_the_sound(settings: dict[str, Any], step: str) -> None:
    clip = Clip(spoken_and_vocoded()[1], SAMPLE_RATE)
    finished, report = finish(clip, settings, [], seed=1)
    assert list(report) == [step]
    assert finished.sample_rate == SAMPLE_RATE
    assert not numpy.array_equal(finished.samples, clip.samples)


def test_the_steps_come_in_their_order_and_effects_are_not_slowed_down() -> None:
    chain = [{"effect": "delay", "settings": {"time_seconds": 0.5}}]
    finished, report = finish(CLIP, EVERYTHING, chain, seed=1)
    assert list(report) == ["metallic", "auto_tune", "speed", "effects", "fades", "loudness"]
    assert len(finished.samples) == round(len(CLIP.samples) / 1.2) + round(report["effects"]["added_seconds"] * SAMPLE_RATE)


@pytest.mark.parametrize("target", [-30.0, -23.0, -16.0])
def test_the_result_has_the_loudness_and_keeps_the_ceiling(target: float) -> None:
    finished, report = finish(CLIP, {"loudness_lufs": target, "fade_out_seconds": 0.2}, [], seed=1)
    assert integrated_lufs(finished.samples, SAMPLE_RATE) == pytest.approx(target, abs=0.5)
    assert (true_peak_dbtp(finished.samples, SAMPLE_RATE) or 0.0) <= -1.0 + 0.01
    assert report["loudness"]["lufs"] == pytest.approx(target, abs=0.5)


@pytest.mark.parametrize("ceiling", [-20.0, -9.0])
def test_a_ceiling_alone_holds_the_peaks_and_nothing_else(ceiling: float) -> None:
    finished, _ = finish(CLIP, {"true_peak_db": ceiling}, [], seed=1)
    assert (true_peak_dbtp(finished.samples, SAMPLE_RATE) or 0.0) <= ceiling + 0.01


def test_the_melody_of_a_source_is_followed() -> None:
    source = Clip(voice(0.8, hertz=145.0), SAMPLE_RATE)
    finished, report = finish(CLIP, {"auto_tune_key": "source"}, [], seed=1, source=source)
    wanted, sung = pitch_of(source.samples), pitch_of(finished.samples)
    both = (wanted > 0) & (sung > 0)
    assert report["auto_tune"]["to"] == "source"
    assert numpy.median(1200 * numpy.abs(numpy.log2(sung[both] / wanted[both]))) < 10


def test_without_a_source_there_is_nothing_to_follow() -> None:
    with pytest.raises(InvalidRequest, match="no source recording") as refused:
        finish(CLIP, {"auto_tune_key": "source"}, [], seed=1)
    assert refused.value.problems[0].field == "finish.auto_tune_key"


def test_all_problems_come_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        finish(CLIP, {"speed": 9, "metalic": 1, "auto_tune_key": "h"}, [{"effect": "x"}, {"effect": "gain", "mix": 2}], 1)
    assert [problem.field for problem in refused.value.problems] == [
        "finish.speed", "finish.metalic", "finish.auto_tune_key", "effects.0.effect", "effects.1.mix",
    ]  # fmt: skip


def test_the_same_again_is_the_same_bytes() -> None:
    chain = [*PRESETS["crowd"].chain, *PRESETS["radio"].chain]
    one, again = (finish(CLIP, EVERYTHING, chain, seed=7) for _ in range(2))
    assert one[0].samples.tobytes() == again[0].samples.tobytes()
    assert one[1] == again[1]


def test_the_checkpoint_hears_rising_shares_often_enough() -> None:
    clip = Clip(numpy.tile(CLIP.samples, 3), SAMPLE_RATE)
    told: list[tuple[float, str]] = []
    computed = [time.process_time()]

    def checkpoint(fraction: float, message: str) -> None:
        told.append((fraction, message))
        computed.append(time.process_time())

    finish(clip, EVERYTHING, PRESETS["hall"].chain, 1, checkpoint)

    shares = [fraction for fraction, _ in told]
    assert shares == sorted(shares)
    assert shares[0] >= 0.0
    assert shares[-1] <= 1.0
    assert all(message for _, message in told)
    assert numpy.diff(computed).max() < 2.0, "once a second of computing; a processor that is shared computes slower"


def test_a_checkpoint_that_raises_stops_it() -> None:
    class Stopped(Exception):
        pass

    def checkpoint(fraction: float, message: str) -> None:
        if fraction > 0.3:
            raise Stopped

    with pytest.raises(Stopped):
        finish(CLIP, EVERYTHING, [], 1, checkpoint)


def test_the_clip_itself_is_never_written_to() -> None:
    before = CLIP.samples.copy()
    CLIP.samples.setflags(write=False)
    try:
        finish(CLIP, EVERYTHING, PRESETS["studio"].chain, 1)
    finally:
        CLIP.samples.setflags(write=True)
    assert numpy.array_equal(CLIP.samples, before)
