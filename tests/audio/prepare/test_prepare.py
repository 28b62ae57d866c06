"""Prepare as a whole: off changes nothing, the same twice, in its order, and no clip is too strange for it."""

from __future__ import annotations

import json
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.loudness import integrated_lufs
from hay_say_lab.audio.prepare import PREPARE_CONTROLS, prepare
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.errors import InvalidRequest, JobCancelled
from tests.audio.prepare.speech import SAMPLE_RATE, in_noise, noise, speech

EVERYTHING: dict[str, Any] = {
    "start_seconds": 0.2,
    "end_seconds": 2.5,
    "resample_hz": 16_000,
    "high_pass_hz": 80,
    "noise_reduction": 0.7,
    "crop_silence": True,
    "crop_pauses_seconds": 0.2,
    "pitch_semitones": 2.0,
    "debug_pitch": True,
    "loudness_lufs": -20.0,
}
ONE_BY_ONE = [{name: value} for name, value in EVERYTHING.items()]


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip(in_noise(speech(3.0), 20.0), SAMPLE_RATE)


@pytest.mark.parametrize("settings", [{}, with_defaults(PREPARE_CONTROLS, {}), {"noise_reduction": 0.0}])
def test_off_gives_back_the_very_same_clip(settings: dict[str, Any], clip: Clip) -> None:
    before = clip.samples.tobytes()
    prepared, report = prepare(clip, settings)
    assert prepared.samples is clip.samples
    assert clip.samples.tobytes() == before
    assert report == {"applied": []}


def test_every_control_is_off_by_default_and_does_something_when_it_is_on(clip: Clip) -> None:
    assert {control.name for control in PREPARE_CONTROLS} == set(EVERYTHING)
    for settings in ONE_BY_ONE:
        before = clip.samples.tobytes()
        prepared, report = prepare(clip, settings)
        assert len(report["applied"]) == 1
        assert prepared.samples.tobytes() != before, settings
        assert clip.samples.tobytes() == before, f"{settings} wrote into its input"
        assert prepared.samples.dtype == numpy.float32


def test_the_same_request_gives_the_same_samples_twice(clip: Clip) -> None:
    first, report = prepare(clip, EVERYTHING)
    second, again = prepare(clip, EVERYTHING)
    assert first.samples.tobytes() == second.samples.tobytes()
    assert report == again


def test_the_stages_come_in_their_order_and_the_report_is_a_document(clip: Clip) -> None:
    prepared, report = prepare(clip, EVERYTHING)
    assert report["applied"] == ["cut", "resample", "high_pass", "noise_reduction", "crop", "pitch", "pitch_tone", "loudness"]
    assert set(report) == {"applied", *report["applied"]}
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    spans = report["crop"]["kept_seconds"]
    assert sum(end - start for start, end in spans) == pytest.approx(prepared.seconds, abs=1e-6)
    assert report["crop"]["removed_seconds"] == pytest.approx(2.3 - prepared.seconds, abs=1e-6), "of the part"


def test_loudness_comes_last_and_is_within_half_a_lu(clip: Clip) -> None:
    settings = {"noise_reduction": 1.0, "high_pass_hz": 100, "crop_silence": True, "loudness_lufs": -18.0}
    prepared, report = prepare(clip, settings)
    assert integrated_lufs(prepared.samples, SAMPLE_RATE) == pytest.approx(-18.0, abs=0.5)
    assert report["loudness"]["reached_lufs"] == pytest.approx(-18.0, abs=0.5)


