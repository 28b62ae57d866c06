"""Pitch moved by semitones with the formants kept: WORLD takes the voice apart and builds it up on another pitch.

M. Morise, F. Yokomori, K. Ozawa: WORLD (IEICE Trans. E99-D, 2016). WORLD lays a pulse wherever the phase of the pitch
wraps around and counts that phase from the first frame of a call. A long clip is built in blocks that go over into
each other at quiet, unvoiced places; where there is none, the unheard beginning of a block gets just the pitch that
brings its pulses into step with those of the block before.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

from hay_say_lab.audio.f0 import FRAMES_PER_SECOND, LOW_HZ, f0_contour
from hay_say_lab.audio.level import hold_peaks, level_exponent, peak_of, scaled
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.resampling import resampled
from hay_say_lab.audio.scratch import zeros

if TYPE_CHECKING:
    import numpy

MOST_SEMITONES = 25.0
_LOWEST_RATE, _HIGHEST_RATE = 16_000, 48_000    # WORLD's own range; a voice has nothing above 24 kHz to move
_SUNG_LIMITS_HZ = (20.0, 2000.0)
_FRAME_PERIOD_MS = 1000.0 / FRAMES_PER_SECOND
_BLOCK_FRAMES = 4 * FRAMES_PER_SECOND           # less than a second of computing
_SEARCH_FRAMES = FRAMES_PER_SECOND              # a join lies at most this far from its nominal place
_LEAD_FRAMES = 20                               # unheard beginning of a block: it also misses earlier pulses' echoes
_FADE_FRAMES = 2
_TAIL_FRAMES = 6                                # after the fade, so that no end of a block is heard
_MARGIN_SECONDS = 0.15                          # of sound around the frames that are analysed
_UNVOICED_HZ = 500.0                            # the rate at which WORLD lays noise
_SERVED_HZ = 71.0                               # pitch that the usual FFT serves; deeper voices get twice its length
_ENVELOPE_FLOOR = 1e-13                         # CheapTrick's own noise must not speak where a clip is empty
_CONTOUR_SHARE, _JOINS_SHARE = 0.55, 0.56       # of the work: done once the pitch is known, and the joins


@dataclass(frozen=True, slots=True)
class _Block:
    """Frames first..last are synthesised; heard from `join` on, where the block before fades out."""

    first: int
    join: int
    last: int


def shift_pitch(
    samples: numpy.ndarray, sample_rate: int, semitones: float, checkpoint: Checkpoint = unwatched
) -> numpy.ndarray:
    """Samples (N,) -> (N,) float32 with every voiced frame moved by -25..25 semitones, unvoiced sound kept in kind.

    Above 48 kHz what lies beyond 24 kHz is lost. Peaks that WORLD raises are held at the clip's own peak, or at 0.95
    where that is higher.
    """
    import numpy

    peak = peak_of(samples)
    if peak == 0.0:
        return samples.astype(numpy.float32)
    exponent = level_exponent(samples)
    rate = min(max(sample_rate, _LOWEST_RATE), _HIGHEST_RATE)
    level = scaled(samples, 2.0**exponent)
    sound = resampled(level, sample_rate, rate, "VHQ", part(checkpoint, 0.0, 0.03))
    shifted = _shifted(sound, rate, semitones, part(checkpoint, 0.03, 0.94))
    shifted = resampled(shifted, rate, sample_rate, "VHQ", part(checkpoint, 0.94, 0.97))
    result = zeros(len(samples))
    result[: len(shifted)] = scaled(shifted[: len(samples)], 2.0**-exponent)
    held, _ = hold_peaks(result, sample_rate, max(peak, 0.95), part(checkpoint, 0.97, 1.0))
    return held


def _shifted(sound: numpy.ndarray, rate: int, semitones: float, checkpoint: Checkpoint) -> numpy.ndarray:
    """The level sound (N,) at a rate of WORLD's, block by block."""
    import numpy

    contour = f0_contour(sound, rate, checkpoint=part(checkpoint, 0.0, _CONTOUR_SHARE))
    given = contour.f0_hz
    target = numpy.where(given > 0, (given * 2.0 ** (semitones / 12.0)).clip(*_SUNG_LIMITS_HZ), 0.0)
    low = contour.percentile_hz(5.0)
    served = _SERVED_HZ if low is None or low >= _SERVED_HZ else LOW_HZ
    whole = zeros(len(sound))
    fade = _samples_of(_FADE_FRAMES, rate)
    phase = 0.0
    blocks = _blocks(target, sound, rate, part(checkpoint, _CONTOUR_SHARE, _JOINS_SHARE))
    building = part(checkpoint, _JOINS_SHARE, 1.0)
    for number, block in enumerate(blocks):
        building(block.first / len(target), "moving the pitch")
        pitch = target[block.first : block.last].copy()
        if number:
            pitch = _in_step(pitch, block.join - block.first, phase, rate)
        made = _synthesised(sound, rate, given, pitch, block, served)
        following = blocks[number + 1].join if number + 1 < len(blocks) else None
        start = _samples_of(block.join, rate) if number else 0
        end = len(sound) if following is None else _samples_of(following, rate) + fade
        heard = made[start - _samples_of(block.first, rate) :][: end - start]
        if number:
            rising = (numpy.arange(fade) + 0.5) / fade
            heard[:fade] = whole[start : start + fade] * (1.0 - rising) + heard[:fade] * rising
        whole[start : start + len(heard)] = heard
        if following is not None:
            phase = _cycles(pitch, rate, following - block.first)
    return whole


