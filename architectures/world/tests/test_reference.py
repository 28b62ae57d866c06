"""What makes a voice, what makes one with a warning, and what makes none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import resample

from hay_say_lab.plugin import Clip, InvalidRequest
from hay_say_world.profile import load
from hay_say_world.runtime import WorldRuntime

RATE = 16_000
SECONDS = 3
TIME = np.arange(SECONDS * RATE) / RATE
RANDOM = np.random.default_rng(11)

Speaker = Callable[[str], Clip]
Stage = Callable[..., Any]


def sweep() -> np.ndarray:
    """A siren between 100 and 300 Hz, as a sawtooth: it has a pitch, and it moves."""
    return 0.5 * (np.cumsum(200 + 100 * np.sin(np.pi * TIME)) / RATE % 1 - 0.5)


HOSTILE = {
    "silence": (np.zeros(len(TIME)), "silent"),
    "nearly silence": (1e-5 * RANDOM.standard_normal(len(TIME)), "silent"),
    "a direct current": (np.full(len(TIME), 0.5), "silent"),
    "numbers below all floats' hearing": (np.full(len(TIME), 1e-40), "silent"),
    "not a number": (np.where(TIME == 1.0, np.nan, 0.1), "not numbers"),
    "infinity": (np.where(TIME == 1.0, np.inf, 0.1), "not numbers"),
    "nothing": (np.zeros(0), "no mono samples"),
    "white noise": (0.3 * RANDOM.standard_normal(len(TIME)), "hardly any voice"),
    "clicks": (np.where(np.arange(len(TIME)) % 107 == 0, 0.9, 0.0), "hardly any voice|does not sound"),
    "a constant tone": (0.5 * np.sin(2 * np.pi * 200 * TIME), "hardly any voice"),
    "a constant buzz": (0.5 * (150 * TIME % 1 - 0.5), "does not sound like speech"),
    "a siren": (sweep(), "does not sound like speech"),
    "a square wave": (0.9 * np.sign(np.sin(2 * np.pi * 150 * TIME)), "overdriven"),
    "mains hum": (0.5 * np.sin(100 * np.pi * TIME) + 0.1 * np.sin(300 * np.pi * TIME), "hardly any voice"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_reference_is_refused_with_a_reason_and_a_way_out(name: str, stage: Stage) -> None:
    samples, reason = HOSTILE[name]
    context = stage()
    with pytest.raises(InvalidRequest, match=reason) as caught:
        WorldRuntime().fit(Clip(samples.astype(np.float32), RATE), context)
    (problem,) = caught.value.problems
    assert problem.field == "reference"
    assert problem.fix.label
    assert not list(context.out.glob("*.safetensors"))      # nothing half-made is left


def test_speech_driven_into_squares_is_refused(source: Speaker, stage: Stage) -> None:
    clip = source("man")
    squares = Clip(np.clip(clip.samples * 200, -1, 1).astype(np.float32), clip.sample_rate)
    with pytest.raises(InvalidRequest, match="overdriven"):
        WorldRuntime().fit(squares, stage())


@pytest.mark.parametrize(("rate", "seconds"), [(8000, 5), (96_000, 5)])
def test_rates_that_the_manifest_does_not_promise_are_refused(rate: int, seconds: int, stage: Stage) -> None:
    with pytest.raises(InvalidRequest, match="samples a second"):
        WorldRuntime().fit(Clip(np.full(rate * seconds, 0.1, np.float32), rate), stage())


def test_too_short_and_too_long_are_refused(source: Speaker, stage: Stage) -> None:
    clip = source("man")
    too_short = Clip(clip.samples[: int(2.9 * clip.sample_rate)], clip.sample_rate)
    with pytest.raises(InvalidRequest, match=r"2\.9 s long; at least 3 s"):
        WorldRuntime().fit(too_short, stage())
    too_long = Clip(np.full(601 * RATE, 0.1, np.float32), RATE)
    with pytest.raises(InvalidRequest, match="601 s long; at most 600 s"):
        WorldRuntime().fit(too_long, stage())


def test_a_short_reference_makes_a_voice_with_a_warning(source: Speaker, stage: Stage) -> None:
    clip = source("woman")
    result = WorldRuntime().fit(Clip(clip.samples[: 4 * clip.sample_rate], clip.sample_rate), stage())
    report = result.documents["report"]
    assert any("only 4.0 s" in warning for warning in report["warnings"])
    assert load(result.files["profile"]).pitch.median_hz == pytest.approx(report["median_f0_hz"], rel=1e-3)


def test_a_good_reference_makes_the_same_voice_every_time_and_no_warnings(
    reference: Speaker, fitted: Callable[[str], Path], stage: Stage
) -> None:
    context = stage()
    result = WorldRuntime().fit(reference("woman"), context)
    assert result.files["profile"].read_bytes() == fitted("woman").read_bytes()
    report = result.documents["report"]
    assert report["warnings"] == []
    assert report["seconds"] == pytest.approx(reference("woman").seconds, abs=1e-3)
    assert 210 < report["median_f0_hz"] < 250
    assert report["voiced_seconds"] > 8
    assert report["timbre_tops_hz"] == [8000, 11025]
    fractions = [fraction for fraction, _ in context.checkpoints]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0, abs=0.01)


def test_an_offset_and_a_wild_level_do_not_matter(source: Speaker, stage: Stage) -> None:
    clip = source("man")
    few = clip.samples[: 4 * clip.sample_rate]
    plain = WorldRuntime().fit(Clip(few, clip.sample_rate), stage()).documents["report"]
    moved = Clip((few * 1e6 + 3e5).astype(np.float32), clip.sample_rate)
    report = WorldRuntime().fit(moved, stage()).documents["report"]
    assert report["median_f0_hz"] == pytest.approx(plain["median_f0_hz"], rel=0.02)
    assert report["voiced_seconds"] == pytest.approx(plain["voiced_seconds"], rel=0.1)


def test_a_recording_that_was_once_at_a_lower_rate_is_not_asked_about_its_empty_top(
    source: Speaker, stage: Stage
) -> None:
    clip = source("man")
    few = clip.samples[: 4 * clip.sample_rate]
    upsampled = resample(few, 2 * len(few)).astype(np.float32)
    report = WorldRuntime().fit(Clip(upsampled, 2 * clip.sample_rate), stage()).documents["report"]
    assert report["timbre_tops_hz"] == [8000, 11025]
