"""How a gain follows a level: fast one way, slowly back.

The smooth, decoupled form of D. Giannoulis, M. Massberg and J. D. Reiss, Digital dynamic range compressor design, JAES
60 (2012), on one value per millisecond.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import BLOCK_SAMPLES, Sound

if TYPE_CHECKING:
    import numpy

STEP_SECONDS = 0.001
SMALLEST_LEVEL = 1e-9               # -180 dB


def step_samples(sample_rate: int) -> int:
    return max(1, round(STEP_SECONDS * sample_rate))


def step_count(sound: Sound) -> int:
    """Milliseconds of a sound, the last one perhaps cut short."""
    return -(-len(sound.samples) // step_samples(sound.sample_rate))


def whole_steps(sample_rate: int) -> int:
    """The size of blocks that hold nothing but whole milliseconds."""
    return max(1, BLOCK_SAMPLES // step_samples(sample_rate)) * step_samples(sample_rate)


def peak_levels(samples: numpy.ndarray, step: int) -> numpy.ndarray:
    """(steps,) the largest magnitude of each millisecond of samples (n,), in dB relative to full scale."""
    import numpy

    peaks = numpy.maximum.reduceat(numpy.abs(samples), numpy.arange(0, len(samples), step))
    return 20.0 * numpy.log10(numpy.maximum(peaks, SMALLEST_LEVEL))


class Follower:
    """Wanted reductions in dB (0 or more) -> those taken: rising within attack_ms, falling within release_ms (to
    1 - 1/e)."""

    def __init__(self, attack_ms: float, release_ms: float) -> None:
        self._attack, self._release = (
            math.exp(-1000.0 * STEP_SECONDS / milliseconds) for milliseconds in (attack_ms, release_ms)
        )
        self._held = self._smooth = 0.0

    def follow(self, reduction_db: numpy.ndarray) -> numpy.ndarray:
        """(steps,) -> (steps,), going on where the steps before ended."""
        import numpy

        attack, release = self._attack, self._release
        held, smooth = self._held, self._smooth
        taken = numpy.empty(len(reduction_db))
        for index, wanted in enumerate(reduction_db.tolist()):
            held = max(wanted, release * held + (1.0 - release) * wanted)
            smooth = attack * smooth + (1.0 - attack) * held
            taken[index] = smooth
        self._held, self._smooth = held, smooth
        return taken


def gains(sound: Sound, start: int, end: int, reduction_db: numpy.ndarray) -> numpy.ndarray:
    """Gains of samples start..end by the whole sound's reductions (steps,), straight lines in dB between the
    milliseconds' middles."""
    import numpy

    step = step_samples(sound.sample_rate)
    near = numpy.arange(max(start // step - 1, 0), min(end // step + 2, len(reduction_db)))
    decibels = numpy.interp(numpy.arange(start, end), (near + 0.5) * step, reduction_db[near])
    return 10.0 ** (-decibels / 20.0)