def _synthesised(
    sound: numpy.ndarray, rate: int, given: numpy.ndarray, pitch: numpy.ndarray, block: _Block, served_hz: float
) -> numpy.ndarray:
    """Samples of the block's frames: analysed with the `given` f0 of the clip (T,), built on `pitch` (T',)."""
    import numpy
    import pyworld

    start = _samples_of(block.first, rate) - round(_MARGIN_SECONDS * rate)
    end = _samples_of(block.last, rate) + round(_MARGIN_SECONDS * rate)
    stretch = numpy.zeros(end - start)
    inside, outside = max(start, 0), min(end, len(sound))
    stretch[inside - start : outside - start] = sound[inside:outside]
    times = numpy.arange(block.first, block.last) / FRAMES_PER_SECOND - start / rate
    analysed = numpy.ascontiguousarray(given[block.first : block.last])
    size = pyworld.get_cheaptrick_fft_size(rate, served_hz)
    envelope = pyworld.cheaptrick(stretch, analysed, times, rate, fft_size=size)
    envelope = numpy.maximum(envelope, _ENVELOPE_FLOOR)
    breath = pyworld.d4c(stretch, analysed, times, rate, fft_size=size)
    return pyworld.synthesize(numpy.ascontiguousarray(pitch), envelope, breath, rate, _FRAME_PERIOD_MS)


def _blocks(pitch_hz: numpy.ndarray, sound: numpy.ndarray, rate: int, checkpoint: Checkpoint) -> list[_Block]:
    """Blocks that cover the frames of pitch (T,)."""
    frames = len(pitch_hz)
    joins = [0]
    while frames - joins[-1] > _BLOCK_FRAMES + 2 * _SEARCH_FRAMES:
        checkpoint(joins[-1] / frames, "looking for quiet places")
        joins.append(_best_join(pitch_hz, sound, rate, joins[-1] + _BLOCK_FRAMES))
    step = _whole_frames(rate)
    lead = -(-_LEAD_FRAMES // step) * step      # the first frame of a block lies on a sample, as its join does
    ends = [join + _FADE_FRAMES + _TAIL_FRAMES for join in joins[1:]] + [frames]
    return [_Block(max(join - lead, 0), join, end) for join, end in zip(joins, ends, strict=True)]


def _best_join(pitch_hz: numpy.ndarray, sound: numpy.ndarray, rate: int, nominal: int) -> int:
    """The frame near `nominal` where going over is heard least: quiet, and voiced on neither side or on both."""
    import numpy

    step = _whole_frames(rate)
    first = -(-(nominal - _SEARCH_FRAMES) // step) * step
    candidates = numpy.arange(first, nominal + _SEARCH_FRAMES + 1, step)
    around = (pitch_hz[candidates[:, None] + numpy.arange(-4, _FADE_FRAMES + 5)] > 0).mean(axis=1)
    reach = _samples_of(2, rate)
    powers = []
    for frame in candidates:
        middle = _samples_of(int(frame) + _FADE_FRAMES // 2, rate)
        powers.append(float(numpy.square(sound[middle - reach : middle + reach], dtype=numpy.float64).mean()))
    misfit = numpy.where(around == 0.0, 0.01, numpy.where(around == 1.0, 0.1, 1.0))
    return int(candidates[(numpy.sqrt(powers) * misfit + 1e-6 * misfit).argmin()])


def _in_step(pitch_hz: numpy.ndarray, lead: int, phase: float, rate: int) -> numpy.ndarray:
    """Pitch (T',) whose unheard first `lead` frames bring the phase at frame `lead` to `phase` cycles (modulo 1)."""
    import numpy

    if not pitch_hz[lead] > 0:
        return pitch_hz
    moved = pitch_hz.copy()
    moved[:lead] = pitch_hz[lead]
    plain = _cycles(moved, rate, lead)
    moved[:lead] += 1.0
    per_hertz = _cycles(moved, rate, lead) - plain
    misfit = (phase - plain + 0.5) % 1.0 - 0.5
    moved[:lead] = numpy.maximum(pitch_hz[lead] + misfit / per_hertz, 1.0)
    return moved


def _cycles(pitch_hz: numpy.ndarray, rate: int, frame: int) -> float:
    """The phase that WORLD has reached at a frame of pitch (T',), counted from the first one."""
    import numpy

    grid = numpy.arange(len(pitch_hz))
    position = numpy.arange(_samples_of(frame, rate) + 1) * (FRAMES_PER_SECOND / rate)
    hertz = numpy.interp(position, grid, pitch_hz)
    voiced = numpy.interp(position, grid, (pitch_hz > 0).astype(float)) > 0.5
    return float(numpy.where(voiced, hertz, _UNVOICED_HZ).sum()) / rate


def _whole_frames(rate: int) -> int:
    """Every so many frames one falls on a whole sample."""
    return FRAMES_PER_SECOND // gcd(FRAMES_PER_SECOND, rate)


def _samples_of(frames: int, rate: int) -> int:
    return round(frames * rate / FRAMES_PER_SECOND)
