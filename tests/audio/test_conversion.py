"""Rates and channels: the length is exact at every pair of rates, and what is heard stays what it was."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy
import pytest

from hay_say_lab.audio.conversion import decode, rate_within, resample
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.manifest import AudioContract
from tests.audio.sounds import encoded, tone

RATES = [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 37_801, 44_100, 48_000, 96_000, 192_000]


@pytest.mark.parametrize("target", RATES)
@pytest.mark.parametrize("count", [1, 2, 3, 997, 4410, 44_101])
def test_the_length_is_exact_at_every_pair_of_rates(count: int, target: int) -> None:
    for source in RATES:
        resampled = resample(Clip(numpy.zeros(count, numpy.float32), source), target)

        assert len(resampled.samples) == round(Fraction(count * target, source))
        assert resampled.sample_rate == target
        assert resampled.samples.dtype == numpy.float32


@pytest.mark.parametrize("source", [8000, 22_050, 44_100, 96_000])
@pytest.mark.parametrize("target", [8000, 16_000, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_its_level_and_its_place(source: int, target: int) -> None:
    seconds = numpy.arange(source) / source
    clip = Clip((0.5 * numpy.sin(2 * numpy.pi * 440 * seconds)).astype(numpy.float32), source)

    resampled = resample(clip, target)

    expected = 0.5 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(target) / target)
    inner = slice(target // 20, -target // 20)          # a filter rings at the edges
    assert numpy.abs(resampled.samples[inner] - expected[inner]).max() < 2e-4


def test_what_the_lower_rate_cannot_hold_is_gone_and_does_not_fold_back() -> None:
    above = Clip(numpy.sin(2 * numpy.pi * 6000 * numpy.arange(44_100) / 44_100).astype(numpy.float32), 44_100)
    assert numpy.abs(resample(above, 8000).samples[400:-400]).max() < 1e-4


def test_the_same_rate_is_the_very_same_clip() -> None:
    clip = Clip(tone(), 44_100)
    assert resample(clip, 44_100) is clip


def test_resampling_twice_gives_the_same_bits() -> None:
    clip = Clip(tone(), 44_100)
    assert resample(clip, 16_000).samples.tobytes() == resample(clip, 16_000).samples.tobytes()


@pytest.mark.parametrize("encoding", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_decoding_averages_the_channels_and_keeps_the_rate(channels: int, encoding: str, tmp_path: Path) -> None:
    rng = numpy.random.default_rng(channels)
    samples = rng.uniform(-0.9, 0.9, (100_001, channels)).astype(numpy.float32)     # more than one block
    (tmp_path / "upload").write_bytes(encoded("WAV", encoding, samples, 37_801))

    clip = decode(tmp_path / "upload")

    assert clip.sample_rate == 37_801
    assert clip.samples.shape == (100_001,)
    assert clip.samples.dtype == numpy.float32
    assert numpy.abs(clip.samples - samples.mean(axis=1)).max() < 4e-5


@pytest.mark.parametrize(
    ("container", "sample_rate"), [("FLAC", 44_100), ("OGG", 44_100), ("MP3", 44_100), ("AIFF", 44_100), ("CAF", 48_000)]
)
def test_decoding_gives_as_many_samples_as_the_file_holds(container: str, sample_rate: int, tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(encoded(container, None, tone(2.0, sample_rate=sample_rate), sample_rate))
    assert len(decode(tmp_path / "upload").samples) == 2 * sample_rate


def test_decoding_eight_channels_takes_the_memory_of_their_mix(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(encoded("FLAC", "PCM_16", numpy.zeros((1_000_000, 8), numpy.int16)))

    tracemalloc.start()
    decode(tmp_path / "upload")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak_bytes < 3 * 4 * 1_000_000, "all channels at once would be 32 MB"


@pytest.mark.parametrize(
    ("rate", "taken"), [(8000, 16_000), (16_000, 16_000), (44_100, 44_100), (48_000, 48_000), (96_000, 48_000)]
)
def test_a_rate_that_a_contract_takes_stays_and_others_go_to_the_nearest(rate: int, taken: int) -> None:
    contract = AudioContract(lowest_rate=16_000, highest_rate=48_000, shortest_seconds=0, longest_seconds=1)
    assert rate_within(rate, contract) == taken
