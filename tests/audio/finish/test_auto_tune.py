"""Singing in tune: to a key, or to another melody."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.audio.auto_tune import KEYS, SCALES, notes_of, tune_to_contour, tune_to_key
from hay_say_lab.audio.f0 import f0_contour
from tests.audio.finish.voices import SAMPLE_RATE, mel_cepstral_distance, pitch_of, voice
from tests.audio.prepare.speech import speech


def _cents_from_key(samples: numpy.ndarray, key: str, scale: str) -> float:
    """Median distance of the voiced frames from the nearest note of the key."""
    return _median_cents(pitch_of(samples), key, scale)


def _median_cents(pitch: numpy.ndarray, key: str, scale: str) -> float:
    semitones = 69 + 12 * numpy.log2(pitch[pitch > 0] / 440)
    allowed = [12 * octave + KEYS.index(key) + step for octave in range(-1, 11) for step in SCALES[scale]]
    return float(numpy.median(100 * numpy.abs(semitones[:, None] - numpy.array(allowed)).min(axis=1)))


@pytest.mark.parametrize(
    ("key", "scale", "hertz"), [("c", "major", 130.0), ("f_sharp", "minor", 220.0), ("a", "pentatonic", 90.0)]
)
def test_at_full_strength_the_voice_is_on_the_notes_of_the_key(key: str, scale: str, hertz: float) -> None:
    sound = voice(hertz=hertz)
    assert _cents_from_key(sound, key, scale) > 20
    assert _cents_from_key(tune_to_key(sound, SAMPLE_RATE, key, scale, 1.0), key, scale) <= 10


def test_fast_speech_is_on_the_notes_wherever_it_repeats_itself_as_a_voice_does() -> None:
    """Behind a consonant the tracker goes on where nothing repeats itself: what it says there is nobody's pitch."""
    fast = speech(4.0)                      # syllables of a quarter of a second, over three semitones each
    for key, scale in (("c", "major"), ("d", "minor")):
        tuned = tune_to_key(fast.samples, fast.sample_rate, key, scale, 1.0)
        before, after = (f0_contour(sound, fast.sample_rate).confident_hz() for sound in (fast.samples, tuned))
        assert _median_cents(before, key, scale) > 20
        assert _median_cents(after, key, scale) <= 10


def test_half_the_strength_goes_half_of_the_way() -> None:
    sound = voice()
    before, half = (
        _cents_from_key(tune_to_key(sound, SAMPLE_RATE, "c", "major", strength), "c", "major")
        for strength in (0.0, 0.5)
    )
    assert half == pytest.approx(before / 2, abs=6)


def test_the_formants_and_the_length_stay() -> None:
    sound = voice()
    tuned = tune_to_key(sound, SAMPLE_RATE, "c", "major", 1.0)
    assert len(tuned) == len(sound)
    assert mel_cepstral_distance(sound, tuned) < 1.5
    assert abs(20 * numpy.log10(tuned.std() / sound.std())) < 1.0


def test_another_melody_is_followed_to_a_few_cents() -> None:
    sound = voice()
    pitch = pitch_of(sound)
    melody = pitch * 2.0 ** (3.0 / 12 * numpy.sin(numpy.arange(len(pitch)) / 60))

    sung = pitch_of(tune_to_contour(sound, SAMPLE_RATE, melody, 1.0))

    both = (sung > 0) & (melody > 0)
    assert numpy.median(1200 * numpy.abs(numpy.log2(sung[both] / melody[both]))) < 10


def test_a_melody_an_octave_away_keeps_the_voice_in_its_register() -> None:
    sound = voice()
    pitch = pitch_of(sound)
    sung = tune_to_contour(sound, SAMPLE_RATE, 2.0 * pitch, 1.0)
    assert numpy.median(pitch_of(sung)) == pytest.approx(numpy.median(pitch), rel=0.01)


def test_every_key_and_scale_has_notes_of_its_own() -> None:
    sweep = 110.0 * 2.0 ** (numpy.arange(480) / 240)
    found = {
        (key, scale): tuple(sorted({round(69 + 12 * numpy.log2(hertz / 440)) % 12 for hertz in notes_of(sweep, key, scale)}))
        for key in KEYS
        for scale in SCALES
    }
    for (key, scale), notes in found.items():
        assert notes == tuple(sorted((KEYS.index(key) + step) % 12 for step in SCALES[scale])), (key, scale)


def test_off_and_unvoiced_sound_come_back_as_they_are() -> None:
    sound, silence = voice(), numpy.zeros(SAMPLE_RATE, numpy.float32)
    assert tune_to_key(sound, SAMPLE_RATE, "c", "major", 0.0) is sound
    assert tune_to_contour(sound, SAMPLE_RATE, pitch_of(sound), 0.0) is sound
    assert tune_to_contour(sound, SAMPLE_RATE, numpy.zeros(300), 1.0) is sound
    assert tune_to_key(silence, SAMPLE_RATE, "c", "major", 1.0) is silence


def test_what_is_unvoiced_stays_to_the_bit() -> None:
    noise = 0.05 * numpy.random.default_rng(0).standard_normal(SAMPLE_RATE // 2).astype(numpy.float32)
    sound = numpy.concatenate([voice(seconds=0.6), noise])
    tuned = tune_to_key(sound, SAMPLE_RATE, "c", "major", 1.0)
    assert not numpy.array_equal(tuned[: SAMPLE_RATE // 4], sound[: SAMPLE_RATE // 4])
    assert numpy.array_equal(tuned[-SAMPLE_RATE // 4 :], sound[-SAMPLE_RATE // 4 :])


def test_two_runs_are_the_same_bytes() -> None:
    one, again = (tune_to_key(voice(), SAMPLE_RATE, "d", "minor", 0.7).tobytes() for _ in range(2))
    assert one == again
