"""A file that ffmpeg reads, opened: ffmpeg runs as a limited child without a network, and its samples come through a pipe."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from hay_say_lab.audio import ffmpeg
from hay_say_lab.audio.adts import frames_of
from hay_say_lab.audio.boxes import refers_elsewhere
from hay_say_lab.audio.kinds import AAC, Kind, kind_of
from hay_say_lab.audio.recording import BLOCK_FRAMES, Opener, Recording, check_content, damaged, open_recording, refusal
from hay_say_lab.errors import WorkerFailed
from hay_say_lab.worker.platform import worker_environment

if TYPE_CHECKING:
    import numpy

MEMORY_MB = 1024
CPU_SECONDS = 120
MOST_CHANNELS = 64              # of a stream: nobody allocates for a header that lies
MOST_TOLD_BYTES = 1 << 20       # of what ffmpeg says about a file
_AU_HEAD = struct.Struct(">4sIIIII")
_AU_FLOAT = 6
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)     # tags are indented by four at least
_SOUND = re.compile(r"^  Stream #0:\d+\S*: Audio: (\w+).*?, (\d+) Hz", re.MULTILINE)


def opener(program: Path | None) -> Opener:
    """Who opens a file: libsndfile, and ffmpeg for what that does not read, where there is one."""

    def opened(path: Path) -> contextlib.AbstractContextManager[Recording]:
        kind = kind_of(path)
        return open_recording(path) if kind is None or program is None else open_foreign(path, kind, program)

    return opened


def named(name: str | None) -> Path | None:
    """The program that a stage was planned with; None where it needs none. Raises WorkerFailed where it is another now:
    what it makes would be kept under a wrong name."""
    if name is None:
        return None
    program = ffmpeg.find()
    if program is None or program.name != name:
        raise WorkerFailed(
            f"The file was to be read by {name}; here is {program.name if program else 'none'} now.",
            field="clip",
            fix="Ask again, to use what is here.",
        )
    return program.path


@contextlib.contextmanager
def open_foreign(path: Path, kind: Kind, program: Path) -> Iterator[Recording]:
    """Raises InvalidRequest: sound in another file, no sound, damaged."""
    check_content(path)
    _check_references(path, kind)
    codec, announced_seconds = _look(path, kind, program)
    child = _child(ffmpeg.decoding(program, kind, path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert child.stdout is not None
        sample_rate, channels = _shape(child.stdout)
        announced = round(announced_seconds * sample_rate) if announced_seconds is not None else None
        blocks = _blocks(child, channels)
        yield Recording(kind.name, codec.upper(), sample_rate, channels, announced, blocks)
    finally:
        child.kill()
        child.communicate()


def _check_references(path: Path, kind: Kind) -> None:
    """ffmpeg is told to follow none; who sends one hears why nothing would be heard."""
    with path.open("rb") as file:
        if kind.demuxer == "mov" and refers_elsewhere(file, 0, path.stat().st_size):
            raise refusal(
                "The file keeps its sound in another file, and nobody looks there.",
                "Save it as a self-contained movie, or send the sound itself.",
            )


def _look(path: Path, kind: Kind, program: Path) -> tuple[str, float | None]:
    """The codec of the first sound in a file, and the file's seconds where its head tells them."""
    child = _child(ffmpeg.looking(program, kind, path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert child.stderr is not None
        told = child.stderr.read(MOST_TOLD_BYTES).decode(errors="replace")
    finally:
        child.kill()
        child.communicate()
    sound = _SOUND.search(told)
    if sound is None:
        if "  Stream #0:" in told:
            raise refusal("The file holds no sound that can be read, only other streams.", "Send a file with sound in it.")
        raise damaged()
    if kind is AAC:                     # there ffmpeg guesses it from the first frames
        return sound[1], frames_of(path).seconds
    length = _DURATION.search(told)
    seconds = int(length[1]) * 3600 + int(length[2]) * 60 + float(length[3]) if length else None
    return sound[1], seconds


def _shape(stream: IO[bytes]) -> tuple[int, int]:
    """Sample rate and channels from the head of a Sun AU stream, which is read to its end."""
    head = stream.read(_AU_HEAD.size)
    if len(head) < _AU_HEAD.size:
        raise damaged()
    magic, begins, _, encoding, sample_rate, channels = _AU_HEAD.unpack(head)
    if magic != b".snd" or encoding != _AU_FLOAT or sample_rate == 0 or not 0 < channels <= MOST_CHANNELS:
        raise damaged()
    stream.read(begins - _AU_HEAD.size)
    return sample_rate, channels


def _blocks(child: subprocess.Popen[bytes], channels: int) -> Iterator[numpy.ndarray]:
    """The samples as they come; at their end ffmpeg must have found nothing wrong."""
    import numpy

    assert child.stdout is not None
    frame_bytes = 4 * channels
    while content := child.stdout.read(BLOCK_FRAMES * frame_bytes):
        whole = len(content) - len(content) % frame_bytes
        yield numpy.frombuffer(content[:whole], ">f4").astype(numpy.float32).reshape(-1, channels)
    if child.wait() != 0:
        raise damaged()


def _child(program: list[str], *, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    """ffmpeg behind the limits; it reads its own files and nothing else, so it gets no environment to speak of."""
    command = [sys.executable, "-P", "-m", "hay_say_lab.worker.confined", str(os.getpid()), str(MEMORY_MB), str(CPU_SECONDS)]
    return subprocess.Popen(
        [*command, *program],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        env=worker_environment({"PATH": "/usr/bin:/bin", **_of_python()}),
    )


def _of_python() -> dict[str, str]:
    """What our own interpreter needs to find itself."""
    return {name: os.environ[name] for name in ("PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH") if name in os.environ}
