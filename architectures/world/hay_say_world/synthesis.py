"""From frames back to sound, in blocks that join without a seam.

WORLD places a pulse wherever the phase of the pitch wraps around, and counts that phase from the first frame it gets.
Two blocks synthesised apart therefore agree on where the pulses are only if the second one starts where the first
one's phase is about to be zero. The joins are chosen so: within a window of two seconds the frame that costs least,
by phase error and by how loud the sound is there. Noise differs on both sides of a join; a cross-fade hides that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
import pyworld

from hay_say_world.arrays import Floats, Indices
from hay_say_world.frames import FRAME_PERIOD_MS, FRAMES_PER_SECOND

BLOCK_FRAMES = 8 * FRAMES_PER_SECOND
_WINDOW_FRAMES = FRAMES_PER_SECOND      # a join lies at most this far from its nominal place
ROLL_FRAMES = 14                        # a block's first 70 ms miss the echoes of earlier pulses and are thrown away
FADE_FRAMES = 2
_UNVOICED_HZ = 500.0                    # pulse rate that WORLD uses to place noise
_UNVOICED_MISFIT = 0.02                 # cycles: what a join in noise counts as


@dataclass(frozen=True, slots=True)
class Block:
    """Frames first..last are synthesised; samples start..end of the clip are taken, the first `fade` of them faded in.

    `end` reaches `fade` samples into the next block (not for the last one).
    """

    first: int
    last: int
    start: int
    end: int
    fade: int


def plan_blocks(f0_hz: Floats, loudness: Floats, sample_rate: int, sample_count: int) -> list[Block]:
    """Blocks that cover a clip, from the pitch to be synthesised (T,) and the loudness (T,) in the unit of c0."""
    frames = len(f0_hz)
    firsts = [0]
    while frames - firsts[-1] > BLOCK_FRAMES + 2 * _WINDOW_FRAMES:
        firsts.append(_next_join(f0_hz, loudness, sample_rate, firsts[-1]))
    roll, fade = (_samples_of(count, sample_rate) for count in (ROLL_FRAMES, FADE_FRAMES))
    starts = [0] + [_samples_of(first, sample_rate) + roll for first in firsts[1:]]
    blocks = []
    for index, first in enumerate(firsts):
        final = index == len(firsts) - 1
        last = frames if final else firsts[index + 1] + ROLL_FRAMES + FADE_FRAMES + 2
        end = sample_count if final else starts[index + 1] + fade
        blocks.append(Block(first, last, starts[index], end, fade if index else 0))
    return blocks


def synthesise(block: Block, f0_hz: Floats, envelope: Floats, aperiodicity: Floats, sample_rate: int) -> Floats:
    """Samples start..end of a block, from its frames' f0 (T',), power envelope and aperiodicity (T', F)."""
    sound = pyworld.synthesize(
        np.ascontiguousarray(f0_hz, dtype=np.float64),
        np.ascontiguousarray(envelope, dtype=np.float64),
        np.ascontiguousarray(aperiodicity, dtype=np.float64),
        sample_rate,
        FRAME_PERIOD_MS,
    )
    offset = _samples_of(block.first, sample_rate)
    return sound[block.start - offset : block.end - offset]


def join(whole: Floats, block: Block, sound: Floats) -> None:
    """Write a block's samples into the whole clip (N,), fading from what the block before it left there."""
    if block.fade:
        rising = (np.arange(block.fade) + 0.5) / block.fade
        earlier = whole[block.start : block.start + block.fade]
        sound = sound.copy()
        sound[: block.fade] = earlier * (1.0 - rising) + sound[: block.fade] * rising
    whole[block.start : block.end] = sound


def _next_join(f0_hz: Floats, loudness: Floats, sample_rate: int, first: int) -> int:
    """First frame of the block after the one that begins with frame `first`."""
    step = FRAMES_PER_SECOND // gcd(FRAMES_PER_SECOND, sample_rate)     # frames that fall on a whole sample
    low = first + BLOCK_FRAMES - _WINDOW_FRAMES
    candidates = np.arange(-(-low // step) * step, low + 2 * _WINDOW_FRAMES, step)
    misfit = _phase_cycles(f0_hz[first : candidates[-1] + 2], sample_rate, candidates - first)
    misfit = np.abs(misfit - np.round(misfit))
    faded = candidates[:, None] + ROLL_FRAMES + np.arange(FADE_FRAMES + 1)
    voiced = (f0_hz[faded] > 0).any(axis=1)
    power = np.exp(loudness[faded].max(axis=1) / np.sqrt(60.0))
    cost = power * np.where(voiced, misfit, _UNVOICED_MISFIT)
    return int(candidates[cost.argmin()])


def _phase_cycles(f0_hz: Floats, sample_rate: int, frames: Indices) -> Floats:
    """The phase in cycles that WORLD has reached just before each of `frames`, counted from the first of f0 (T',)."""
    samples = frames * sample_rate // FRAMES_PER_SECOND
    position = np.arange(samples[-1] + 1) * (FRAMES_PER_SECOND / sample_rate)
    grid = np.arange(len(f0_hz))
    pitch = np.interp(position, grid, f0_hz)
    pitch[np.interp(position, grid, (f0_hz > 0).astype(np.float64)) <= 0.5] = _UNVOICED_HZ
    reached = np.cumsum(pitch) / sample_rate
    return reached[samples] - pitch[samples] / sample_rate


def _samples_of(frames: int, sample_rate: int) -> int:
    return round(frames * sample_rate / FRAMES_PER_SECOND)
