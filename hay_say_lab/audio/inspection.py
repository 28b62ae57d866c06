"""What an uploaded file really holds: decoded whole, block by block, in a child process with limits.

`truncated` looks at what the containers themselves promise, because libsndfile repairs a short file silently.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import Fix, InvalidRequest, Problem, TooLarge

LONGEST_UPLOAD_SECONDS = 4 * 3600       # longer recordings are cut before they are sent
MOST_CHANNELS = 8
BLOCK_FRAMES = 1 << 16


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
        try:
            while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                frames += len(block)
                if not numpy.isfinite(block).all():
                    finite = False
                    block = numpy.nan_to_num(block, posinf=0.0, neginf=0.0)
                peak = max(peak, float(numpy.abs(block).max()))
                energy += float((block.mean(axis=1).astype(numpy.float64) ** 2).sum())
        except soundfile.LibsndfileError:
            raise _refusal("The file is damaged and cannot be decoded to its end.", "Export or send it anew.") from None
        if frames == 0:
            raise _refusal("The file holds no sound: its length is zero.", "Choose a file that holds sound.")
        if truncated(path) or (file.format == "FLAC" and frames < file.frames):
            raise _refusal("The file is cut off: it ends before its own header says.", "Send the whole file.")
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
        )


def truncated(path: Path) -> bool:
    """Whether a RIFF, AIFF or Ogg file ends before its own structure does; other containers are taken at their word."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] in (b"RIFF", b"FORM"):
            order = "<I" if head[:4] == b"RIFF" else ">I"
            promised = struct.unpack(order, head[4:8])[0]
            return promised not in (0, 0xFFFFFFFF) and promised + 8 > size + 1
        if head[:4] == b"OggS":
            file.seek(max(0, size - 65_307))        # the largest Ogg page
            tail = file.read()
            last = tail.rfind(b"OggS")
            return last < 0 or not tail[last + 5] & 0x04    # the flag 'end of stream'
    return False


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
