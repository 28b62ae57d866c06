"""What an uploaded file really holds: decoded whole, block by block, in a child process with limits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hay_say_lab.audio.containers import cut_off, promises_length
from hay_say_lab.audio.hearing import Hearing
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import Fix, InvalidRequest, Problem, TooLarge

LONGEST_UPLOAD_SECONDS = 4 * 3600       # longer recordings are cut before they are sent
MOST_CHANNELS = 8
BLOCK_FRAMES = 1 << 16
LARGEST_SUM = 3.4e38                    # of float32: the channels of a frame are added before they are averaged


def inspect(path: Path, sha256: str, label: str = "") -> ClipFacts:
    """Facts of a sound file. Raises InvalidRequest (not audio, empty, truncated) or TooLarge (hours of it)."""
    import numpy
    import soundfile

    if path.stat().st_size == 0:
        raise _refusal("The file is empty.", "Choose a file that holds sound.")
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError):
        raise _refusal(
            "The file is not sound of a kind that is read here.",
            "Use WAV, FLAC, OGG (Vorbis or Opus), MP3, AIFF or CAF; others convert to WAV first.",
        ) from None
    with file:
        _check_shape(file)
        peak, energy, frames, finite = 0.0, 0.0, 0, True
        hearing = Hearing(file.samplerate)
        try:
            while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                frames += len(block)
                if not numpy.isfinite(block).all():
                    finite = False
                    block = numpy.nan_to_num(block, posinf=0.0, neginf=0.0)
                peak = max(peak, float(numpy.abs(block).max()))
                mono = block.mean(axis=1, dtype=numpy.float64)
                finite = finite and float(numpy.abs(mono).max()) * file.channels <= LARGEST_SUM
                energy += float((mono**2).sum())
                hearing.take(block, mono)
        except soundfile.LibsndfileError:
            raise _refusal("The file is damaged and cannot be decoded to its end.", "Export or send it anew.") from None
        if frames == 0:
            raise _refusal("The file holds no sound: its length is zero.", "Choose a file that holds sound.")
        if _ended_early(path, file, frames):
            raise _refusal("The file is cut off: it ends before its own header says.", "Send the whole file.")
        hearing.ended()
        return ClipFacts(
            sha256=sha256,
            container=file.format,
            encoding=file.subtype,
            sample_rate=file.samplerate,
            channels=file.channels,
            frames=frames,
            peak=peak,
            rms=(energy / frames) ** 0.5,
            finite=finite,
            label=label,
            dc_offset=hearing.dc_offset,
            clipped_share=hearing.clipped_share,
            voiced=hearing.voiced,
        )


def _ended_early(path: Path, file: Any, frames: int) -> bool:
    """Whether the file holds less than it says: by its structure, or by the number of frames in its header."""
    counted = file.format == "FLAC" or (file.format == "MP3" and promises_length(path))
    return cut_off(path) or (counted and frames < file.frames)


def _check_shape(file: Any) -> None:
    if file.channels > MOST_CHANNELS:
        raise _refusal(
            f"The file has {file.channels} channels; at most {MOST_CHANNELS} are read.", "Mix it down to mono or stereo."
        )
    seconds = file.frames / file.samplerate
    if seconds > LONGEST_UPLOAD_SECONDS and file.frames < 2**62:
        raise TooLarge(
            f"The file is {seconds / 3600:.1f} hours long; at most {LONGEST_UPLOAD_SECONDS // 3600} are taken.",
            field="clip",
            fix="Cut the part that you need.",
        )


def _refusal(message: str, fix: str) -> InvalidRequest:
    return InvalidRequest(message, problems=[Problem("clip", message, Fix(fix))])


def label_of(name: str) -> str:
    """A file's name as a harmless label: no folders, no control characters, at most 200 characters."""
    base = os.path.basename(name.replace("\\", "/"))
    return "".join(letter for letter in base if letter.isprintable())[:200]
