"""Loudness in LUFS by ITU-R BS.1770-4, and a clip brought to a wanted one.

A clip is one channel: a mono sine of 1 kHz at -23 dBFS has -26 LUFS, the same in both channels of a stereo file -23.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hay_say_lab.audio.level import SMALLEST_POWER, gain_of, hold_peaks, scaled, true_peak_dbtp
from hay_say_lab.audio.progress import Checkpoint, part, unwatched

if TYPE_CHECKING:
    import numpy

CEILING_DBTP = -1.0                 # of EBU R 128
MOST_LIMITING_DB = 6.0              # what the limiter may take off a peak; more would be heard
_OFFSET_LUFS = -0.691               # a 1 kHz sine passes the K-weighting with +0.691 dB
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_STEPS_PER_SECOND = 10              # gating blocks of 400 ms overlap by three quarters
_STEPS_PER_BLOCK = 4
_BLOCK_SECONDS = 5                 # bounds the memory of the filtered copy
_ROUNDS = 4                         # of limiting and measuring again
_CLOSE_LU = 0.1

# BS.1770-4 gives coefficients for 48 kHz only. These analogue prototypes give them there to 1e-9, and everywhere else
# (B. De Man, Evaluation of implementations of the EBU R128 loudness measurement, AES 145, 2018).
_SHELF_HZ, _SHELF_DB = 1681.974450955533, 3.999843853973347
_SHELF_Q, _SHELF_BEND = 0.7071752369554196, 0.4996667741545416
_CUT_HZ, _CUT_Q = 38.13547087602444, 0.5003270373238773
_HIGHEST_SHARE = 0.45               # of the sample rate: the shelf stays below half of it, whatever the rate


@dataclass(frozen=True, slots=True, eq=False)
class Levelled:
    """A clip brought to a loudness: what was done and what came of it."""

    samples: numpy.ndarray          # (N,) float32
    gain_db: float                  # on the whole clip
    limited_db: float               # most that was taken off a peak, 0 or more
    lufs: float | None              # of the result; None where there is nothing to measure


def k_weighting(sample_rate: int) -> numpy.ndarray:
    """The two filters of BS.1770-4 as second-order sections (2, 6): the head's shelf, then the low cut."""
    import numpy

    k = math.tan(math.pi * min(_SHELF_HZ / sample_rate, _HIGHEST_SHARE))
    high = 10.0 ** (_SHELF_DB / 20.0)
    bend = high**_SHELF_BEND
    scale = 1.0 + k / _SHELF_Q + k * k
    shelf = [
        (high + bend * k / _SHELF_Q + k * k) / scale,
        2.0 * (k * k - high) / scale,
        (high - bend * k / _SHELF_Q + k * k) / scale,
        1.0,
        2.0 * (k * k - 1.0) / scale,
        (1.0 - k / _SHELF_Q + k * k) / scale,
    ]
    k = math.tan(math.pi * min(_CUT_HZ / sample_rate, _HIGHEST_SHARE))
    scale = 1.0 + k / _CUT_Q + k * k
    cut = [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / _CUT_Q + k * k) / scale]
    return numpy.array([shelf, cut])


