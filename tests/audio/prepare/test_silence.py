"""Cropping takes pauses and never a voice."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.audio.silence import PAD_SECONDS, Span, activity_of, keep, spans_heard
from tests.audio.prepare.speech import SAMPLE_RATE, Speech, in_noise, noise, speech


def kept_by(spans: tuple[Span, ...], count: int) -> numpy.ndarray:
    """(count,) bool"""
    kept = numpy.zeros(count, bool)
    for span in spans:
        kept[span.start : span.end] = True
    return kept


def spans_of(samples: numpy.ndarray, pause: float | None = None, ends: bool = True) -> tuple[Span, ...]:
    return spans_heard(
        activity_of(samples, SAMPLE_RATE), len(samples), SAMPLE_RATE, ends=ends, longest_pause_seconds=pause
    )


@pytest.fixture(scope="module")
def said() -> Speech:
    return speech(5.0)


@pytest.mark.parametrize("snr_db", [None, 60.0, 40.0, 20.0, 10.0, 5.0, 0.0])
@pytest.mark.parametrize("hertz", [90.0, 220.0])
def test_every_voiced_sample_is_kept_at_every_noise(snr_db: float | None, hertz: float) -> None:
    said = speech(5.0, hertz)
    samples = said.samples if snr_db is None else in_noise(said, snr_db)
    kept = kept_by(spans_of(samples, pause=0.1), len(samples))
    assert kept[said.voiced].all()


@pytest.mark.parametrize("level", [1.0, 1e-3])
@pytest.mark.parametrize("snr_db", [None, 40.0, 20.0])
def test_the_ends_are_cropped_to_their_padding(snr_db: float | None, level: float, said: Speech) -> None:
    samples = level * (said.samples if snr_db is None else in_noise(said, snr_db))
    (span,) = spans_of(samples)
    heard = numpy.flatnonzero(numpy.abs(said.samples) > 0.005)
    assert heard[0] - span.start == pytest.approx(PAD_SECONDS * SAMPLE_RATE, abs=0.05 * SAMPLE_RATE)
    assert span.end - heard[-1] == pytest.approx(PAD_SECONDS * SAMPLE_RATE, abs=0.05 * SAMPLE_RATE)


def test_the_ends_are_found_in_noise_that_hides_a_hiss(said: Speech) -> None:
    (span,) = spans_of(in_noise(said, 10.0))
    voiced = numpy.flatnonzero(said.voiced)
    assert PAD_SECONDS <= (voiced[0] - span.start) / SAMPLE_RATE <= PAD_SECONDS + 0.1
    assert PAD_SECONDS <= (span.end - voiced[-1]) / SAMPLE_RATE <= PAD_SECONDS + 0.05


@pytest.mark.parametrize("longest", [0.1, 0.25, 0.4])
def test_longer_pauses_become_as_long_as_asked_for(longest: float, said: Speech) -> None:
    samples = in_noise(said, 30.0)
    spans = spans_of(samples, pause=longest, ends=False)
    shorter = keep(samples, SAMPLE_RATE, spans)
    left = numpy.diff(numpy.flatnonzero(activity_of(shorter, SAMPLE_RATE).active)) / 100
    assert left.max() == pytest.approx(longest, abs=0.04)
    assert spans[0].start == 0
    assert spans[-1].end == len(samples)


def test_pauses_that_are_short_enough_stay(said: Speech) -> None:
    assert spans_of(said.samples, pause=1.0, ends=False) == (Span(0, len(said.samples)),)


def test_the_result_is_as_long_as_its_spans_and_has_no_click(said: Speech) -> None:
    samples = in_noise(said, 15.0)
    spans = spans_of(samples, pause=0.2)
    assert len(spans) > 2
    shorter = keep(samples, SAMPLE_RATE, spans)
    assert len(shorter) == sum(span.end - span.start for span in spans)
    assert numpy.abs(numpy.diff(shorter)).max() <= numpy.abs(numpy.diff(samples)).max() * 1.05
    assert abs(shorter[0]) < 0.01 * numpy.abs(samples).max()


def test_what_is_not_near_a_cut_keeps_every_bit(said: Speech) -> None:
    (span,) = spans_of(said.samples)
    shorter = keep(said.samples, SAMPLE_RATE, (span,))
    fade = round(0.01 * SAMPLE_RATE)
    assert shorter[fade:-fade].tobytes() == said.samples[span.start + fade : span.end - fade].tobytes()


@pytest.mark.parametrize(
    "samples",
    [
        numpy.zeros(SAMPLE_RATE, numpy.float32),
        numpy.full(SAMPLE_RATE, 0.5, numpy.float32),                                        # DC
        (0.3 * numpy.sin(numpy.arange(SAMPLE_RATE) * 0.05)).astype(numpy.float32),          # a tone from end to end
        noise(SAMPLE_RATE, 0.1),
    ],
    ids=["silence", "dc", "tone", "noise"],
)
def test_a_clip_without_a_pause_or_without_a_sound_stays_whole(samples: numpy.ndarray) -> None:
    assert kept_by(spans_of(samples, pause=0.2), len(samples)).mean() > 0.99


def test_a_word_is_found_in_a_minute_of_noise() -> None:
    said = speech(3.0)
    samples = numpy.concatenate([noise(30 * SAMPLE_RATE, 0.005), in_noise(said, 30.0), noise(30 * SAMPLE_RATE, 0.005, 2)])
    (span,) = spans_of(samples)
    assert (span.end - span.start) / SAMPLE_RATE < 3.5
    assert kept_by((span,), len(samples))[30 * SAMPLE_RATE : -30 * SAMPLE_RATE][said.voiced].all()
