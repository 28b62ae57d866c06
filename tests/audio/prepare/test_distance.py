"""Distances: zero for the same, what the formula says for a known change, and nearer for what is nearer."""

from __future__ import annotations

import itertools
import math

import numpy
import pytest
import soxr

from hay_say_lab.audio.alignment import warping_path
from hay_say_lab.audio.distance import (
    LONGEST_ALIGNED_SECONDS,
    estimated_snr_db,
    f0_difference,
    mel_cepstral_distance,
    signal_to_noise_db,
    spectral_difference_db,
)
from hay_say_lab.audio.silence import activity_of
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest, TooLarge
from tests.audio.prepare.speech import SAMPLE_RATE, Speech, in_noise, noise, speech


@pytest.fixture(scope="module")
def said() -> Speech:
    return speech(3.0)


def clip_of(samples: numpy.ndarray) -> Clip:
    return Clip(samples.astype(numpy.float32), SAMPLE_RATE)


def slow_path(first: numpy.ndarray, second: numpy.ndarray) -> float:
    """The least total distance, cell by cell."""
    total = numpy.full((len(first) + 1, len(second) + 1), numpy.inf)
    total[0, 0] = 0.0
    for i, j in itertools.product(range(len(first)), range(len(second))):
        near = min(total[i, j], total[i, j + 1], total[i + 1, j])
        total[i + 1, j + 1] = near + math.dist(first[i], second[j])
    return float(total[-1, -1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (8, 1), (20, 13), (13, 20)])
def test_the_path_is_the_cheapest_of_all(shape: tuple[int, int]) -> None:
    random = numpy.random.default_rng(3)
    first, second = random.standard_normal((shape[0], 4)), random.standard_normal((shape[1], 4))
    rows, columns = warping_path(first, second)
    assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, shape[0] - 1, shape[1] - 1)
    steps = set(zip(numpy.diff(rows).tolist(), numpy.diff(columns).tolist(), strict=True))
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    assert numpy.linalg.norm(first[rows] - second[columns], axis=1).sum() == pytest.approx(slow_path(first, second))


def test_a_clip_is_no_distance_from_itself(said: Speech) -> None:
    clip = clip_of(said.samples)
    assert mel_cepstral_distance(clip, clip) == 0.0
    assert mel_cepstral_distance(clip, clip, align=True) == 0.0
    assert spectral_difference_db(clip, clip) == 0.0
    assert signal_to_noise_db(clip, clip) is None
    assert f0_difference(clip, clip, "dio").median_absolute_cents == 0.0


def test_a_gain_is_all_of_the_spectral_difference_and_none_of_the_cepstral_one() -> None:
    loud, quiet = clip_of(noise(SAMPLE_RATE, 0.1)), clip_of(noise(SAMPLE_RATE, 0.1) / 2)
    assert spectral_difference_db(loud, quiet) == pytest.approx(20 * math.log10(2), abs=0.1)
    assert mel_cepstral_distance(loud, quiet) == pytest.approx(0.0, abs=0.01)


def test_a_known_tilt_is_the_cepstral_distance_that_the_formula_gives() -> None:
    """A gain of A cos(pi m / 8 kHz in mel) dB changes c1 alone: by A ln 10 / 20; the distance is A / sqrt 2."""
    samples = noise(4 * SAMPLE_RATE, 0.1)
    hertz = numpy.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    mel = 2595 * numpy.log10(1 + hertz / 700)
    tilt_db = 6.0 * numpy.cos(numpy.pi * numpy.minimum(mel / (2595 * math.log10(1 + 8000 / 700)), 1.0))
    tilted = numpy.fft.irfft(numpy.fft.rfft(samples) * 10 ** (tilt_db / 20), len(samples))
    assert mel_cepstral_distance(clip_of(samples), clip_of(tilted)) == pytest.approx(6.0 / math.sqrt(2), rel=0.05)


def test_more_noise_is_farther_away(said: Speech) -> None:
    clean = clip_of(said.samples)
    for measure in (mel_cepstral_distance, spectral_difference_db):
        distances = [measure(clean, clip_of(in_noise(said, snr_db))) for snr_db in (30.0, 20.0, 10.0)]
        assert distances == sorted(distances)


def test_aligning_forgives_another_tempo(said: Speech) -> None:
    stretched = numpy.repeat(said.samples.reshape(-1, 10), 1, axis=0).ravel()
    late = numpy.concatenate([numpy.zeros(SAMPLE_RATE // 5), stretched])
    clean = clip_of(said.samples)
    assert mel_cepstral_distance(clean, clip_of(late), align=True) < 0.2 * mel_cepstral_distance(clean, clip_of(late))


def test_another_rate_is_no_distance(said: Speech) -> None:
    other = Clip(soxr.resample(said.samples, SAMPLE_RATE, 44_100, quality="VHQ"), 44_100)
    assert mel_cepstral_distance(clip_of(said.samples), other) < 0.3


def test_a_pitch_error_is_told_in_cents() -> None:
    difference = f0_difference(clip_of(speech(2.2, 120.0).samples), clip_of(speech(2.2, 120.0 * 2 ** (1 / 12)).samples))
    assert difference.median_cents == pytest.approx(100.0, abs=5.0)
    assert difference.voicing_agreement > 0.9
    assert difference.gross_share is not None
    assert difference.gross_share < 0.1


def test_the_plain_ratio_is_that_of_the_powers(said: Speech) -> None:
    clean = clip_of(said.samples)
    other = clip_of(said.samples + noise(len(said.samples), 0.01))
    wanted = 10 * math.log10(float(numpy.square(said.samples, dtype=float).mean()) / 1e-4)
    assert signal_to_noise_db(clean, other) == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("snr_db", [10.0, 20.0, 40.0])
def test_the_estimate_comes_near_the_ratio_that_was_mixed(snr_db: float, said: Speech) -> None:
    assert estimated_snr_db(activity_of(in_noise(said, snr_db), SAMPLE_RATE)) == pytest.approx(snr_db, abs=2.0)


def test_where_there_is_nothing_to_compare_it_is_said(said: Speech) -> None:
    clean, silent = clip_of(said.samples), clip_of(numpy.zeros(SAMPLE_RATE))
    with pytest.raises(InvalidRequest, match="no sound in the reference"):
        mel_cepstral_distance(silent, clean)
    with pytest.raises(InvalidRequest, match="no sound in the reference"):
        spectral_difference_db(silent, clean)
    with pytest.raises(InvalidRequest, match="cannot be paired"):
        signal_to_noise_db(clean, silent)
    assert f0_difference(clean, silent, "dio").median_cents is None
    assert estimated_snr_db(activity_of(silent.samples, SAMPLE_RATE)) is None
    assert math.isfinite(mel_cepstral_distance(clean, silent))


def test_clips_too_long_to_align_are_refused() -> None:
    long = Clip(noise(round((LONGEST_ALIGNED_SECONDS + 1) * 8_000), 0.1), 8_000)
    with pytest.raises(TooLarge, match="not aligned"):
        mel_cepstral_distance(long, long, align=True)
