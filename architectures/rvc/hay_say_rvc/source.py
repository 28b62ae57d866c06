"""A clip as the networks hear it: 16 kHz, peaks held, without rumble, mirrored at both ends; and what was heard of it.

What depends on the clip alone (pitch by a method, content features) or on the clip and an index (what was retrieved)
lies on a shelf, so that another transposition, protection or ratio starts behind it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy

from hay_say_rvc.chunks import CONTEXT, FRAME, Chunk, chunks, frame_count
from hay_say_rvc.level import SAMPLE_RATE, high_passed, peak_gain
from hay_say_shared.hubert_frames import HOP, REACH

Room = Callable[[int], numpy.ndarray]       # float32 zeros; long ones lie in a file
Arrays = Mapping[str, numpy.ndarray]
SHELF_BYTES = 64 << 20
_HASHED = 1 << 20                           # samples at once
_RESAMPLED = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """sound (N,) at 16 kHz, filtered; `padded` is the same with 1 s mirrored at its beginning and more at its end."""

    sound: numpy.ndarray
    padded: numpy.ndarray
    key: str
    chunks: tuple[Chunk, ...]

    @property
    def frames(self) -> int:
        return frame_count(len(self.sound))

    def heard_by(self, chunk: Chunk) -> numpy.ndarray:
        """The samples from which the content encoder makes a feature for every two frames of a chunk and its context."""
        features = -(-(chunk.frames + 2 * CONTEXT) // 2)
        begin = chunk.first * FRAME
        return self.padded[begin : begin + (features - 1) * HOP + REACH]


def heard(samples: numpy.ndarray, sample_rate: int, room: Room) -> Source:
    """A clip (N,) at any rate as a source."""
    sound = room(-(-len(samples) * SAMPLE_RATE // sample_rate))
    _resample(samples, sample_rate, sound)
    gain = numpy.float32(peak_gain(sound))
    if gain != 1:
        for first in range(0, len(sound), _RESAMPLED):
            sound[first : first + _RESAMPLED] *= gain
    high_passed(sound, sound)
    side = CONTEXT * FRAME
    padded = room(side + frame_count(len(sound)) * FRAME + side + REACH)
    padded[side : side + len(sound)] = sound
    mirror_ends(padded, side, side + len(sound))
    return Source(sound, padded, _key(samples, sample_rate), tuple(chunks(sound)))


def mirror_ends(padded: numpy.ndarray, first: int, last: int) -> None:
    """Fill what lies before `first` and behind `last` with what lies between, mirrored, as often as it takes."""
    inside = last - first
    if inside == 1:
        padded[:] = padded[first]
        return
    period = 2 * (inside - 1)
    for places in (numpy.arange(0, first), numpy.arange(last, len(padded))):
        turned = (places - first) % period
        padded[places] = padded[first + numpy.minimum(turned, period - turned)]


def _resample(samples: numpy.ndarray, sample_rate: int, out: numpy.ndarray) -> None:
    """samples at a rate into `out` at 16 kHz, block by block."""
    import soxr

    if sample_rate == SAMPLE_RATE:
        out[:] = samples[: len(out)]
        return
    stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32")
    place = 0
    for first in range(0, len(samples), _RESAMPLED):
        part = numpy.ascontiguousarray(samples[first : first + _RESAMPLED], dtype=numpy.float32)
        made = stream.resample_chunk(part, last=first + _RESAMPLED >= len(samples))[: len(out) - place]
        out[place : place + len(made)] = made
        place += len(made)


def _key(samples: numpy.ndarray, sample_rate: int) -> str:
    digest = hashlib.sha256(f"{sample_rate}/{len(samples)}/".encode())
    for first in range(0, len(samples), _HASHED):
        digest.update(numpy.ascontiguousarray(samples[first : first + _HASHED], dtype=numpy.float32).tobytes())
    return digest.hexdigest()


class Shelf:
    """What was heard last, by name, within a bound of bytes; the oldest leaves first."""

    def __init__(self, most_bytes: int = SHELF_BYTES) -> None:
        self._held: OrderedDict[tuple[str, ...], Arrays] = OrderedDict()
        self._most_bytes = most_bytes

    def get(self, *name: str) -> Arrays | None:
        found = self._held.get(name)
        if found is not None:
            self._held.move_to_end(name)
        return found

    def put(self, arrays: Arrays, *name: str) -> None:
        """Keep arrays, which nobody may change from now on; what is larger than the bound is not kept."""
        self._held[name] = arrays
        self._held.move_to_end(name)
        while self.bytes > self._most_bytes:
            self._held.popitem(last=False)

    def forget(self, word: str) -> None:
        """Let go of everything in whose name a word stands (a voice that was unloaded)."""
        for name in [name for name in self._held if word in name]:
            del self._held[name]

    @property
    def bytes(self) -> int:
        return sum(array.nbytes for arrays in self._held.values() for array in arrays.values())
