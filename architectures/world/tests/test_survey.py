"""Looking at a recording block by block finds what looking at all of it at once does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pyworld

from hay_say_lab.plugin import Clip
from hay_say_world.analysis import PitchSearch, aperiodicity_of, envelope_of, fft_size_for, pitch_of
from hay_say_world.aperiodicity import condense, measured_count
from hay_say_world.frames import cut, frame_count
from hay_say_world.journal import Journal
from hay_say_world.level import level_exponent, scaled
from hay_say_world.survey import PITCH_MARGIN_SECONDS, Survey, survey, survey_pieces


def cents(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    both = (one > 0) & (other > 0)
    return np.abs(1200 * np.log2(one[both] / other[both]))


def test_frames_are_those_of_world() -> None:
    for count, rate in ((16_000, 16_000), (15_999, 16_000), (22_051, 22_050), (100, 48_000)):
        f0, _ = pyworld.harvest(np.zeros(count), rate)
        assert frame_count(count, rate) == len(f0)
        assert (len(f0) - 1) * 0.005 <= count / rate


def test_a_cut_brings_silence_where_the_clip_ends() -> None:
    stretch = cut(np.ones(1000, dtype=np.float32), 16_000, 0, 13, 0.05)
    assert stretch.start == -800
    assert not stretch.samples[:800].any()
    assert stretch.samples[800:1800].all()
    assert not stretch.samples[1800:].any()
    assert stretch.times_seconds[0] == pytest.approx(0.05)


@pytest.mark.parametrize("method", ["harvest", "dio"])
def test_pitch_by_blocks_is_pitch_of_the_whole(
    method: Any, source: Callable[[str], Clip], stage: Callable[..., Any]
) -> None:
    rate, search = source("man").sample_rate, PitchSearch(method)
    samples = source("man").samples[: 5 * rate]
    frames = frame_count(len(samples), rate)
    whole = pitch_of(cut(samples, rate, 0, frames, PITCH_MARGIN_SECONDS), search)
    blocks = survey(samples, rate, search, Journal(stage(), 1.0)).f0_hz
    assert ((whole > 0) != (blocks > 0)).mean() < 0.002
    # most frames agree to a hundredth of a cent; creaky ones tip over at rounding errors
    assert np.median(cents(whole, blocks)) < 0.05
    assert np.percentile(cents(whole, blocks), 95) < 3.0


def test_timbre_and_breath_by_blocks_are_those_of_the_whole(
    source: Callable[[str], Clip], hear: Callable[[Clip], Survey]
) -> None:
    clip = source("man")
    heard = hear(clip)
    frames = slice(1100, 1300)      # around the border of the second and the third block, at frame 1200
    level = scaled(clip.samples, level_exponent(clip.samples))
    whole = cut(level, clip.sample_rate, 0, heard.frames, 0.5)
    envelope = envelope_of(whole, heard.f0_hz, heard.fft_size)[frames]
    breath = aperiodicity_of(whole, heard.f0_hz, heard.fft_size)
    loud = envelope.max(axis=1) > 1e-6
    assert loud.mean() > 0.5
    decibels = 10 * np.abs(np.log10(heard.envelopes[frames] / envelope))[loud]
    assert np.percentile(decibels, 99) < 0.01
    assert (heard.aperiodicity.all_breath == breath.all_breath).mean() > 0.998
    assert np.percentile(np.abs(heard.aperiodicity.levels_db - breath.levels_db)[frames][loud], 99) < 0.5


def test_a_long_recording_is_sampled_evenly_and_its_voice_is_not_lost(stage: Callable[..., Any]) -> None:
    samples = np.random.default_rng(0).standard_normal(40 * 16_000).astype(np.float32) * 0.1
    heard = survey(samples, 16_000, PitchSearch("dio"), Journal(stage(), 1.0))
    assert len(heard.loudness) == heard.frames == 8001
    assert len(heard.sampled) == len(heard.envelopes) <= 6000
    assert np.ptp(np.diff(heard.sampled)) == 0


def test_every_block_asks_whether_to_go_on_and_every_piece_is_kept(stage: Callable[..., Any]) -> None:
    context = stage()
    samples = np.random.default_rng(0).standard_normal(20 * 16_000).astype(np.float32) * 0.1
    heard = survey(samples, 16_000, PitchSearch("dio"), Journal(context, 1.0))
    assert len(context.checkpoints) >= 2 * 7        # two passes, blocks of three seconds
    assert len(list(context.out.glob("piece-*"))) == survey_pieces(heard.frames) == 4


def test_a_deep_voice_gets_a_longer_window() -> None:
    usual = fft_size_for(np.full(100, 120.0), 44_100)
    assert usual == 2048
    assert fft_size_for(np.zeros(100), 44_100) == usual
    assert fft_size_for(np.full(100, 55.0), 44_100) == 2 * usual


def test_breath_is_restored_from_its_few_values(source: Callable[[str], Clip]) -> None:
    for rate in (16_000, 22_050, 44_100):
        second = source("man").samples[:22_050]
        samples = np.interp(np.arange(rate) / rate, np.arange(22_050) / 22_050, second)
        f0, times = pyworld.harvest(samples, rate)
        given = pyworld.d4c(samples, f0, times, rate)
        kept = condense(given, rate)
        assert kept.levels_db.shape[1] == measured_count(rate)
        restored = kept.spectrum(0, len(f0), rate, given.shape[1], breath=0.0)
        assert np.abs(20 * np.log10(restored / given)).max() < 0.3
