"""What an uploaded file really holds: decoded whole, block by block, in a child process with limits."""

from __future__ import annotations

import os
from pathlib import Path

from hay_say_lab.audio.containers import cut_off, promises_length
from hay_say_lab.audio.hearing import Hearing
from hay_say_lab.audio.recording import Opener, Recording, check_content, open_recording, refusal
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import InvalidRequest, TooLarge

LONGEST_UPLOAD_SECONDS = 4 * 3600       # longer recordings are cut before they are sent
MOST_CHANNELS = 8
MOST_SAMPLES = LONGEST_UPLOAD_SECONDS * 48_000 * 2      # duration x rate x channels
LARGEST_SUM = 3.4e38                    # of float32: the channels of a frame are added before they are averaged


def inspect(path: Path, sha256: str, label: str = "", opened: Opener = open_recording) -> ClipFacts:
    """Facts of a sound file. Raises InvalidRequest (not audio, empty, truncated) or TooLarge (hours of it).

    `opened`: who reads the file, libsndfile or ffmpeg.
    """
    import numpy

    check_content(path)
    with opened(path) as recording:
        _check_shape(recording, recording.announced_frames or 0)
        if cut_off(path):
            raise _ended_early()
        peak, energy, frames, finite = 0.0, 0.0, 0, True
        hearing = Hearing(recording.sample_rate)
        for block in recording.blocks:
            if len(block) == 0:
                continue
            frames += len(block)
            _check_shape(recording, frames)
            if not numpy.isfinite(block).all():
                finite = False
                block = numpy.nan_to_num(block, posinf=0.0, neginf=0.0)
            peak = max(peak, float(numpy.abs(block).max()))
            mono = block.mean(axis=1, dtype=numpy.float64)
            finite = finite and float(numpy.abs(mono).max()) * recording.channels <= LARGEST_SUM
            energy += float((mono**2).sum())
            hearing.take(block, mono)
        if frames == 0:
            raise refusal("The file holds no sound: its length is zero.", "Choose a file that holds sound.")
        counted = recording.container == "FLAC" or (recording.container == "MP3" and promises_length(path))
        if counted and frames < (recording.announced_frames or 0):
            raise _ended_early()
        hearing.ended()
        return ClipFacts(
            sha256=sha256,
            container=recording.container,
            encoding=recording.encoding,
            sample_rate=recording.sample_rate,
            channels=recording.channels,
            frames=frames,
            peak=peak,
            rms=(energy / frames) ** 0.5,
            finite=finite,
            label=label,
            dc_offset=hearing.dc_offset,
            clipped_share=hearing.clipped_share,
            voiced=hearing.voiced,
        )


def _ended_early() -> InvalidRequest:
    return refusal("The file is cut off: it ends before its own header says.", "Send the whole file.")


def _check_shape(recording: Recording, frames: int) -> None:
    """`frames`: as announced before the first block, as counted while they come. Raises InvalidRequest, TooLarge."""
    if recording.channels > MOST_CHANNELS:
        raise refusal(
            f"The file has {recording.channels} channels; at most {MOST_CHANNELS} are read.", "Mix it down to mono or stereo."
        )
    hours = frames / recording.sample_rate / 3600
    if hours > LONGEST_UPLOAD_SECONDS / 3600:
        raise TooLarge(
            f"The file is {hours:.1f} hours long; at most {LONGEST_UPLOAD_SECONDS // 3600} are taken.",
            field="clip",
            fix="Cut the part that you need.",
        )
    if frames * recording.channels > MOST_SAMPLES:
        raise TooLarge(
            f"The file holds {frames * recording.channels / 1e6:.0f} million samples (hours x rate x channels); "
            f"at most {MOST_SAMPLES / 1e6:.0f} million are taken.",
            field="clip",
            fix="Mix it down to mono, or convert it to 48000 samples a second.",
        )


def label_of(name: str) -> str:
    """A file's name as a harmless label: no folders, no control characters, at most 200 characters."""
    base = os.path.basename(name.replace("\\", "/"))
    return "".join(letter for letter in base if letter.isprintable())[:200]
