"""Two sounds together, on the same samples."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.audio.level import true_peak_dbtp
from hay_say_lab.audio.mix import blend, mix
from hay_say_lab.domain.clip import Clip

RATE = 16_000


def _clip(seconds: float, hertz: float = 200.0, peak: float = 0.3, sample_rate: int = RATE) -> Clip:
    times = numpy.arange(round(seconds * sample_rate)) / sample_rate
    return Clip((peak * numpy.sin(2 * numpy.pi * hertz * times)).astype(numpy.float32), sample_rate)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5], ids=["a shorter", "as long", "a longer"])
def test_a_background_lies_under_the_voice_from_the_first_sample_on(seconds: float) -> None:
    voice, background = _clip(1.0), _clip(seconds, 90.0)
    mixed, report = mix(voice, background, -6.0)
    wanted = voice.samples.copy()
    count = min(len(wanted), len(background.samples))
    wanted[:count] += 10 ** (-6 / 20) * background.samples[:count]
    assert numpy.abs(mixed.samples - wanted).max() < 1e-6
    assert (mixed.sample_rate, mixed.samples.dtype) == (RATE, numpy.float32)
    assert report == {"background_db": -6.0, "ceiling_dbtp": -1.0, "lowest_gain": 1.0}


def test_a_background_at_another_rate_keeps_its_moments() -> None:
    mixed, _ = mix(Clip(numpy.zeros(RATE, numpy.float32), RATE), _clip(1.0, sample_rate=48_000), 0.0)
    assert numpy.abs(mixed.samples - _clip(1.0).samples)[200:-200].max() < 1e-3


def test_a_sum_that_is_too_loud_is_held_below_its_ceiling() -> None:
    mixed, report = mix(_clip(1.0, peak=0.9), _clip(1.0, peak=0.9), 0.0, -3.0)
    peak = true_peak_dbtp(mixed.samples, RATE)
    assert peak is not None
    assert peak <= -2.95
    assert report["lowest_gain"] < 0.5


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_wet_and_dry_share_and_what_rings_on_is_kept(share: float) -> None:
    dry, wet = _clip(1.0), _clip(1.4, 300.0)
    blended = blend(dry, wet, share)
    wanted = share * wet.samples
    wanted[:RATE] += (1.0 - share) * dry.samples
    assert numpy.abs(blended.samples - wanted).max() < 1e-6
    assert len(blend(wet, dry, share).samples) == len(wet.samples)
