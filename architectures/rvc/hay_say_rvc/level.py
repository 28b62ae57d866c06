"""Sound before and behind the networks: peaks, rumble, and the loudness of the source laid over the result.

Sound of any length, in blocks: what these functions hold in memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy

HIGHEST_PEAK = 0.95             # of what goes into the networks
HIGH_PASS_HZ = 48.0
SAMPLE_RATE = 16_000
LEAST_RMS = 1e-6
_ORDER = 5
_TURN = 18                      # samples that each end is turned over by: three times the length of the filter
_BLOCK = 1 << 18


def peak_gain(sound: numpy.ndarray) -> float:
    """What brings the peaks of a sound that is too loud down to 0.95; 1 for all others."""
    peak = max((float(numpy.abs(sound[first : first + _BLOCK]).max()) for first in range(0, len(sound), _BLOCK)), default=0.0)
    return min(1.0, HIGHEST_PEAK / peak) if peak > 0 else 1.0


def high_passed(sound: numpy.ndarray, out: numpy.ndarray) -> numpy.ndarray:
    """Without what lies below 48 Hz, forwards and backwards, so that nothing moves: sound (N,) at 16 kHz into `out`.

    A Butterworth filter of fifth order in second-order sections, started in the state of a sound that has always been
    as its first sample, each end turned over by 18 samples. `out` may be `sound`.
    """
    from scipy import signal

    if len(sound) < 2:
        out[:] = 0.0            # one sample is a sound that never changes
        return out
    sections = signal.butter(_ORDER, HIGH_PASS_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
    rest = signal.sosfilt_zi(sections)
    turn = min(_TURN, len(sound) - 1)
    first, last = numpy.float64(sound[0]), numpy.float64(sound[-1])
    before = 2 * first - sound[turn:0:-1].astype(numpy.float64)
    after = 2 * last - sound[-2 : -turn - 2 : -1].astype(numpy.float64)
    _, state = signal.sosfilt(sections, before, zi=rest * before[0])
    for start in range(0, len(sound), _BLOCK):
        made, state = signal.sosfilt(sections, sound[start : start + _BLOCK].astype(numpy.float64), zi=state)
        out[start : start + _BLOCK] = made
    tail, _ = signal.sosfilt(sections, after, zi=state)
    _, state = signal.sosfilt(sections, tail[::-1], zi=rest * tail[-1])
    for start in reversed(range(0, len(sound), _BLOCK)):
        made, state = signal.sosfilt(sections, out[start : start + _BLOCK][::-1].astype(numpy.float64), zi=state)
        out[start : start + _BLOCK] = made[::-1]
    return out


def envelope(sound: numpy.ndarray, sample_rate: int) -> numpy.ndarray:
    """(K,) float64: the root mean square of one second, every half second, centred; silence outside of the sound."""
    half = sample_rate // 2
    sums = numpy.array([numpy.square(sound[first : first + half], dtype=numpy.float64).sum()
                        for first in range(0, len(sound), half)] or [0.0])  # fmt: skip
    count = len(sound) // half + 1
    sums = numpy.pad(sums, (0, max(0, count - len(sums))))[:count]
    before = numpy.concatenate([[0.0], sums[:-1]])
    return numpy.sqrt((before + sums) / (2 * half))


def gains(source: numpy.ndarray, result: numpy.ndarray, mix: float, length: int) -> Iterator[tuple[int, numpy.ndarray]]:
    """Both envelopes -> (first sample, gains) block by block, for a result of `length` samples.

    mix 1 leaves the result as loud as it is, 0 gives it the loudness of the source.
    """
    for first in range(0, length, _BLOCK):
        places = numpy.arange(first, min(first + _BLOCK, length))
        wanted, heard = _resized(source, places, length), _resized(result, places, length)
        yield first, wanted ** (1.0 - mix) * numpy.maximum(heard, LEAST_RMS) ** (mix - 1.0)


def _resized(values: numpy.ndarray, places: numpy.ndarray, length: int) -> numpy.ndarray:
    """`values` stretched over `length` samples by straight lines, the middles of both ends' halves held; at `places`."""
    where = ((places + 0.5) * (len(values) / length) - 0.5).clip(0, len(values) - 1)
    return numpy.interp(where, numpy.arange(len(values)), values)
