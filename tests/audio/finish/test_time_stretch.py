"""Faster or slower at the same pitch."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.audio.time_stretch import time_stretch
from tests.audio.finish.voices import SAMPLE_RATE, mel_cepstrum, pitch_of, voice

SPEEDS = (0.25, 0.5, 0.8, 0.97, 1.03, 1.25, 2.0, 4.0)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_length_is_exact(speed: float) -> None:
    for count in (1, 2, 719, 720, 721, 5_000, 23_999):
        assert len(time_stretch(voice()[:count], SAMPLE_RATE, speed)) == max(1, round(count / speed))


@pytest.mark.parametrize("speed", [0.25, 0.8, 1.25, 2.0, 4.0])
def test_the_pitch_and_the_level_stay(speed: float) -> None:
    sound = voice()
    stretched = time_stretch(sound, SAMPLE_RATE, speed)
    was, became = pitch_of(sound), pitch_of(stretched)
    at_same_place = was[numpy.rint(numpy.linspace(0, len(was) - 1, len(became))).astype(int)]
    both = (at_same_place > 0) & (became > 0)
    assert both.mean() > 0.9
    assert abs(numpy.median(1200 * numpy.log2(became[both] / at_same_place[both]))) < 10
    assert abs(20 * numpy.log10(stretched.std() / sound.std())) < 0.7


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_the_same_is_said_at_the_same_place(speed: float) -> None:
    sound = voice()
    spoken, stretched = mel_cepstrum(sound), mel_cepstrum(time_stretch(sound, SAMPLE_RATE, speed))
    places = numpy.rint(numpy.linspace(0, len(spoken) - 1, len(stretched))).astype(int)
    distance = numpy.sqrt(((spoken[places] - stretched) ** 2).sum(axis=1) / 80)
    vowels_apart = numpy.sqrt(((spoken[40] - spoken[-40]) ** 2).sum() / 80)
    assert numpy.median(distance) < 0.25 * vowels_apart


def test_a_click_keeps_its_place_in_time() -> None:
    sound = numpy.zeros(2 * SAMPLE_RATE, numpy.float32)
    sound[SAMPLE_RATE] = 1.0
    stretched = time_stretch(sound, SAMPLE_RATE, 0.5)
    assert abs(int(numpy.abs(stretched).argmax()) - 2 * SAMPLE_RATE) < 0.02 * SAMPLE_RATE


def test_speed_1_is_the_same_array_and_two_runs_are_the_same_bytes() -> None:
    sound = voice()
    assert time_stretch(sound, SAMPLE_RATE, 1.0) is sound
    assert time_stretch(sound, SAMPLE_RATE, 1.3).tobytes() == time_stretch(sound, SAMPLE_RATE, 1.3).tobytes()
