"""The canonical file of a clip: W64, float32, mono, no tags (other containers change from write to write).

A clip is read as a map of its file and written block by block, so neither takes memory of the process's own.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hay_say_lab.audio.scratch import blocks, let_go, view
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest, StorageFailed

if TYPE_CHECKING:
    import numpy

_CHUNK = struct.Struct("<4s12xQ")       # a chunk's name (the rest of its GUID is always the same) and size, head included
_FIRST_CHUNK = 40
_WHOLE_SIZE_AT = 16                     # the file's own size, as its head tells it
_SIZE_BYTES = 8
_SAMPLE_BYTES = 4
_MOST_CHUNKS = 16
_SYSTEM_ERROR = 2                       # of libsndfile: what the disk said it does not tell


def write_clip(path: Path, clip: Clip) -> None:
    """Write samples (N,) as float32 at `clip.sample_rate`. Raises InvalidRequest where there is none, or one is not
    finite; nothing is written then. Raises StorageFailed."""
    import numpy
    import soundfile

    samples = numpy.asarray(clip.samples)
    if samples.ndim != 1:
        raise InvalidRequest(f"A clip is mono, its samples have the shape {samples.shape}.", field="clip")
    if len(samples) == 0:
        raise InvalidRequest("There is no sound in it: it has no samples.", field="clip", fix="Use a longer clip or text.")
    if not finite(samples):
        raise InvalidRequest(
            "The sound holds samples that are not numbers.", field="clip", fix="Use milder settings or another clip."
        )
    with disk_heard(), soundfile.SoundFile(
        path, "w", samplerate=clip.sample_rate, channels=1, format="W64", subtype="FLOAT"
    ) as file:
        for start, end in blocks(len(samples)):
            file.write(numpy.ascontiguousarray(samples[start:end], dtype=numpy.float32))
            let_go()
    check_whole(path, len(samples))


@contextlib.contextmanager
def disk_heard() -> Iterator[None]:
    """Around writing by libsndfile. Raises StorageFailed where the disk refused, as far as the library notices."""
    import soundfile

    try:
        yield
    except AssertionError:                              # soundfile's own: fewer samples were written than given
        raise _refused() from None
    except soundfile.LibsndfileError as error:
        if error.code != _SYSTEM_ERROR:
            raise
        raise _refused() from None


def check_whole(path: Path, frames: int) -> None:
    """libsndfile minds no refusal when it writes a clip's head for the last time, and reads one that is not true.

    Raises StorageFailed where the head does not tell of just so many samples, or they do not lie behind it.
    """
    with path.open("rb") as file:
        begin = _samples_begin(file)
        told = [_size_at(file, _WHOLE_SIZE_AT), _size_at(file, begin - _SIZE_BYTES)]
    samples_bytes = frames * _SAMPLE_BYTES
    if not told == [path.stat().st_size, samples_bytes + _CHUNK.size] or told[0] != begin + samples_bytes:
        raise _refused()


def _size_at(file: BinaryIO, at: int) -> int:
    file.seek(at)
    return int.from_bytes(file.read(_SIZE_BYTES), "little")


def _refused() -> StorageFailed:
    return StorageFailed(
        "The disk refused the sound.", field="storage", fix="Free some disk space and try again."
    )


def finite(samples: numpy.ndarray) -> bool:
    """Whether every one of samples (N,) is a number that float32 holds."""
    import numpy

    return all(
        bool(numpy.isfinite(samples[start:end].astype(numpy.float32, copy=False)).all())
        for start, end in blocks(len(samples))
    )


def read_clip(path: Path) -> Clip:
    """Read what `write_clip` wrote: samples (N,) float32, a read-only view of the file."""
    import soundfile

    facts = soundfile.info(path)
    if (facts.format, facts.subtype, facts.channels) != ("W64", "FLOAT", 1) or not facts.frames:
        samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=False)
        return Clip(samples, sample_rate)
    with path.open("rb") as file:
        return Clip(view(file, "<f4", facts.frames, _samples_begin(file)), facts.samplerate)


def clip_seconds(path: Path) -> float:
    """How long a clip sounds, by its head alone."""
    import soundfile

    return float(soundfile.info(path).duration)


def _samples_begin(file: BinaryIO) -> int:
    """Where the first sample lies, in bytes from the file's start."""
    at = _FIRST_CHUNK
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        name, size = _CHUNK.unpack(file.read(_CHUNK.size).ljust(_CHUNK.size, b"\0"))
        if name == b"data":
            return at + _CHUNK.size
        at += max(size, _CHUNK.size) + -size % 8
    raise InvalidRequest("The clip's file holds no samples.", field="clip", fix="Make it again.")
