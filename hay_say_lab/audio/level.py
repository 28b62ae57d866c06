"""Level: true peaks, decibels, and a limiter that holds peaks below a ceiling.

True peak is that of ITU-R BS.1770-4, annex 2: the largest magnitude of the signal oversampled to at least 192 kHz.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.scratch import blocks, copied, zeros

if TYPE_CHECKING:
    import numpy

SMALLEST_POWER = 1e-30              # -300 dB: keeps logarithms finite
OVERSAMPLED_RATE = 192_000          # 4 x 48 kHz
_LARGEST_FLOAT32 = 3.0e38
_BLOCK_SAMPLES = 1 << 16            # bounds the memory of the oversampled copy
_MARGIN_SAMPLES = 64                # more than the interpolation's reach
_LIMITER_SECONDS = 0.005            # the limiter's gain begins to move this long before a peak


@dataclass(frozen=True, slots=True, eq=False)
class Doubles:
    """Samples (N,) times 2 ** exponent as float64, made stretch by stretch: no second copy of a long clip."""

    samples: numpy.ndarray
    exponent: int = 0

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: slice) -> numpy.ndarray:
        import numpy

        return numpy.ldexp(self.samples[place], self.exponent).astype(numpy.float64)

    def between(self, start: int, end: int) -> numpy.ndarray:
        """(end - start,) with silence outside of the clip."""
        import numpy

        stretch = numpy.zeros(max(end - start, 0))
        inside, outside = max(start, 0), min(end, len(self))
        if outside > inside:
            stretch[inside - start : outside - start] = self[inside:outside]
        return stretch


def decibels(power: float) -> float:
    """Power -> dB, never below -300."""
    return 10.0 * math.log10(max(power, SMALLEST_POWER))


def gain_of(decibel: float) -> float:
    """dB -> factor on samples."""
    return float(10.0 ** (decibel / 20.0))


def as_float32(samples: numpy.ndarray) -> numpy.ndarray:
    """Any floats as float32, without running over into infinity."""
    import numpy

    return numpy.clip(samples, -_LARGEST_FLOAT32, _LARGEST_FLOAT32).astype(numpy.float32)


def scaled(samples: numpy.ndarray, factor: float, checkpoint: Checkpoint = unwatched) -> numpy.ndarray:
    """Samples (N,) times a factor, as float32, block by block: no float64 copy of a long clip."""
    import numpy

    result = zeros(len(samples))
    for start in range(0, len(samples), _BLOCK_SAMPLES):
        checkpoint(start / len(samples), "setting the level")
        block = samples[start : start + _BLOCK_SAMPLES].astype(numpy.float64)
        result[start : start + _BLOCK_SAMPLES] = as_float32(block * factor)
    return result


def level_exponent(samples: numpy.ndarray) -> int:
    """The k for which samples times 2 ** k have their peak in 0.5..1; 0 for silence.

    A power of two changes no digit of a float: methods with absolute floors then treat a clip and its half alike.
    """
    peak = peak_of(samples)
    return -math.frexp(peak)[1] if peak > 0.0 else 0


def peak_of(samples: numpy.ndarray) -> float:
    """The largest magnitude among samples (N,); 0 where there are none."""
    peak = 0.0
    for start, end in blocks(len(samples)):
        block = samples[start:end]
        peak = max(peak, float(block.max()), -float(block.min()))
    return peak


def true_peak(samples: numpy.ndarray, sample_rate: int, checkpoint: Checkpoint = unwatched) -> float:
    """The largest magnitude between and on the samples (N,); 1.0 is full scale, 0.0 silence."""
    blocks = _envelopes(samples, sample_rate, checkpoint)
    return max((float(block.max(initial=0.0)) for _, block in blocks), default=0.0)


def true_peak_dbtp(
    samples: numpy.ndarray, sample_rate: int, checkpoint: Checkpoint = unwatched
) -> float | None:
    """True peak in dB relative to full scale; None for silence."""
    peak = true_peak(samples, sample_rate, checkpoint)
    return 20.0 * math.log10(peak) if peak > 0.0 else None


def hold_peaks(
    samples: numpy.ndarray, sample_rate: int, ceiling: float, checkpoint: Checkpoint = unwatched
) -> tuple[numpy.ndarray, float]:
    """Samples (N,) float32 whose true peak does not pass `ceiling` (1.0 is full scale), and the lowest gain used.

    Each peak gets a smooth dip of the gain around it (a moving mean of a moving minimum, so the gain is low enough at
    the peak itself); sound farther than 10 ms from a peak keeps its level.
    """
    import numpy
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    reach = max(1, round(_LIMITER_SECONDS * sample_rate))
    needed, least = zeros(len(samples)), 1.0
    for start, envelope in _envelopes(samples, sample_rate, part(checkpoint, 0.0, 0.4)):
        there = slice(start, start + len(envelope))
        needed[there] = ceiling / numpy.maximum(envelope, ceiling)
        least = min(least, float(needed[there].min()))
    if least >= 1.0:
        return samples.astype(numpy.float32, copy=False), 1.0
    held, lowest = copied(samples), 1.0
    for start in range(0, len(held), _BLOCK_SAMPLES):
        checkpoint(0.4 + 0.2 * start / len(held), "holding peaks")
        end = min(start + _BLOCK_SAMPLES, len(held))
        first, last = max(start - 2 * reach, 0), min(end + 2 * reach, len(held))
        dips = minimum_filter1d(needed[first:last].astype(numpy.float64), 2 * reach + 1, mode="nearest")
        gain = uniform_filter1d(dips, 2 * reach + 1, mode="nearest")[start - first : end - first]
        held[start:end] = samples[start:end] * gain
        lowest = min(lowest, float(gain.min()))
    # A moving gain shifts peaks by hundredths of a dB.
    rest = min(1.0, ceiling / true_peak(held, sample_rate, part(checkpoint, 0.6, 1.0)))
    if rest < 1.0:
        for start, end in blocks(len(held)):
            held[start:end] *= numpy.float32(rest)
    return held, lowest * rest


def _envelopes(
    samples: numpy.ndarray, sample_rate: int, checkpoint: Checkpoint
) -> Iterator[tuple[int, numpy.ndarray]]:
    """(start, magnitudes (n,)) block by block: of each sample or, where larger, of the sound up to the next one."""
    import numpy
    from scipy.signal import resample_poly

    factor = max(1, min(4, -(-OVERSAMPLED_RATE // sample_rate)))
    for start in range(0, len(samples), _BLOCK_SAMPLES):
        checkpoint(start / len(samples), "measuring peaks")
        end = min(start + _BLOCK_SAMPLES, len(samples))
        magnitudes = numpy.abs(samples[start:end]).astype(numpy.float64)
        if factor > 1:
            first, last = max(start - _MARGIN_SAMPLES, 0), min(end + _MARGIN_SAMPLES, len(samples))
            between = numpy.abs(resample_poly(samples[first:last].astype(numpy.float64), factor, 1))
            between = between.reshape(-1, factor).max(axis=1)[start - first : end - first]
            magnitudes = numpy.maximum(magnitudes, between)
        yield start, magnitudes
