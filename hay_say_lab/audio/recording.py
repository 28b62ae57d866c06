"""A sound file of a stranger, opened: its shape, and its samples block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.kinds import Kind, kind_of, playlist_of
from hay_say_lab.errors import Fix, InvalidRequest, Problem

if TYPE_CHECKING:
    import numpy

BLOCK_FRAMES = 1 << 16
UNTOLD_FRAMES = 1 << 62         # libsndfile's count for a stream whose header keeps its length back
INSTALL_FFMPEG = "Install ffmpeg: pip install 'hay-say-lab[ffmpeg]', or your system's package 'ffmpeg'."
_FAILED_SEEK = 39               # libsndfile's SFE_BAD_SEEK


@dataclass(frozen=True, slots=True)
class Recording:
    """`blocks` gives samples (N, C) float32 once, and raises InvalidRequest where the file is damaged."""

    container: str
    encoding: str
    sample_rate: int
    channels: int
    announced_frames: int | None        # by its header; None where it tells none
    blocks: Iterator[numpy.ndarray]


Opener = Callable[[Path], contextlib.AbstractContextManager[Recording]]


@contextlib.contextmanager
def open_recording(path: Path) -> Iterator[Recording]:
    """What libsndfile reads. Raises InvalidRequest (a list, a kind that needs ffmpeg, no sound at all)."""
    import soundfile

    check_content(path)
    if (kind := kind_of(path)) is not None:
        raise needs_ffmpeg(kind)
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError):
        raise refusal(
            "The file is not sound of a kind that is read here.",
            "Use WAV, FLAC, OGG (Vorbis or Opus), MP3, AIFF or CAF; m4a, webm, mp4, mkv and mov with ffmpeg; others convert first.",
        ) from None
    with file:
        announced = file.frames if file.frames < UNTOLD_FRAMES else None
        yield Recording(file.format, file.subtype, file.samplerate, file.channels, announced, _blocks(file))


def check_content(path: Path) -> None:
    """Raises InvalidRequest for an empty file, and for one that names sound elsewhere: nobody looks there."""
    if path.stat().st_size == 0:
        raise refusal("The file is empty.", "Choose a file that holds sound.")
    if (listed := playlist_of(path)) is not None:
        raise refusal(
            f"The file is a playlist ({listed}): it names sound that lies elsewhere and holds none.", "Send the sound itself."
        )


def needs_ffmpeg(kind: Kind) -> InvalidRequest:
    return refusal(
        f"The file is {kind.title}; such files are read by the program ffmpeg, which is not here.",
        f"{INSTALL_FFMPEG} Or convert the file to WAV.",
    )


def damaged() -> InvalidRequest:
    return refusal("The file is damaged and cannot be decoded to its end.", "Export or send it anew.")


def refusal(message: str, fix: str) -> InvalidRequest:
    return InvalidRequest(message, problems=[Problem("clip", message, Fix(fix))])


def _blocks(file: Any) -> Iterator[numpy.ndarray]:
    import soundfile

    try:
        if file.frames >= UNTOLD_FRAMES:
            yield from _untold_blocks(file)
            return
        while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
            yield block
    except soundfile.LibsndfileError:
        raise damaged() from None


def _untold_blocks(file: Any) -> Iterator[numpy.ndarray]:
    """Of a FLAC that was written into a pipe: its header tells no length.

    soundfile seeks to where it has read to, and libsndfile cannot seek to an end that it does not know: the last block
    is there, but not its length. It is read over NaN, which no FLAC holds.
    """
    import numpy
    import soundfile

    while True:
        block = numpy.full((BLOCK_FRAMES, file.channels), numpy.nan, numpy.float32)
        try:
            read = file.read(out=block)
        except soundfile.LibsndfileError as error:
            if error.code != _FAILED_SEEK:
                raise
            yield block[~numpy.isnan(block[:, 0])]
            return
        if len(read) == 0:
            return
        yield read
