"""Two sounds together, on the same samples: a voice over the background that it was taken out of, wet over dry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.conversion import resample
from hay_say_lab.audio.level import as_float32, gain_of, hold_peaks
from hay_say_lab.audio.loudness import CEILING_DBTP
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.scratch import blocks, zeros
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import Control, Number

if TYPE_CHECKING:
    import numpy

MIX_CONTROLS: tuple[Control, ...] = (
    Number(
        "background_db", "dB", -40.0, 12.0, None, 0.5, group="Finish", label="Background",
        help="Mix what isolation took away back in, this much louder or quieter than it was; empty leaves it out.",
    ),
)  # fmt: skip


def mix(
    clip: Clip,
    background: Clip,
    background_db: float,
    ceiling_dbtp: float | None = None,
    checkpoint: Checkpoint = unwatched,
) -> tuple[Clip, dict[str, Any]]:
    """The clip over its background, sample upon sample from the first one on; the clip's length and rate.

    Only a sum that passes the ceiling (dBTP; None: -1) is held below it. The report says what was done.
    """
    under = resample(background, clip.sample_rate, part(checkpoint, 0.0, 0.4)).samples
    ceiling = CEILING_DBTP if ceiling_dbtp is None else ceiling_dbtp
    summed = _sum(clip.samples, under, len(clip.samples), (1.0, gain_of(background_db)))
    held, lowest = hold_peaks(summed, clip.sample_rate, gain_of(ceiling), part(checkpoint, 0.5, 1.0))
    report = {"background_db": background_db, "ceiling_dbtp": ceiling, "lowest_gain": lowest}
    return Clip(held, clip.sample_rate), report


def blend(dry: Clip, wet: Clip, share: float) -> Clip:
    """`share` (0..1) of the wet sound and the rest of the dry one, at the dry one's rate, as long as the longer."""
    resampled = resample(wet, dry.sample_rate).samples
    longest = max(len(resampled), len(dry.samples))
    return Clip(_sum(dry.samples, resampled, longest, (1.0 - share, share)), dry.sample_rate)


def _sum(one: numpy.ndarray, other: numpy.ndarray, count: int, gains: tuple[float, float]) -> numpy.ndarray:
    """(count,) float32: both from their beginnings, each as far as it goes."""
    import numpy

    total = zeros(count)
    for start, end in blocks(count):
        block = numpy.zeros(end - start)
        for samples, gain in ((one, gains[0]), (other, gains[1])):
            there = samples[start:end]
            block[: len(there)] += gain * there.astype(numpy.float64)
        total[start:end] = as_float32(block)
    return total
