"""Less metal: the breath that a vocoder lost comes back, and a natural voice keeps its own."""

from __future__ import annotations

import functools

import numpy
import pytest

from hay_say_lab.audio import distance
from hay_say_lab.audio.metallic import reduce_metallic
from hay_say_lab.domain.clip import Clip
from tests.audio.finish.voices import (
    SAMPLE_RATE,
    harmonic_to_noise_db,
    hissing_voice,
    mel_cepstral_distance,
    pitch_of,
    speech,
    spoken_and_vocoded,
    voice,
    with_copies,
)

LOW_HZ, HIGH_HZ = 3000.0, 8000.0


@functools.cache
def _mended(strength: float = 1.0) -> numpy.ndarray:
    """The vocoded voice with its breath restored by this strength."""
    return reduce_metallic(spoken_and_vocoded()[1], SAMPLE_RATE, strength, seed=3)


def test_the_harmonics_of_a_vocoded_voice_come_most_of_the_way_back_to_the_spoken_ones() -> None:
    spoken, robotic, _ = spoken_and_vocoded()
    pitch = pitch_of(spoken)

    mended = _mended()

    true, before, after = (
        harmonic_to_noise_db(sound, pitch, LOW_HZ, HIGH_HZ) for sound in (spoken, robotic, mended)
    )
    assert before - true > 5.0, "the vocoder took the breath away"
    assert abs(after - true) <= 0.5 * (before - true)


def test_speech_comes_nearer_to_what_was_spoken() -> None:
    """New breath never falls as the lost breath fell; what brings the timbre nearer is the grain that the noise loses."""
    spoken, robotic, breathy = spoken_and_vocoded(hissing=True)
    mended = reduce_metallic(robotic, SAMPLE_RATE, 1.0, seed=3)
    before, after, other = (mel_cepstral_distance(spoken, sound) for sound in (robotic, mended, breathy))
    assert after < before - 0.03
    assert after < other

    pitch = pitch_of(spoken)
    true, rang, rings = (harmonic_to_noise_db(sound, pitch, LOW_HZ, HIGH_HZ) for sound in (spoken, robotic, mended))
    assert abs(rings - true) <= 0.5 * (rang - true), "and it is no less breathy for that"


@pytest.mark.parametrize(
    ("speaker", "text", "least_voiced_share"),
    [
        ("en-us+f5", "We were away a year ago.", 0.99),                                 # a breathy woman, never unvoiced
        ("en-us+Alicia", "Any railway worker may marry a lawyer in a morning.", 0.99),  # another
        ("en-us+announcer", "We were away a year ago.", 0.6),                           # a deep man, with pauses
    ],
)
def test_speech_that_is_nearly_all_voiced_comes_nearer_too(speaker: str, text: str, least_voiced_share: float) -> None:
    """What brings it nearer there is what a throat leaves between the low harmonics, and a vocoder does not."""
    spoken, robotic, _ = with_copies(speech(speaker, text))
    pitch = pitch_of(spoken)
    assert (pitch > 0).mean() >= least_voiced_share

    mended = reduce_metallic(robotic, SAMPLE_RATE, 1.0, seed=3)

    true, before, after = (harmonic_to_noise_db(sound, pitch, LOW_HZ, HIGH_HZ) for sound in (spoken, robotic, mended))
    assert before - true > 3.0, "the vocoder took the breath away"
    assert abs(after - true) <= 0.5 * (before - true)
    original = Clip(spoken, SAMPLE_RATE)
    was, became = (
        distance.mel_cepstral_distance(original, Clip(sound, SAMPLE_RATE)) for sound in (robotic, mended)
    )
    assert became < was - 0.02


def test_the_noise_of_a_voice_that_has_its_breath_keeps_its_grain() -> None:
    spoken = hissing_voice()
    assert pitch_of(spoken)[20] == 0.0
    breathy = numpy.concatenate([spoken[: SAMPLE_RATE // 5], voice(breath=0.8)])
    same = reduce_metallic(breathy, SAMPLE_RATE, 1.0, seed=3)
    hiss = slice(0, SAMPLE_RATE // 10)
    assert numpy.array_equal(same[hiss], breathy[hiss])
    robotic = spoken_and_vocoded(hissing=True)[1]
    changed = reduce_metallic(robotic, SAMPLE_RATE, 1.0, seed=3)
    assert not numpy.array_equal(changed[hiss], robotic[hiss])


def test_the_breath_itself_leaves_the_timbre_nearer_than_a_copy_with_all_that_world_measured() -> None:
    spoken, robotic, breathy = spoken_and_vocoded()

    mended = _mended()

    before, after, other = (mel_cepstral_distance(spoken, sound) for sound in (robotic, mended, breathy))
    assert after < before + 0.2
    assert after < 0.5 * other


def test_half_the_strength_is_less() -> None:
    pitch = pitch_of(spoken_and_vocoded()[0])
    nothing, half, all_ = (
        harmonic_to_noise_db(_mended(strength), pitch, LOW_HZ, HIGH_HZ)
        for strength in (0.0, 0.5, 1.0)
    )
    assert nothing - half > 2.0
    assert half - all_ > 1.0


def test_the_tone_below_the_breath_and_the_level_stay() -> None:
    spoken, robotic, _ = spoken_and_vocoded()
    mended = _mended()
    assert harmonic_to_noise_db(mended, pitch_of(spoken), 500.0, 2000.0) > 20.0
    assert abs(20 * numpy.log10(mended.std() / robotic.std())) < 0.1


def test_a_breathy_voice_is_hardly_touched() -> None:
    robotic = spoken_and_vocoded()[1]
    breathy = voice(breath=0.6)

    changes = [
        numpy.std(reduce_metallic(sound, SAMPLE_RATE, 1.0, 3) - sound) / sound.std() for sound in (robotic, breathy)
    ]

    assert changes[1] < 0.5 * changes[0]


def test_the_seed_alone_decides_the_noise() -> None:
    robotic = spoken_and_vocoded()[1]
    one, again, other = _mended(), *(reduce_metallic(robotic, SAMPLE_RATE, 1.0, seed) for seed in (3, 4))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()


def test_off_and_unvoiced_sound_come_back_as_they_are() -> None:
    robotic = spoken_and_vocoded()[1]
    assert reduce_metallic(robotic, SAMPLE_RATE, 0.0, 3) is robotic
    silence = numpy.zeros(SAMPLE_RATE, numpy.float32)
    assert reduce_metallic(silence, SAMPLE_RATE, 1.0, 3) is silence
