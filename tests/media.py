"""Files that ffmpeg reads, made by ffmpeg itself out of a tone; and what a hostile sender would make of them."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from hay_say_lab.audio import ffmpeg

RATE = 16_000
SECONDS = 1.0

_TONE = ["-f", "lavfi", "-i", f"sine=frequency=220:duration={SECONDS}:sample_rate={RATE}"]
_PICTURE = ["-f", "lavfi", "-i", f"testsrc=duration={SECONDS}:size=64x48:rate=5"]
_AAC = ["-c:a", "aac", "-ac", "2", "-af", "volume=2"]
_VIDEO = ["-c:v", "mpeg4"]

# name -> (what ffmpeg is told, the file's ending)
_CALLS: dict[str, tuple[list[str], str]] = {
    "m4a": ([*_TONE, *_AAC], "m4a"),
    "m4a, head first": ([*_TONE, *_AAC, "-movflags", "+faststart"], "m4a"),
    "m4a of ALAC": ([*_TONE, "-c:a", "alac"], "m4a"),
    "aac": ([*_TONE, *_AAC], "aac"),
    "webm of Opus": ([*_TONE, "-c:a", "libopus", "-ar", "48000"], "webm"),
    "webm of Vorbis": ([*_TONE, "-c:a", "libvorbis"], "webm"),
    "webm, streamed": ([*_TONE, "-c:a", "libopus", "-ar", "48000", "-live", "1"], "webm"),
    "mp4 with video": ([*_PICTURE, *_TONE, *_VIDEO, *_AAC], "mp4"),
    "mkv with video": ([*_PICTURE, *_TONE, *_VIDEO, *_AAC], "mkv"),
    "mov with video": ([*_PICTURE, *_TONE, *_VIDEO, *_AAC], "mov"),
    "mov of PCM": ([*_TONE, "-c:a", "pcm_s24le"], "mov"),
    "m4a, 5.1": ([*_TONE, "-c:a", "aac", "-ac", "6"], "m4a"),
    "mp4 without sound": ([*_PICTURE, *_VIDEO], "mp4"),
}


@cache
def media(name: str) -> bytes:
    """One of `_CALLS`: a second of 220 Hz, by the same rule each time."""
    call, ending = _CALLS[name]
    program = ffmpeg.find()
    assert program is not None, "marked with pytest.mark.ffmpeg, so skipped where there is none"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"made.{ending}"
        flags = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
        subprocess.run([program.path, "-nostdin", "-v", "error", *call, *flags, made], check=True, timeout=60)
        return made.read_bytes()


def with_sound_elsewhere(movie: bytes, place: str) -> bytes:
    """A movie whose sound is said to lie elsewhere: its `dref` entry is an alias (QuickTime's) that names the place. Its
    boxes grow by as much."""
    path = place.encode() + b"\0" * (len(place) % 2)
    named = bytes([27]) + b"volume".ljust(27, b"\0") + bytes(12) + bytes([63]) + b"canary.mov".ljust(63, b"\0") + bytes(16)
    levels = (1).to_bytes(2) * 2                            # the place is relative to the movie, one folder up and down
    alias = bytes(10) + named + levels + bytes(16) + (2).to_bytes(2) + len(path).to_bytes(2) + path + b"\xff\xff\0\0"
    entry = b"alis" + bytes(4) + alias
    entry = (len(entry) + 4).to_bytes(4) + entry
    at = movie.index(b"dref")
    old = movie[at + 12 : at + 24]
    assert old[4:] == b"url \0\0\0\x01", old
    content = bytearray(movie[: at + 12] + entry + movie[at + 24 :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place_of_size = movie.rindex(name, 0, at + 4) - 4
        size = int.from_bytes(movie[place_of_size : place_of_size + 4])
        content[place_of_size : place_of_size + 4] = (size + len(entry) - len(old)).to_bytes(4)
    return bytes(content)


def silent_aac(hours: float) -> bytes:
    """Hours of AAC at 8000 samples a second out of one silent frame (ADTS, mono)."""
    frame = _silent_frame()
    return frame * round(hours * 3600 * 8000 / 1024)


@cache
def _silent_frame() -> bytes:
    program = ffmpeg.find()
    assert program is not None
    call = [program.path, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "2",
            "-c:a", "aac", "-fflags", "+bitexact", "-f", "adts", "pipe:1"]  # fmt: skip
    made = subprocess.run(call, check=True, capture_output=True, timeout=60).stdout
    second = made[_frame_bytes(made) :]
    return second[: _frame_bytes(second)]


def _frame_bytes(frames: bytes) -> int:
    return (frames[3] & 3) << 11 | frames[4] << 3 | frames[5] >> 5
