"""How a gain follows a level: fast one way, slowly back.

The smooth, decoupled form of D. Giannoulis, M. Massberg and J. D. Reiss, Digital dynamic range compressor design, JAES
60 (2012), on one value per millisecond.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import Sound

if TYPE_CHECKING:
    import numpy

STEP_SECONDS = 0.001
SMALLEST_LEVEL = 1e-9               # -180 dB


def peak_levels(sound: Sound) -> numpy.ndarray:
    """(steps,) the largest magnitude of each millisecond, in dB relative to full scale."""
    import numpy

    step = step_samples(sound.sample_rate)
    peaks = numpy.maximum.reduceat(numpy.abs(sound.samples), numpy.arange(0, len(sound.samples), step))
    return 20.0 * numpy.log10(numpy.maximum(peaks, SMALLEST_LEVEL))


def step_samples(sample_rate: int) -> int:
    return max(1, round(STEP_SECONDS * sample_rate))


def followed(reduction_db: numpy.ndarray, attack_ms: float, release_ms: float) -> numpy.ndarray:
    """(steps,) wanted reductions in dB (0 or more) -> those taken: rising within attack_ms, falling within release_ms
    (to 1 - 1/e)."""
    import numpy

    attack, release = (math.exp(-1000.0 * STEP_SECONDS / milliseconds) for milliseconds in (attack_ms, release_ms))
    taken = numpy.empty(len(reduction_db))
    held = smooth = 0.0
    for index, wanted in enumerate(reduction_db.tolist()):
        held = max(wanted, release * held + (1.0 - release) * wanted)
        smooth = attack * smooth + (1.0 - attack) * held
        taken[index] = smooth
    return taken


def turned_down(sound: Sound, samples: numpy.ndarray, reduction_db: numpy.ndarray) -> numpy.ndarray:
    """Samples (N,) with each millisecond's reduction, straight lines in dB between the milliseconds' middles."""
    import numpy

    step = step_samples(sound.sample_rate)
    middles = (numpy.arange(len(reduction_db)) + 0.5) * step
    wet = numpy.empty(len(samples))
    for start, end in sound.blocks():
        decibels = numpy.interp(numpy.arange(start, end), middles, reduction_db)
        wet[start:end] = samples[start:end] * 10.0 ** (-decibels / 20.0)
    return wet
