"""Blocks of sound join without a seam."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import pyworld

from hay_say_world.synthesis import BLOCK_FRAMES, Block, join, plan_blocks, synthesise

SECONDS = 25


def vowel(sample_rate: int, seconds: int = SECONDS) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A sung vowel without a pause: f0 with vibrato, loudness, one envelope, next to no breath."""
    frames = seconds * 200 + 1
    seconds_in = np.arange(frames) / 200
    f0 = 150.0 * np.exp(0.03 * np.sin(2 * np.pi * 5.3 * seconds_in) - 0.01 * seconds_in)
    bins = pyworld.get_cheaptrick_fft_size(sample_rate) // 2 + 1
    hz = np.linspace(0, sample_rate / 2, bins)
    envelope = np.tile(1e-3 * np.exp(-(((hz - 600) / 300) ** 2)) + 1e-9, (frames, 1))
    return f0, np.zeros(frames), envelope, np.full((frames, bins), 1e-3)


def by_blocks(sample_rate: int, parts: tuple[np.ndarray, ...]) -> tuple[np.ndarray, list[Block]]:
    f0, loudness, envelope, breath = parts
    whole = np.zeros((len(f0) - 1) * sample_rate // 200)
    blocks = plan_blocks(f0, loudness, sample_rate, len(whole))
    for block in blocks:
        frames = slice(block.first, block.last)
        join(whole, block, synthesise(block, f0[frames], envelope[frames], breath[frames], sample_rate))
    return whole, blocks


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 44_100])
def test_a_vowel_sung_across_joins_is_the_vowel_sung_at_once(sample_rate: int) -> None:
    parts = vowel(sample_rate)
    blocks, plan = by_blocks(sample_rate, parts)
    f0, _, envelope, breath = parts
    whole = pyworld.synthesize(f0, envelope, breath, sample_rate)[: len(blocks)]
    assert len(plan) > 1
    error = np.sqrt(((blocks - whole)[sample_rate // 10 :] ** 2).mean() / (whole**2).mean())
    assert error < 0.01
    for block in plan[1:]:
        around = slice(block.start - sample_rate // 50, block.start + sample_rate // 50)
        assert np.abs((blocks - whole)[around]).max() < 0.02 * np.abs(whole).max()


def test_blocks_cover_the_clip_without_a_gap_and_stay_short() -> None:
    f0, loudness, _, _ = vowel(22_050, 60)
    count = 60 * 22_050 - 7
    blocks = plan_blocks(f0, loudness, 22_050, count)
    assert blocks[0].start == 0
    assert blocks[-1].end == count
    assert blocks[-1].last == len(f0)
    for before, after in pairwise(blocks):
        assert before.end == after.start + after.fade
        assert before.last > after.first
    assert max(block.last - block.first for block in blocks) < 1.5 * BLOCK_FRAMES


def test_a_join_prefers_a_pause() -> None:
    f0, loudness, _, _ = vowel(16_000)
    pause = slice(BLOCK_FRAMES + 100, BLOCK_FRAMES + 130)
    f0[pause], loudness[pause] = 0.0, -100.0
    second = plan_blocks(f0, loudness, 16_000, SECONDS * 16_000)[1]
    assert pause.start <= second.start / 80 <= pause.stop
    assert pause.start <= (second.start + second.fade) / 80 <= pause.stop


def test_a_rate_that_no_frame_divides_still_joins() -> None:
    f0, loudness, _, _ = vowel(16_000)
    blocks = plan_blocks(f0, loudness, 16_001, SECONDS * 16_001)
    assert len(blocks) > 1
    for block in blocks:
        assert block.first * 16_001 % 200 == 0


def test_short_clips_are_one_block() -> None:
    f0 = np.zeros(21)
    assert plan_blocks(f0, f0, 16_000, 1600) == [Block(0, 21, 0, 1600, fade=0, nudge_hz=0.0)]
