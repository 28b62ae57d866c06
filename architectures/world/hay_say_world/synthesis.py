"""From frames back to sound, in blocks that join without a seam.

WORLD places a pulse wherever the phase of the pitch wraps around, and counts that phase from the first frame
it is given. Two blocks synthesised apart agree on where the pulses are only if their phases do. So a block
begins 70 ms before it is heard, and the pitch of that unheard beginning is nudged by a few hertz, just so
much that both phases meet where the sound goes over from one block to the next. Noise differs on both sides;
a cross-fade in the quietest place within two seconds hides that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
import pyworld

from hay_say_world.arrays import Floats
from hay_say_world.frames import FRAME_PERIOD_MS, FRAMES_PER_SECOND

BLOCK_FRAMES = 5 * FRAMES_PER_SECOND         # filled by a clip of 10 s: longer ones take no more memory
_WINDOW_FRAMES = FRAMES_PER_SECOND      # a join lies at most this far from its nominal place
_ROLL_FRAMES = 14                       # unheard beginning of a block; it lacks the echoes of earlier pulses
_FADE_FRAMES = 2
_UNVOICED_HZ = 500.0                    # rate of the pulses by which WORLD places noise
_LARGEST_NUDGE = 0.2                    # of the pitch
_NOISE_MISFIT = 0.02                    # cycles: what going over in noise counts as


@dataclass(frozen=True, slots=True)
class Block:
    """Frames first..last are synthesised, samples start..end of the clip taken, the first `fade` faded in.

    `end` reaches into the next block by its fade (not for the last one). `nudge_hz` is added to the pitch of
    the voiced frames among those that are not heard.
    """

    first: int
    last: int
    start: int
    end: int
    fade: int
    nudge_hz: float

    def nudged(self, f0_hz: Floats) -> Floats:
        """f0 (T',) of the block's frames as it is synthesised."""
        return _nudged(f0_hz, self.nudge_hz)


def plan_blocks(f0_hz: Floats, loudness: Floats, sample_rate: int, sample_count: int) -> list[Block]:
    """Blocks that cover a clip, by the pitch to be synthesised (T,) and the loudness (T,), a c0."""
    frames = len(f0_hz)
    roll, fade = (_samples_of(count, sample_rate) for count in (_ROLL_FRAMES, _FADE_FRAMES))
    blocks: list[Block] = []
    first, start, nudge_hz = 0, 0, 0.0
    while frames - first > BLOCK_FRAMES + 2 * _WINDOW_FRAMES:
        following = _next_join(f0_hz, loudness, sample_rate, first)
        last = following + _ROLL_FRAMES + _FADE_FRAMES + 2
        end = _samples_of(following, sample_rate) + roll + fade
        blocks.append(Block(first, last, start, end, fade if blocks else 0, nudge_hz))
        nudge_hz = _nudge(_nudged(f0_hz[first:last], nudge_hz), f0_hz[following:last], sample_rate)
        first, start = following, end - fade
    blocks.append(Block(first, frames, start, sample_count, fade if blocks else 0, nudge_hz))
    return blocks


def synthesise(
    block: Block, f0_hz: Floats, envelope: Floats, aperiodicity: Floats, sample_rate: int
) -> Floats:
    """Samples start..end of a block, from its frames' f0 (T',), power envelope and aperiodicity (T', F)."""
    sound = pyworld.synthesize(
        np.ascontiguousarray(block.nudged(f0_hz), dtype=np.float64),
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
    """First frame of the block after that beginning with `first`, where a join would be heard least.

    What counts is how loud it is at the cross-fade, times how far (in cycles) the phases may be apart there
    after the nudge: not at all where all of the unheard beginning is voiced, half a cycle where the voice
    sets in just then.
    """
    step = FRAMES_PER_SECOND // gcd(FRAMES_PER_SECOND, sample_rate)     # frames that fall on a whole sample
    low = first + BLOCK_FRAMES - _WINDOW_FRAMES
    candidates = np.arange(-(-low // step) * step, low + 2 * _WINDOW_FRAMES, step)
    faded = candidates[:, None] + _ROLL_FRAMES + np.arange(_FADE_FRAMES + 1)
    unheard = f0_hz[candidates[:, None] + np.arange(_ROLL_FRAMES)]
    within_reach = _LARGEST_NUDGE * unheard.sum(axis=1) / FRAMES_PER_SECOND
    voiced = (f0_hz[faded] > 0).any(axis=1)
    misfit = np.where(voiced, np.maximum(0.5 - within_reach, 0.0), 0.0) + _NOISE_MISFIT
    power = np.exp(loudness[faded].max(axis=1) / np.sqrt(60.0))
    return int(candidates[(power * misfit).argmin()])


def _nudge(before_hz: Floats, after_hz: Floats, sample_rate: int) -> float:
    """Hertz to add to the unheard beginning of a block (T',), so that its phase where it begins to be heard
    is that of the block before (T'', with the same last frame).
    """
    overlap = len(before_hz) - len(after_hz)
    wanted = _phase_cycles(before_hz, sample_rate, overlap + _ROLL_FRAMES)
    plain = _phase_cycles(after_hz, sample_rate, _ROLL_FRAMES)
    gain = _phase_cycles(_nudged(after_hz, 1.0), sample_rate, _ROLL_FRAMES) - plain      # cycles per hertz
    unheard = after_hz[:_ROLL_FRAMES]
    if gain <= 0.0:
        return 0.0
    most = _LARGEST_NUDGE * float(unheard[unheard > 0].mean())
    misfit = (wanted - plain) - round(wanted - plain)
    return float(np.clip(misfit / gain, -most, most))


def _nudged(f0_hz: Floats, nudge_hz: float) -> Floats:
    """f0 (T',) with the voiced frames of the unheard beginning moved by `nudge_hz`."""
    moved = np.array(f0_hz, dtype=np.float64)
    unheard = moved[:_ROLL_FRAMES]
    unheard[unheard > 0] += nudge_hz
    return moved


def _phase_cycles(f0_hz: Floats, sample_rate: int, frame: int) -> float:
    """The phase in cycles that WORLD has reached at `frame` of f0 (T',), counted from the first one."""
    position = np.arange(_samples_of(frame, sample_rate) + 1) * (FRAMES_PER_SECOND / sample_rate)
    grid = np.arange(len(f0_hz))
    pitch = np.interp(position, grid, f0_hz)
    pitch[np.interp(position, grid, (f0_hz > 0).astype(np.float64)) <= 0.5] = _UNVOICED_HZ
    return float(pitch.sum()) / sample_rate


def _samples_of(frames: int, sample_rate: int) -> int:
    return round(frames * sample_rate / FRAMES_PER_SECOND)
