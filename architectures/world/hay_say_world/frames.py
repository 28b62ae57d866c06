"""The frame grid: one frame every 5 ms, frame i centred on i / FRAMES_PER_SECOND seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hay_say_world.arrays import Floats

FRAMES_PER_SECOND = 200
FRAME_PERIOD_MS = 1000.0 / FRAMES_PER_SECOND
MOST_COUNTED_FRAMES = 600 * FRAMES_PER_SECOND
HARVEST_STEPS = 60      # least common multiple of the factors 2..6 by which Harvest thins 16 to 48 kHz


def frame_count(sample_count: int, sample_rate: int) -> int:
    """Frames that WORLD lays over a clip; the last one lies at or before the end of the clip."""
    return sample_count * FRAMES_PER_SECOND // sample_rate + 1


def thinned(values: np.ndarray) -> np.ndarray:
    """Every k-th row of values (T, ...), so many as ten minutes have: an hour's statistics take no more memory."""
    return values[:: max(1, -(-len(values) // MOST_COUNTED_FRAMES))]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames `first` (included) to `last` (excluded) of a clip, with the sound around them.

    `samples` (N,) begin at sample `start` of the clip, which may lie outside: there is silence there.
    """

    first: int
    last: int
    start: int
    samples: Floats
    sample_rate: int

    @property
    def times_seconds(self) -> Floats:
        """Centres (T,) of the frames, counted from the first of `samples`."""
        return np.arange(self.first, self.last) / FRAMES_PER_SECOND - self.start / self.sample_rate


def cut(samples: Floats, sample_rate: int, first: int, last: int, margin_seconds: float) -> Stretch:
    """Frames first..last of a clip with at least `margin_seconds` of sound on both sides, as float64.

    The cut is a multiple of HARVEST_STEPS samples long, and one more. Harvest keeps every r-th sample,
    beginning with number (N - 1) modulo r: cuts of such lengths keep the samples that an analysis of the
    whole clip keeps, and give the same pitch to a thousandth of a cent. Others err by octaves where a
    voice creaks.
    """
    start = round((first / FRAMES_PER_SECOND - margin_seconds) * sample_rate)
    wanted = round((last / FRAMES_PER_SECOND + margin_seconds) * sample_rate) - start
    length = -(-wanted // HARVEST_STEPS) * HARVEST_STEPS + 1
    sound = np.zeros(length)
    inside, outside = max(start, 0), min(start + length, len(samples))
    if outside > inside:
        sound[inside - start : outside - start] = samples[inside:outside]
    return Stretch(first, last, start, sound, sample_rate)
