"""Moved pitch and the pitch tone: both measured by the tracker, against a voice whose pitch is known."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.audio.f0 import f0_contour
from hay_say_lab.audio.pitch_shift import shift_pitch
from hay_say_lab.audio.pitch_tone import pitch_tone
from tests.audio.prepare.speech import Speech, held_vowel, median_cents, noise, speech
from tests.audio.prepare.test_f0 import known_hz


def formants_hz(said: Speech, samples: numpy.ndarray) -> float:
    """Centre of gravity in Hz of the voiced sound between 300 and 5000 Hz, which moves with the formants."""
    spectrum = numpy.abs(numpy.fft.rfft(samples[said.voiced].astype(float))) ** 2
    hertz = numpy.fft.rfftfreq(int(said.voiced.sum()), 1 / said.sample_rate)
    inside = (hertz > 300) & (hertz < 5000)
    return float((hertz * spectrum)[inside].sum() / spectrum[inside].sum())


@pytest.mark.parametrize(
    ("semitones", "hertz"),
    [(12.0, 120.0), (-12.0, 200.0), (3.5, 120.0), (-25.0, 240.0), (25.0, 120.0)],
)
def test_the_pitch_moves_within_ten_cents_and_no_sample_is_lost(semitones: float, hertz: float) -> None:
    said = speech(1.7, hertz)
    moved = shift_pitch(said.samples, said.sample_rate, semitones)
    assert len(moved) == len(said.samples)
    wanted = hertz * 2 ** (semitones / 12)
    found = f0_contour(moved, said.sample_rate, "harvest", max(wanted * 0.6, 30.0), wanted * 1.8)
    known = known_hz(said, len(found.f0_hz)) * 2 ** (semitones / 12)
    assert median_cents(found.f0_hz, known) == pytest.approx(0.0, abs=10.0)


@pytest.mark.parametrize("semitones", [5.0, -5.0])
def test_the_formants_stay(semitones: float) -> None:
    said = speech(1.7, 120.0)
    moved = shift_pitch(said.samples, said.sample_rate, semitones)
    before, after = formants_hz(said, said.samples), formants_hz(said, moved)
    # A resampled voice would go 400 cents and more.
    assert abs(1200 * numpy.log2(after / before)) < 170


@pytest.mark.parametrize("semitones", [4.0])
def test_a_note_held_longer_than_a_block_has_no_seam(semitones: float) -> None:
    held = held_vowel(6.5, 150.0)
    moved = shift_pitch(held.samples, held.sample_rate, semitones)
    inner = slice(held.sample_rate // 2, -held.sample_rate // 2)
    power = numpy.convolve(moved.astype(float) ** 2, numpy.ones(441) / 441, mode="same")[inner]
    assert 10 * numpy.log10(power.max() / power.min()) < 1.0
    found = f0_contour(moved, held.sample_rate, "dio").f0_hz[100:-100]
    assert numpy.abs(1200 * numpy.log2(found / (150.0 * 2 ** (semitones / 12)))).max() < 10.0


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 44_100, 96_000])
def test_every_rate_keeps_its_length_and_its_pitch(sample_rate: int) -> None:
    said = speech(1.6, 150.0, sample_rate)
    moved = shift_pitch(said.samples, sample_rate, 3.0)
    assert len(moved) == len(said.samples)
    found = f0_contour(moved, sample_rate, "dio")
    known = known_hz(said, len(found.f0_hz)) * 2 ** (3 / 12)
    assert median_cents(found.f0_hz, known) == pytest.approx(0.0, abs=10.0)


def test_a_quieter_recording_gives_the_same_result_quieter() -> None:
    said = speech(1.6)
    loud = shift_pitch(said.samples, said.sample_rate, 2.0)
    assert (loud / 16).tobytes() == shift_pitch(said.samples / 16, said.sample_rate, 2.0).tobytes()


def test_the_tone_has_the_voices_pitch_and_its_loudness_contour() -> None:
    said = speech(3.0, 130.0)
    tone = pitch_tone(said.samples, said.sample_rate)
    assert len(tone) == len(said.samples)
    found = f0_contour(tone, said.sample_rate, "dio")
    assert median_cents(found.f0_hz, known_hz(said, len(found.f0_hz))) == pytest.approx(0.0, abs=10.0)
    window = numpy.ones(1102) / 1102
    levels = [numpy.sqrt(numpy.convolve(part.astype(float) ** 2, window, "same")) for part in (said.samples, tone)]
    inside = numpy.convolve(said.voiced, window, "same") > 0.999
    difference_db = 20 * numpy.log10(levels[1][inside] / levels[0][inside])
    assert numpy.median(numpy.abs(difference_db)) < 1.0
    assert numpy.abs(tone[said.pauses]).max() < 1e-3


def test_the_tone_of_a_clip_without_a_voice_is_silent() -> None:
    assert not pitch_tone(numpy.zeros(8_000, numpy.float32), 8_000).any()
    hiss = noise(8_000, 0.1)
    tone = pitch_tone(hiss, 8_000)
    assert len(tone) == len(hiss)
    assert numpy.isfinite(tone).all()
