"""The canonical file of a clip: W64, float32, mono, no tags (other containers change from write to write).

A clip is read as a map of its file and written block by block, so neither takes memory of the process's own.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hay_say_lab.audio.scratch import blocks, let_go, view
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest

if TYPE_CHECKING:
    import numpy

_CHUNK = struct.Struct("<4s12xQ")       # a chunk's name (the rest of its GUID is always the same) and size, head included
_FIRST_CHUNK = 40
_MOST_CHUNKS = 16


def write_clip(path: Path, clip: Clip) -> None:
    """Write samples (N,) as float32 at `clip.sample_rate`. Raises InvalidRequest where there is none, or one is not
    finite; nothing is written then."""
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
    with soundfile.SoundFile(
        path, "w", samplerate=clip.sample_rate, channels=1, format="W64", subtype="FLOAT"
    ) as file:
        for start, end in blocks(len(samples)):
            file.write(numpy.ascontiguousarray(samples[start:end], dtype=numpy.float32))
            let_go()


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