HOSTILE = {
    "silence": (numpy.zeros(5_000), 16_000),
    "dc": (numpy.full(5_000, 0.7), 16_000),
    "one sample": (numpy.array([0.5]), 44_100),
    "two samples": (numpy.array([0.5, -0.5]), 44_100),
    "0.02 s": (noise(882, 0.1), 44_100),
    "clipped": (numpy.sign(noise(5_000, 0.1)), 16_000),
    "huge peak": (numpy.where(numpy.arange(5_000) == 2_000, 1e6, noise(5_000, 0.1)), 16_000),
    "largest floats": (3.4e38 * numpy.sign(noise(4_000, 0.1)), 16_000),
    "smallest floats": (1e-40 * noise(4_000, 0.1), 16_000),
    "far below hearing": (1e-9 * noise(5_000, 0.1), 16_000),
    "8 kHz": (speech(1.6, sample_rate=8_000).samples, 8_000),
    "192 kHz": (noise(40_000, 0.1), 192_000),
    "lowest rate": (noise(150, 0.1), 100),
    "odd rate": (noise(9_000, 0.1), 17_389),
    "half digital silence": (numpy.concatenate([numpy.zeros(4_000), noise(4_000, 0.1)]), 16_000),
    "ends in a click": (numpy.concatenate([numpy.zeros(4_000), [1.0]]), 16_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_clip_is_too_strange(name: str) -> None:
    samples, sample_rate = HOSTILE[name]
    clip = Clip(numpy.asarray(samples).astype(numpy.float32), sample_rate)
    parts = {"start_seconds", "resample_hz"} if len(samples) < 2 else {"start_seconds"}     # what leaves nothing of these
    everything = {name: value for name, value in EVERYTHING.items() if name not in parts}
    for settings in (*({name: value} for name, value in everything.items()), everything):
        prepared, report = prepare(clip, settings)
        assert prepared.sample_rate == settings.get("resample_hz", sample_rate)
        assert numpy.isfinite(prepared.samples).all(), settings
        assert len(prepared.samples) > 0
        if settings.keys() <= {"high_pass_hz", "noise_reduction", "pitch_semitones", "debug_pitch", "loudness_lufs"}:
            assert len(prepared.samples) == len(clip.samples), settings
        json.dumps(report, allow_nan=False)


@pytest.mark.parametrize(
    ("settings", "first", "last"),
    [
        ({"start_seconds": 1.0}, 22_050, 66_150),
        ({"end_seconds": 1.0}, 0, 22_050),
        ({"start_seconds": 0.5, "end_seconds": 1.25}, 11_025, 27_562),      # 27562.5 is between two samples
        ({"end_seconds": 99.0}, 0, 66_150),                                 # behind the end is the end
        ({"start_seconds": 0.0001}, 2, 66_150),
    ],
)
def test_a_part_is_cut_out_to_the_sample_and_the_report_says_which(
    settings: dict[str, float], first: int, last: int, clip: Clip
) -> None:
    prepared, report = prepare(clip, settings)
    assert prepared.samples.tobytes() == clip.samples[first:last].tobytes()
    assert report["cut"] == {"start_seconds": first / SAMPLE_RATE, "end_seconds": last / SAMPLE_RATE}


@pytest.mark.parametrize("settings", [{"start_seconds": 3.0}, {"start_seconds": 2.0, "end_seconds": 1.0}])
def test_a_part_that_holds_nothing_is_refused(settings: dict[str, float], clip: Clip) -> None:
    with pytest.raises(InvalidRequest, match="Nothing is left") as refusal:
        prepare(clip, settings)
    assert refusal.value.problems[0].field == "prepare.start_seconds"


def test_another_rate_keeps_what_it_can_hold_and_takes_what_it_cannot() -> None:
    seconds = numpy.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    low, high = (0.2 * numpy.sin(2 * numpy.pi * hertz * seconds) for hertz in (1000.0, 6000.0))
    prepared, report = prepare(Clip((low + high).astype(numpy.float32), SAMPLE_RATE), {"resample_hz": 8000})

    assert report["resample"] == {"from_hz": SAMPLE_RATE, "to_hz": 8000, "method": "soxr VHQ"}
    assert (prepared.sample_rate, prepared.seconds) == (8000, 2.0)
    wanted = 0.2 * numpy.sin(2 * numpy.pi * 1000.0 * numpy.arange(16_000) / 8000)
    assert numpy.abs(prepared.samples - wanted)[800:-800].max() < 1e-4, "6 kHz are gone, 1 kHz is as it was"


def test_less_than_one_sample_at_the_new_rate_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="shorter than one sample") as refusal:
        prepare(Clip(numpy.ones(1, numpy.float32), 44_100), {"resample_hz": 8000})
    assert refusal.value.problems[0].field == "prepare.resample_hz"


@pytest.mark.parametrize(
    ("samples", "said"),
    [(numpy.zeros(0), "length is zero"), (numpy.array([0.0, numpy.nan, 0.1]), "not numbers"), (numpy.array([numpy.inf]), "not numbers")],
)
def test_what_is_no_sound_is_refused(samples: numpy.ndarray, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        prepare(Clip(samples.astype(numpy.float32), 16_000), {"high_pass_hz": 80})


def test_settings_that_are_none_are_refused_all_at_once(clip: Clip) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        prepare(clip, {"pitch_semitones": 26, "noise_reduction": 2, "treble": 1})
    fields = {problem.field for problem in refusal.value.problems}
    assert fields == {"prepare.pitch_semitones", "prepare.noise_reduction", "prepare.treble"}


def test_the_checkpoint_hears_of_progress_that_never_goes_back(clip: Clip) -> None:
    heard: list[float] = []
    prepare(clip, EVERYTHING, lambda fraction, message: heard.append(fraction))
    assert heard == sorted(heard)
    assert heard[0] == 0.0
    assert heard[-1] == 1.0
    assert len(heard) > 12


@pytest.mark.parametrize("settings", ONE_BY_ONE, ids=lambda settings: next(iter(settings)))
def test_a_checkpoint_that_raises_stops_every_stage(settings: dict[str, Any], clip: Clip) -> None:
    calls = 0

    def stop(fraction: float, message: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise JobCancelled("stopped")

    with pytest.raises(JobCancelled):
        prepare(clip, settings, stop)
    assert calls == 2