def integrated_lufs(
    samples: numpy.ndarray, sample_rate: int, checkpoint: Checkpoint = unwatched
) -> float | None:
    """Gated loudness of samples (N,); None where nothing passes the absolute gate of -70 LUFS (silence).

    A clip shorter than one gating block (0.4 s) counts as one block of its own length.
    """
    import numpy

    powers = _block_powers(samples, sample_rate, checkpoint)
    loud = powers[powers > _power_at(_ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return None
    gate = _power_at(_lufs_of(float(loud.mean())) + _RELATIVE_GATE_LU)
    return _lufs_of(float(numpy.mean(loud[loud > gate])))


def loudest_lufs(
    samples: numpy.ndarray, sample_rate: int, window_seconds: float, checkpoint: Checkpoint = unwatched
) -> float | None:
    """Loudness of the loudest window of samples (N,), without a gate, every 100 ms: momentary (0.4 s) and short-term
    (3 s) maxima of EBU Tech 3341. None of silence, and of a clip shorter than the window."""
    steps = round(window_seconds * _STEPS_PER_SECOND)
    if len(samples) < steps * max(1, round(sample_rate / _STEPS_PER_SECOND)):
        return None
    loudest = float(_block_powers(samples, sample_rate, checkpoint, steps).max())
    return _lufs_of(loudest) if loudest > SMALLEST_POWER else None


def bring_to_loudness(
    samples: numpy.ndarray,
    sample_rate: int,
    target_lufs: float,
    ceiling_dbtp: float = CEILING_DBTP,
    checkpoint: Checkpoint = unwatched,
) -> Levelled:
    """One gain for the whole clip, and no true peak above the ceiling.

    Where peaks would pass the ceiling a limiter takes off up to 6 dB around each; where that is not enough the clip
    stays quieter than the target, and `lufs` says how loud it is. Silence stays as it is.
    """
    start_lufs = integrated_lufs(samples, sample_rate, part(checkpoint, 0.0, 0.1))
    peak_dbtp = true_peak_dbtp(samples, sample_rate, part(checkpoint, 0.1, 0.2))
    if start_lufs is None or peak_dbtp is None:
        return Levelled(samples, 0.0, 0.0, None)
    gain_db = target_lufs - start_lufs
    most_gain_db = ceiling_dbtp + MOST_LIMITING_DB - peak_dbtp
    for number in range(_ROUNDS):
        rounds = part(checkpoint, 0.2 + 0.2 * number, 0.4 + 0.2 * number)
        gain_db = min(gain_db, most_gain_db)
        loud = scaled(samples, gain_of(gain_db), part(rounds, 0.0, 0.1))
        held, lowest = hold_peaks(loud, sample_rate, gain_of(ceiling_dbtp), part(rounds, 0.1, 0.7))
        lufs = integrated_lufs(held, sample_rate, part(rounds, 0.7, 1.0))
        if lufs is None or gain_db >= most_gain_db or abs(lufs - target_lufs) <= _CLOSE_LU:
            break
        gain_db += target_lufs - lufs
    return Levelled(held, gain_db, -20.0 * math.log10(lowest), lufs)


def _block_powers(
    samples: numpy.ndarray, sample_rate: int, checkpoint: Checkpoint, steps_per_block: int = _STEPS_PER_BLOCK
) -> numpy.ndarray:
    """K-weighted mean squares of all blocks (gating blocks of 400 ms), every 100 ms."""
    import numpy
    from scipy.signal import sosfilt

    sections = k_weighting(sample_rate)
    step = max(1, round(sample_rate / _STEPS_PER_SECOND))
    state = numpy.zeros((len(sections), 2))
    steps: list[numpy.ndarray] = []
    energy = 0.0
    for start in range(0, len(samples), step * _STEPS_PER_SECOND * _BLOCK_SECONDS):
        checkpoint(start / len(samples), "measuring loudness")
        block = samples[start : start + step * _STEPS_PER_SECOND * _BLOCK_SECONDS].astype(numpy.float64)
        weighted, state = sosfilt(sections, block, zi=state)
        squares = weighted * weighted
        energy += float(squares.sum())
        whole = len(squares) // step * step
        steps.append(squares[:whole].reshape(-1, step).mean(axis=1))
    if len(samples) < steps_per_block * step:
        return numpy.array([energy / len(samples)] if len(samples) else [])
    means = numpy.concatenate(steps)
    return numpy.convolve(means, numpy.full(steps_per_block, 1.0 / steps_per_block), mode="valid")


def _lufs_of(power: float) -> float:
    return _OFFSET_LUFS + 10.0 * math.log10(power)


def _power_at(lufs: float) -> float:
    return float(10.0 ** ((lufs - _OFFSET_LUFS) / 10.0))
