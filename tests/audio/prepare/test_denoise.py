"""Noise goes down where nobody speaks, and speech comes nearer to what it was."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.audio.denoise import MOST_REDUCTION_DB, noise_floor, reduce_noise
from hay_say_lab.audio.distance import spectral_difference_db
from hay_say_lab.audio.highpass import high_pass
from hay_say_lab.domain.clip import Clip
from tests.audio.prepare.speech import SAMPLE_RATE, Speech, in_noise, noise, speech


@pytest.fixture(scope="module")
def said() -> Speech:
    return speech(6.0)


def decibels(samples: numpy.ndarray) -> float:
    return float(10 * numpy.log10(numpy.square(samples, dtype=float).mean()))


@pytest.mark.parametrize("snr_db", [10.0, 20.0])
def test_pauses_are_ten_decibels_quieter_and_speech_is_nearer_to_the_clean_one(snr_db: float, said: Speech) -> None:
    noisy = in_noise(said, snr_db)
    quiet = reduce_noise(noisy, SAMPLE_RATE, 1.0)
    assert decibels(noisy[said.pauses]) - decibels(quiet[said.pauses]) >= 10.0
    clean = Clip(said.samples, SAMPLE_RATE)
    unprocessed = spectral_difference_db(clean, Clip(noisy, SAMPLE_RATE))
    assert spectral_difference_db(clean, Clip(quiet, SAMPLE_RATE)) <= unprocessed


def test_coloured_noise_goes_too(said: Speech) -> None:
    rumble = 20 * noise(len(said.samples), 0.05) - high_pass(20 * noise(len(said.samples), 0.05), SAMPLE_RATE, 300.0)
    noisy = said.samples + 0.05 * rumble / rumble.std()
    quiet = reduce_noise(noisy, SAMPLE_RATE, 1.0)
    assert decibels(noisy[said.pauses]) - decibels(quiet[said.pauses]) >= 10.0


def test_speech_in_no_noise_hardly_changes(said: Speech) -> None:
    quiet = reduce_noise(said.samples, SAMPLE_RATE, 1.0)
    assert decibels(quiet[said.voiced]) == pytest.approx(decibels(said.samples[said.voiced]), abs=0.3)


def test_more_strength_takes_more_and_never_more_than_it_says(said: Speech) -> None:
    noisy = in_noise(said, 10.0)
    taken = [
        decibels(noisy[said.pauses]) - decibels(reduce_noise(noisy, SAMPLE_RATE, strength)[said.pauses])
        for strength in (0.25, 0.5, 1.0)
    ]
    assert taken == sorted(taken)
    assert taken[0] == pytest.approx(0.25 * MOST_REDUCTION_DB, abs=1.0)
    assert taken[2] <= MOST_REDUCTION_DB


def test_without_strength_the_transform_gives_back_what_it_was_given(said: Speech) -> None:
    numpy.testing.assert_allclose(reduce_noise(said.samples, SAMPLE_RATE, 0.0), said.samples, atol=1e-6)


def test_the_floor_of_white_noise_is_its_power() -> None:
    padded = noise(10 * SAMPLE_RATE, 0.2).astype(numpy.float64)
    width, frames = 704, 1000
    window = numpy.sqrt(numpy.hanning(width + 1)[:-1])
    floor = noise_floor(padded, window, width // 4, 0, frames, frames)
    expected = 0.2**2 * (window**2).sum()
    assert 10 * numpy.log10(floor[:, 5:-5].mean() / expected) == pytest.approx(0.0, abs=0.5)
    assert numpy.percentile(numpy.abs(10 * numpy.log10(floor[:, 5:-5] / expected)), 99) < 3.0


def test_the_floor_does_not_follow_a_vowel(said: Speech) -> None:
    noisy = in_noise(said, 10.0)
    spoken = reduce_noise(noisy, SAMPLE_RATE, 1.0)
    assert decibels(spoken[said.voiced]) == pytest.approx(decibels(said.samples[said.voiced]), abs=1.0)


def test_blocks_do_not_show() -> None:
    """Begun 3 s later, a block (8 s) ends elsewhere; far from the beginning that changes nothing."""
    clean = speech(24.0, sample_rate=8_000)
    noisy = in_noise(clean, 10.0)
    later = 64 * 380                # whole hops
    whole = reduce_noise(noisy, 8_000, 1.0)
    begun_later = reduce_noise(noisy[later:], 8_000, 1.0)
    inner = slice(8 * 8_000, None)
    numpy.testing.assert_allclose(begun_later[inner], whole[later:][inner], atol=1e-5)


def test_a_louder_recording_gives_the_same_result_louder(said: Speech) -> None:
    noisy = in_noise(said, 10.0)
    once = reduce_noise(noisy, SAMPLE_RATE, 1.0)
    assert (8 * once).tobytes() == reduce_noise(8 * noisy, SAMPLE_RATE, 1.0).tobytes()
