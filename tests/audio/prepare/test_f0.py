"""Pitch contours against a voice whose pitch is known."""

from __future__ import annotations

import importlib.util

import numpy
import pytest
import pyworld

from hay_say_lab.audio.f0 import Contour, Method, f0_contour, frame_count
from hay_say_lab.errors import InvalidRequest, Unavailable
from tests.audio.prepare.speech import Speech, in_noise, median_cents, noise, speech

HAS_LIBROSA = importlib.util.find_spec("librosa") is not None


def known_hz(said: Speech, frames: int) -> numpy.ndarray:
    """The voice's pitch (frames,) at the centres of the contour's frames."""
    at = numpy.rint(numpy.arange(frames) * said.sample_rate / 200).astype(int)
    return said.f0_hz[at.clip(0, len(said.f0_hz) - 1)]


METHODS = [
    "harvest",
    "dio",
    pytest.param("pyin", marks=pytest.mark.skipif(not HAS_LIBROSA, reason="librosa is not installed")),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("hertz", [90.0, 240.0])
def test_a_tracker_finds_the_pitch_and_the_voicing(method: Method, hertz: float) -> None:
    said = speech(2.2, hertz)
    found = f0_contour(said.samples, said.sample_rate, method)
    known = known_hz(said, len(found.f0_hz))
    assert len(found.f0_hz) == len(found.confidence) == frame_count(len(said.samples), said.sample_rate)
    assert median_cents(found.f0_hz, known) == pytest.approx(0.0, abs=15.0 if method == "pyin" else 10.0)
    assert ((found.f0_hz > 0) == (known > 0)).mean() > 0.9


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 48_000])
def test_the_rate_of_the_recording_does_not_matter(sample_rate: int) -> None:
    said = speech(1.6, 150.0, sample_rate)
    found = f0_contour(said.samples, sample_rate, "dio")
    assert median_cents(found.f0_hz, known_hz(said, len(found.f0_hz))) == pytest.approx(0.0, abs=10.0)


def test_confidence_is_high_in_a_voice_and_falls_with_noise() -> None:
    said = speech(1.6)
    confidence = []
    for samples in (said.samples, in_noise(said, 5.0)):
        found = f0_contour(samples, said.sample_rate)
        voiced = (found.f0_hz > 0) & (known_hz(said, len(found.f0_hz)) > 0)
        confidence.append(float(found.confidence[voiced].mean()))
    assert confidence[0] > 0.8
    assert confidence == sorted(confidence, reverse=True)


def test_what_a_tracker_takes_for_a_voice_in_noise_has_no_confidence() -> None:
    found = f0_contour(noise(22_050, 0.2), 22_050)
    assert found.confidence.max() < 0.5
    assert not found.confidence[found.f0_hz == 0].any()


def test_blocks_do_not_show() -> None:
    """A clip of more than one block (3 s), held against Harvest over the whole of it."""
    said = speech(4.5, sample_rate=16_000)
    level = 2.0 * said.samples[: 16_000 * 4 + 1].astype(float)
    whole, _ = pyworld.harvest(level, 16_000, f0_floor=60.0, f0_ceil=800.0, frame_period=5.0)
    pieces = f0_contour((level / 2).astype(numpy.float32), 16_000).f0_hz
    assert len(pieces) == len(whole)
    assert ((whole > 0) == (pieces > 0)).mean() > 0.99
    both = (whole > 0) & (pieces > 0)
    cents = numpy.abs(1200 * numpy.log2(pieces[both] / whole[both]))
    assert numpy.median(cents) < 0.01
    assert cents.max() < 20.0           # where a voice sets in; elsewhere thousandths of a cent


def test_percentiles_are_of_the_voiced_frames_alone() -> None:
    contour = Contour("dio", numpy.array([0.0, 100.0, 200.0, 300.0, 0.0]), numpy.zeros(5, numpy.float32))
    assert contour.percentile_hz(50.0) == 200.0
    assert contour.voiced_share == pytest.approx(0.6)
    assert Contour("dio", numpy.zeros(5), numpy.zeros(5, numpy.float32)).percentile_hz(50.0) is None


@pytest.mark.skipif(HAS_LIBROSA, reason="librosa is installed")
def test_pyin_without_librosa_says_what_to_install() -> None:
    with pytest.raises(Unavailable, match=r"pip install librosa"):
        f0_contour(noise(8_000, 0.1), 8_000, "pyin")


@pytest.mark.parametrize(("low", "high"), [(300.0, 200.0), (0.0, 500.0), (60.0, 9000.0)])
def test_bounds_that_are_none_are_refused(low: float, high: float) -> None:
    with pytest.raises(InvalidRequest, match="cannot be searched"):
        f0_contour(noise(8_000, 0.1), 8_000, "dio", low, high)
