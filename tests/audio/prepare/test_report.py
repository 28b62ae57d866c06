"""The input report says of a made clip what it was made of."""

from __future__ import annotations

import json

import numpy
import pytest

from hay_say_lab.audio.report import clipped_samples, report_on
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest
from tests.audio.prepare.speech import SAMPLE_RATE, in_noise, noise, speech


def test_a_voice_in_noise_is_described_as_it_was_made() -> None:
    said = speech(5.0, 200.0)
    samples = in_noise(said, 20.0)
    said_rms_db = 10 * numpy.log10(numpy.square(said.samples[~said.pauses], dtype=float).mean())
    report = report_on(Clip(samples, SAMPLE_RATE))
    assert report.seconds == 5.0
    assert report.f0_median_hz == pytest.approx(200.0, rel=0.02)
    assert report.f0_p5_hz == pytest.approx(numpy.percentile(said.f0_hz[said.voiced], 5), rel=0.05)
    assert report.noise_floor_db == pytest.approx(said_rms_db - 20.0, abs=1.0)
    assert report.snr_db == pytest.approx(20.0, abs=2.0)
    assert report.speech_share == pytest.approx((numpy.abs(said.samples) > 0.005).mean(), abs=0.08)
    assert report.clipped_samples == 0
    assert report.true_peak_dbtp == pytest.approx(20 * numpy.log10(numpy.abs(samples).max()), abs=0.5)


def test_a_report_is_a_json_document_whatever_the_clip() -> None:
    for samples in (numpy.zeros(8_000), numpy.full(8_000, 0.5), noise(8_000, 0.1), numpy.array([0.1])):
        report = report_on(Clip(samples.astype(numpy.float32), 8_000))
        assert json.loads(json.dumps(report.as_json(), allow_nan=False))["sample_rate"] == 8_000


def test_silence_has_no_level_and_no_voice() -> None:
    report = report_on(Clip(numpy.zeros(22_050, numpy.float32), 22_050))
    assert (report.lufs, report.true_peak_dbtp, report.f0_median_hz, report.dominant_band_hz) == (None, None, None, None)
    assert report.noise_floor_db == -120.0
    assert report.speech_share == 0.0


@pytest.mark.parametrize(("hertz", "band"), [(50.0, (31.25, 62.5)), (440.0, (250.0, 500.0)), (3000.0, (2000.0, 4000.0))])
def test_the_dominant_band_is_the_octave_of_the_tone(hertz: float, band: tuple[float, float]) -> None:
    tone = 0.5 + 0.3 * numpy.sin(2 * numpy.pi * hertz * numpy.arange(22_050) / 22_050)
    report = report_on(Clip(tone.astype(numpy.float32), 22_050))
    assert report.dominant_band_hz == band
    assert report.dominant_share > 0.9
    assert report.dc_offset == pytest.approx(0.5, abs=1e-3)


def test_clipped_samples_are_counted_at_full_scale_and_where_they_were_turned_down_later() -> None:
    sine = 2.0 * numpy.sin(2 * numpy.pi * 441 * numpy.arange(44_100) / 44_100)
    cut = numpy.clip(sine, -1.0, 1.0).astype(numpy.float32)
    wanted = int((numpy.abs(sine) >= 1.0).sum())
    assert clipped_samples(cut) == pytest.approx(wanted, abs=4)
    assert clipped_samples(0.5 * cut) == pytest.approx(wanted, abs=4)
    assert clipped_samples((0.45 * sine).astype(numpy.float32)) == 0
    assert clipped_samples(numpy.full(100, 0.5, numpy.float32)) == 0


def test_pitch_is_looked_for_where_a_long_clip_is_voiced() -> None:
    said = speech(5.0, 150.0, sample_rate=8_000)
    silence = noise(60 * 8_000, 1e-4)
    report = report_on(Clip(numpy.concatenate([silence, said.samples, silence]), 8_000))
    assert report.f0_seconds < 8.0
    assert report.f0_median_hz == pytest.approx(150.0, rel=0.04)
    assert report.speech_share == pytest.approx(3.5 / 125, abs=0.02)


def test_an_empty_clip_and_one_with_nan_are_refused() -> None:
    for samples in (numpy.zeros(0), numpy.array([0.0, numpy.nan])):
        with pytest.raises(InvalidRequest, match="empty or holds"):
            report_on(Clip(samples.astype(numpy.float32), 8_000))
