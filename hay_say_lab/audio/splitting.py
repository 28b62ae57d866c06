"""Long recordings in pieces: cut at quiet places, with an overlap that a cross-fade joins to the sample.

    piece 0   |------------========|
    piece 1               |========-------------========|
    piece 2                                     |========--------|
    joined    |-------------------------------------------------|

Both sides of a join are the same sound, so the fade is linear: its weights add up to one, and pieces that come back
unchanged give back every sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

FRAME_SECONDS = 0.010           # of the energy contour in which quiet places are looked for
QUIET_SECONDS = (0.080, 0.400)  # a place is as quiet as this much around it; the wider look finds a pause's middle
SEARCHED_SHARE = 0.4            # a piece ends somewhere in its last 40 %
OVERLAP_SECONDS = 0.100


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples `first` to `past` of the whole; `lead` of them at its start are shared with the piece before."""

    index: int
    first: int
    past: int
    lead: int


def pieces(
    energy: numpy.ndarray,
    frames: int,
    sample_rate: int,
    longest_seconds: float,
    overlap_seconds: float = OVERLAP_SECONDS,
    *,
    shortest_seconds: float = 0.0,
) -> list[Piece]:
    """Cut `frames` samples into pieces of `shortest_seconds` to `longest_seconds`, overlap included.

    `energy`: mean square of each FRAME_SECONDS. Raises ValueError where a piece could not hold its own overlaps, or
    where two of the shortest pieces are longer than the longest.
    """
    longest = int(longest_seconds * sample_rate)
    overlap = min(int(overlap_seconds * sample_rate) // 2 * 2, frames)
    shortest = max(overlap + 1, math.ceil(shortest_seconds * sample_rate) - overlap // 2)   # behind the last cut
    if longest < 4 * max(overlap, 1):
        raise ValueError(f"pieces of {longest_seconds} s cannot hold overlaps of {overlap_seconds} s")
    if longest_seconds < 2 * shortest_seconds:
        raise ValueError(f"a clip cannot always be cut into pieces of {shortest_seconds} to {longest_seconds} s")
    cuts = [0]
    while frames - cuts[-1] + (overlap // 2 if len(cuts) > 1 else 0) > longest:
        room = longest - overlap // 2 - (overlap // 2 if len(cuts) > 1 else 0)
        low = cuts[-1] + int(room * (1 - SEARCHED_SHARE))
        high = min(cuts[-1] + room, frames - shortest)
        cuts.append(_quietest(energy, min(low, high), high, sample_rate))
    found = []
    for index, cut in enumerate(cuts):
        first = cut - overlap // 2 if index else 0
        past = min(cuts[index + 1] + overlap // 2, frames) if index + 1 < len(cuts) else frames
        found.append(Piece(index, first, past, overlap if index else 0))
    return found


def energy_of(blocks: Iterator[numpy.ndarray], sample_rate: int) -> numpy.ndarray:
    """Mean square of each FRAME_SECONDS of a signal that comes in blocks (N,) of any length."""
    import numpy

    width = max(1, int(FRAME_SECONDS * sample_rate))
    rest = numpy.zeros(0, dtype=numpy.float32)
    contour: list[numpy.ndarray] = []
    for block in blocks:
        joined = numpy.concatenate([rest, block])
        whole = len(joined) // width * width
        contour.append((joined[:whole].reshape(-1, width).astype(numpy.float64) ** 2).mean(axis=1))
        rest = joined[whole:]
    if len(rest):
        contour.append(numpy.array([float((rest.astype(numpy.float64) ** 2).mean())]))
    return numpy.concatenate(contour) if contour else numpy.zeros(0)


class Joiner:
    """Takes converted pieces in order and gives the whole in order, holding no more than one overlap.

    `rate_in`, `rate_out`: sample rates before and after the conversion; the whole has
    round(frames * rate_out / rate_in) samples, whatever the pieces' own rounding.
    """

    def __init__(self, rate_in: int, rate_out: int, write: Callable[[numpy.ndarray], None]) -> None:
        import numpy

        self._rate_in, self._rate_out = rate_in, rate_out
        self._write = write
        self._held = numpy.zeros(0, dtype=numpy.float32)    # not yet written: it starts at `_at`
        self._at = 0

    def add(self, piece: Piece, samples: numpy.ndarray, *, last: bool) -> None:
        """A converted piece (N,). It is brought to the length that its place asks for, by at most a few samples."""
        import numpy

        first, past = self._out(piece.first), self._out(piece.past)
        lead = self._out(piece.first + piece.lead) - first
        fitted = numpy.zeros(past - first, dtype=numpy.float32)
        count = min(len(samples), len(fitted))
        fitted[:count] = samples[:count]
        overlap = self._held[first - self._at :]
        rising = (numpy.arange(lead, dtype=numpy.float32) + 0.5) / max(lead, 1)
        fitted[:lead] = overlap * (1 - rising) + fitted[:lead] * rising
        self._write(self._held[: first - self._at])
        self._held, self._at = fitted, first
        if last:
            self._write(self._held)
            self._held, self._at = self._held[:0], past

    def keep(self, following: Piece) -> None:
        """Write all but what the following piece overlaps, so that no more than that is held."""
        upto = self._out(following.first) - self._at
        self._write(self._held[:upto])
        self._held, self._at = self._held[upto:], self._at + upto

    def _out(self, sample: int) -> int:
        return round(sample * self._rate_out / self._rate_in)


def _quietest(energy: numpy.ndarray, low: int, high: int, sample_rate: int) -> int:
    """The sample in low..high around which QUIET_SECONDS are quietest."""
    import numpy

    width = max(1, int(FRAME_SECONDS * sample_rate))
    first, past = low // width + 1, max(high // width, low // width + 2)
    if first >= len(energy):
        return high
    reach = round(max(QUIET_SECONDS) / FRAME_SECONDS)
    start = max(0, first - reach)
    near = energy[start : past + reach]
    smooth = numpy.zeros(len(near))
    for seconds in QUIET_SECONDS:
        around = max(1, round(seconds / FRAME_SECONDS))
        smooth += numpy.convolve(near, numpy.ones(around) / around, mode="full")[around // 2 :][: len(near)]
    best = first + int(smooth[first - start : past - start].argmin())
    return min(max(best * width + width // 2, low), high)
