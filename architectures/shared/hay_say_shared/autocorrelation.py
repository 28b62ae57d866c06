"""Pitch by normalised autocorrelation and the cheapest path through its candidates (P. Boersma, 1993).

The method behind Praat's `To Pitch (ac)`, written from the paper. Sound is (N,) at 16 kHz, a value comes every 10 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy

SAMPLE_RATE = 16_000
HOP = 160
_PERIODS = 3                # of the lowest pitch in one window
_SILENCE = 0.03             # of the loudest sample: quieter frames count as unvoiced
_OCTAVE_COST = 0.01         # for each octave below the highest pitch
_JUMP_COST = 0.35           # for each octave from one frame to the next
_CHANGE_COST = 0.14         # from voiced to unvoiced and back
_CANDIDATES = 9             # voiced ones of a frame
_FINER = 4                  # lags between two samples
_BLOCK = 400                # frames in work at once

Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """(T, 9) frequencies in Hz (0: none) and strengths, and (T,) strengths of being unvoiced."""

    hertz: numpy.ndarray
    strengths: numpy.ndarray
    unvoiced: numpy.ndarray


def pitch(
    sound: numpy.ndarray, *, low_hz: float = 50.0, high_hz: float = 1100.0, voicing: float = 0.6, tell: Tell | None = None
) -> numpy.ndarray:
    """f0 (N // 160 + 1,) float64 in Hz, 0 where unvoiced. tell: called with the share done; it may raise to stop."""
    frames = len(sound) // HOP + 1
    window = round(_PERIODS * SAMPLE_RATE / low_hz) // 2 * 2
    loudest = float(numpy.abs(sound).max(initial=0.0))
    if loudest == 0.0:
        return numpy.zeros(frames)
    parts = []
    for first in range(0, frames, _BLOCK):
        last = min(first + _BLOCK, frames)
        parts.append(_heard(_cut(sound, first, last, window), loudest, low_hz, high_hz, voicing))
        if tell is not None:
            tell(last / frames)
    whole = _Candidates(*(numpy.concatenate([getattr(part, name) for part in parts]) for name in _Candidates.__slots__))
    return _cheapest_path(whole)


def _cut(sound: numpy.ndarray, first: int, last: int, window: int) -> numpy.ndarray:
    """(last - first, window): windows centred on their hops, silence outside of the sound"""
    begin, end = first * HOP - window // 2, (last - 1) * HOP + window // 2
    inside = slice(max(0, begin), max(0, min(end, len(sound))))
    padded = numpy.pad(sound[inside].astype(numpy.float64), (inside.start - begin, end - max(inside.stop, inside.start)))
    return numpy.lib.stride_tricks.sliding_window_view(padded, window)[::HOP][: last - first]


def _heard(windows: numpy.ndarray, loudest: float, low_hz: float, high_hz: float, voicing: float) -> _Candidates:
    """Maxima of the autocorrelation of the windows (B, W), divided by that of the window's own shape."""
    length = windows.shape[1]
    sound = windows - windows.mean(axis=1, keepdims=True)
    peaks = numpy.abs(sound).max(axis=1)
    shape = numpy.hanning(length + 2)[1:-1]
    highest_lag = int(numpy.ceil(SAMPLE_RATE / low_hz)) + 1
    heard = _correlation(sound * shape, highest_lag) / _correlation(shape[None], highest_lag)
    lags = numpy.arange(heard.shape[1]) / _FINER
    allowed = (lags >= SAMPLE_RATE / high_hz) & (lags <= SAMPLE_RATE / low_hz)
    tops = numpy.zeros(heard.shape, dtype=bool)
    tops[:, 1:-1] = (heard[:, 1:-1] > heard[:, :-2]) & (heard[:, 1:-1] >= heard[:, 2:]) & allowed[1:-1]
    strengths = numpy.where(tops & (heard > 0.5 * voicing), heard, -numpy.inf)
    strengths -= _OCTAVE_COST * numpy.log2(low_hz * numpy.maximum(lags, 1.0) / SAMPLE_RATE)
    best = numpy.argpartition(-strengths, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    found = numpy.take_along_axis(strengths, best, axis=1)
    exact = (best + _offset(heard, best)) / _FINER
    hertz = numpy.where(numpy.isfinite(found), SAMPLE_RATE / numpy.maximum(exact, 1.0), 0.0)
    quiet = numpy.maximum(0.0, 2.0 - (peaks / loudest) / (_SILENCE / (1.0 + voicing)))
    return _Candidates(hertz, found, voicing + quiet)


def _correlation(sound: numpy.ndarray, highest_lag: int) -> numpy.ndarray:
    """(B, W) -> (B, lags x 4), 1 at lag 0: by the power spectrum, filled up with zeros so that lags lie closer."""
    size = 1 << int(numpy.ceil(numpy.log2(sound.shape[1] + highest_lag)))
    power = numpy.abs(numpy.fft.rfft(sound, size)) ** 2
    power[:, -1] *= 0.5         # the middle of a spectrum that is made longer belongs to both halves
    found = numpy.fft.irfft(power, size * _FINER)[:, : highest_lag * _FINER]
    return found / numpy.maximum(found[:, :1], 1e-300)


def _offset(heard: numpy.ndarray, places: numpy.ndarray) -> numpy.ndarray:
    """How far the top of a parabola through a place and its neighbours is from the place, -0.5..0.5."""
    inside = places.clip(1, heard.shape[1] - 2)
    before, here, after = (numpy.take_along_axis(heard, inside + step, axis=1) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return numpy.where(bend < 0, 0.5 * (before - after) / numpy.minimum(bend, -1e-12), 0.0).clip(-0.5, 0.5)


def _cheapest_path(found: _Candidates) -> numpy.ndarray:
    """One candidate a frame, so that strengths less the costs of jumps are greatest (Viterbi)."""
    frames = len(found.hertz)
    hertz = numpy.concatenate([numpy.zeros((frames, 1)), found.hertz], axis=1)              # state 0: unvoiced
    gains = numpy.concatenate([found.unvoiced[:, None], found.strengths], axis=1)
    voiced = hertz > 0
    octaves = numpy.log2(numpy.where(voiced, hertz, 1.0))
    came = numpy.zeros(hertz.shape, dtype=numpy.int8)
    total = gains[0]
    for frame in range(1, frames):
        both = voiced[frame - 1][:, None] & voiced[frame][None, :]
        changed = voiced[frame - 1][:, None] != voiced[frame][None, :]
        jump = numpy.abs(octaves[frame - 1][:, None] - octaves[frame][None, :])
        ways = total[:, None] - numpy.where(both, _JUMP_COST * jump, _CHANGE_COST * changed)
        came[frame] = ways.argmax(axis=0)
        total = ways.max(axis=0) + gains[frame]
    path = numpy.empty(frames, dtype=numpy.int64)
    path[-1] = total.argmax()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = came[frame, path[frame]]
    return hertz[numpy.arange(frames), path]
