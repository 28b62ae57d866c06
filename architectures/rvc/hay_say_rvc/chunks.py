"""Where long sound is cut: at quiet places, so that nobody hears the joins.

Frames are 10 ms of sound at 16 kHz. Every cut lies on an even frame, because content features come every 20 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy

FRAME = 160                         # samples
FRAMES_PER_SECOND = 100
LONGEST = 28 * FRAMES_PER_SECOND    # frames that are not cut
_STEP = 24 * FRAMES_PER_SECOND      # from one cut to about the next
_LEEWAY = 4 * FRAMES_PER_SECOND     # to each side
CONTEXT = FRAMES_PER_SECOND         # frames that are heard on both sides of a chunk, and not kept


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames [first, last) of a clip. Its networks see `CONTEXT` more on both sides."""

    first: int
    last: int

    @property
    def frames(self) -> int:
        return self.last - self.first


def frame_count(samples: int) -> int:
    """Frames that cover so many samples at 16 kHz."""
    return -(-samples // FRAME)


def chunks(sound: numpy.ndarray) -> list[Chunk]:
    """sound (N,) at 16 kHz -> its chunks, in order, without gaps; each is 28 s long at most."""
    total = frame_count(len(sound))
    if total <= LONGEST:
        return [Chunk(0, total)]
    loudness = numpy.array([numpy.abs(sound[first : first + FRAME]).sum() for first in range(0, len(sound), FRAME)])
    found, first = [], 0
    while total - first > LONGEST:
        begin, end = first + _STEP - _LEEWAY, min(first + _STEP + _LEEWAY, total)
        around = numpy.convolve(loudness[begin - 1 : end + 1], numpy.ones(3), mode="valid")     # 30 ms
        cut = (begin + int(around.argmin())) // 2 * 2
        found.append(Chunk(first, cut))
        first = cut
    return [*found, Chunk(first, total)]
