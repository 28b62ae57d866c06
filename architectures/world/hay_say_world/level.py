"""Loudness: one level for the analysis, the clip's own for the result, no peak above the ceiling."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from hay_say_world.arrays import Floats

CEILING = 0.95
_LIMITER_DB = 3.0           # of a peak's excess is taken off around it, the rest off the whole clip
_REACH_SECONDS = 0.01       # the limiter's gain moves this long before and after a peak
_PART_SAMPLES = 2**16       # worked on at once
_MOST_MATCH_DB = 12.0


def level_exponent(samples: Floats) -> int:
    """The k for which samples (N,) times 2 ** k have their peak in 0.5..1; 0 for silence.

    WORLD's floors are absolute. A power of two changes no digit of a float, so a clip at half the level gives
    exactly half the result, as long as no peak reaches the ceiling.
    """
    peak = peak_of(samples)
    return -math.frexp(peak)[1] if peak > 0.0 else 0


def scaled(samples: Floats, exponent: int) -> Floats:
    """Samples times 2 ** exponent."""
    return samples if exponent == 0 else np.ldexp(samples, exponent)


def scale(samples: Floats, exponent: int) -> None:
    """Multiply samples (N,) by 2 ** exponent, in place."""
    for part in _parts(samples):
        np.ldexp(part, exponent, out=part)


def all_finite(samples: Floats) -> bool:
    """Whether samples (N,) are numbers, all of them."""
    return all(bool(np.isfinite(part).all()) for part in _parts(samples))


def match(samples: Floats, model: Floats) -> None:
    """Give samples (N,) the root mean square of `model`, in place, by at most 12 dB."""
    have, want = rms(samples), rms(model)
    if have > 0.0 and want > 0.0:
        reach = 10.0 ** (_MOST_MATCH_DB / 20.0)
        samples *= np.float32(min(max(want / have, 1.0 / reach), reach))


def hold_peaks(samples: Floats, sample_rate: int) -> float:
    """Hold samples (N,) at or below CEILING, in place; returns the lowest gain used (1.0: nothing was done).

    WORLD concentrates the energy of a pulse (0.54 in, 0.78 to 0.91 out on a mere copy), more so the lower the
    pitch. Limiting alone would press loud vowels into their pauses, scaling alone would let one peak make an
    hour faint.
    """
    peak = peak_of(samples)
    if peak <= CEILING:
        return 1.0
    whole = min(1.0, CEILING * 10.0 ** (_LIMITER_DB / 20.0) / peak)
    samples *= np.float32(whole)
    return whole * _limit(samples, sample_rate)


def rms(samples: Floats) -> float:
    """Root mean square of samples (N,), summed in float64."""
    if not len(samples):
        return 0.0
    total = sum(float(np.square(part, dtype=np.float64).sum()) for part in _parts(samples))
    return math.sqrt(total / len(samples))


def peak_of(samples: Floats) -> float:
    """Largest magnitude among samples (N,); 0 where there are none."""
    return max((float(np.abs(part).max()) for part in _parts(samples)), default=0.0)


def _limit(samples: Floats, sample_rate: int) -> float:
    """Hold peaks by a smooth gain around each, in place: a moving mean of a moving minimum of the needs.

    Sound farther than twice the reach from a peak keeps its level. Returns the lowest gain.
    """
    reach = max(1, int(_REACH_SECONDS * sample_rate))
    lowest = 1.0
    before = samples[:0]        # the end of the part before, as it was
    for start in range(0, len(samples), _PART_SAMPLES):
        end = min(start + _PART_SAMPLES, len(samples))
        here = np.concatenate([before, samples[start : end + 2 * reach]])
        needed = CEILING / np.maximum(np.abs(here), CEILING)
        before, skipped = here[: len(before) + end - start][-2 * reach :], len(before)
        if needed.min() >= 1.0:
            continue
        held = minimum_filter1d(needed, 2 * reach + 1, mode="nearest")
        smooth = uniform_filter1d(held.astype(np.float64), 2 * reach + 1, mode="nearest")
        gain = smooth[skipped : skipped + end - start]
        samples[start:end] = np.clip(samples[start:end] * gain, -CEILING, CEILING)
        lowest = min(lowest, float(gain.min()))
    return lowest


def _parts(samples: Floats) -> Iterator[Floats]:
    """Consecutive parts of samples (N,), so that an hour needs no second hour of memory."""
    return (samples[start : start + _PART_SAMPLES] for start in range(0, len(samples), _PART_SAMPLES))
