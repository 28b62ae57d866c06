"""What becomes of every kind of recording: converted, and the recipe says how; or refused, in the same words each time.

One row a case. The step is the parrot's: 8000 to 192000 samples a second, mono, 0.02 s to an hour at once.
"""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab.audio import ffmpeg
from hay_say_lab.worker.inspector import MEMORY_MB
from hay_say_lab.worker.platform import worker_environment
from tests.media import RATE as MEDIA_RATE
from tests.media import media, silent_aac
from tests.service.conftest import ALICE
from tests.service.running_host import RunningHost, convert
from tests.service.sounds import RATE, encoded, hours_of_silence, tone, with_nan

Make = Callable[[], bytes]
needs_ffmpeg = pytest.mark.ffmpeg


@dataclass(frozen=True)
class Converted:
    """Taken: the recipe's decode stage names this shape, and a rate outside the contract becomes `fitted_rate`."""

    container: str
    encoding: str
    sample_rate: int
    channels: int = 1
    fitted_rate: int | None = None
    foreign: bool = False               # read by ffmpeg, whose version the recipe names


def _clipped() -> bytes:
    return encoded(numpy.clip(tone() * 10, -1, 1))


def _offset() -> bytes:
    return encoded(tone() + 0.2)


def _eight_bit() -> bytes:
    return encoded(tone(), "WAV", "PCM_U8")


CONVERTED: dict[str, tuple[Make, Converted]] = {
    # rates: those that the step does not take become the nearest that it does
    "a rate too low": (lambda: encoded(tone(sample_rate=4000), rate=4000), Converted("WAV", "PCM_16", 4000, fitted_rate=8000)),
    "a rate too high": (
        lambda: encoded(tone(sample_rate=384_000), rate=384_000), Converted("WAV", "PCM_16", 384_000, fitted_rate=192_000)
    ),
    "an odd rate": (lambda: encoded(tone(sample_rate=11_127), rate=11_127), Converted("WAV", "PCM_16", 11_127)),
    # channels are averaged
    "stereo": (lambda: encoded(tone(channels=2)), Converted("WAV", "PCM_16", RATE, 2)),
    "7.1": (lambda: encoded(tone(channels=8), "WAVEX", "PCM_24"), Converted("WAVEX", "PCM_24", RATE, 8)),
    # depths
    "8 bit": (_eight_bit, Converted("WAV", "PCM_U8", RATE)),
    "24 bit": (lambda: encoded(tone(), "WAV", "PCM_24"), Converted("WAV", "PCM_24", RATE)),
    "32 bit": (lambda: encoded(tone(), "WAV", "PCM_32"), Converted("WAV", "PCM_32", RATE)),
    "float": (lambda: encoded(tone(), "WAV", "FLOAT"), Converted("WAV", "FLOAT", RATE)),
    "64 bit": (lambda: encoded(tone(), "WAV", "DOUBLE"), Converted("WAV", "DOUBLE", RATE)),
    # taken, with a warning: what is lost is lost
    "clipped": (_clipped, Converted("WAV", "PCM_16", RATE)),
    "with DC": (_offset, Converted("WAV", "PCM_16", RATE)),
}  # fmt: skip

FOREIGN: dict[str, Converted] = {
    "m4a": Converted("MP4", "AAC", MEDIA_RATE, 2, foreign=True),
    "aac": Converted("AAC", "AAC", MEDIA_RATE, 2, foreign=True),
    "webm of Opus": Converted("WEBM", "OPUS", 48_000, foreign=True),
    "mp4 with video": Converted("MP4", "AAC", MEDIA_RATE, 2, foreign=True),
    "mkv with video": Converted("MATROSKA", "AAC", MEDIA_RATE, 2, foreign=True),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_it_is_converted_and_the_recipe_says_how(name: str, host: RunningHost) -> None:
    make, expected = CONVERTED[name]
    _check_converted(make(), expected, host)


@needs_ffmpeg
@pytest.mark.parametrize("name", FOREIGN)
def test_what_ffmpeg_reads_is_converted_and_the_recipe_names_the_program(name: str, host: RunningHost) -> None:
    _check_converted(media(name), FOREIGN[name], host)


def _check_converted(content: bytes, expected: Converted, host: RunningHost) -> None:
    sent = host.send_clip(content, token=ALICE)
    assert sent.status == 201, sent.content
    clip = sent.json()
    shape = {
        "container": expected.container, "encoding": expected.encoding,
        "sample_rate": expected.sample_rate, "channels": expected.channels,
    }  # fmt: skip
    assert {name: clip[name] for name in shape} == shape

    job = host.ended(host.submit(convert(clip["sha256"]), token=ALICE), token=ALICE)

    assert job["state"] == "succeeded", job["error"]
    recipe = host.call("GET", f"/recipes/{job['recipe']}", token=ALICE).json()["recipe"]
    decode, *others = recipe["stages"]
    program = ffmpeg.find() if expected.foreign else None
    assert decode["task"] == "decode"
    assert decode["settings"] == shape | ({"program": program.name} if program else {})
    fitted = [stage["settings"]["sample_rate"] for stage in others if stage["task"] == "prepare"]
    assert fitted == ([expected.fitted_rate] if expected.fitted_rate else [])
    export = host.call("GET", f"/artifacts/{job['artifact']}/export?format=wav", token=ALICE).content
    assert len(export) > 1000


def _cut(container: str) -> bytes:
    whole = encoded(tone(2.0), container)
    return whole[: len(whole) * 6 // 10]


def _corrupt() -> bytes:
    content = bytearray(encoded(tone(3.0), "FLAC"))
    content[2000:6000] = b"\xff" * 4000
    return bytes(content)


def _says_4_gigabytes() -> bytes:
    content = bytearray(encoded(tone()))
    struct.pack_into("<I", content, 4, 0xFFFFFFF0)
    struct.pack_into("<I", content, content.index(b"data") + 4, 0xFFFFFF00)
    return bytes(content)


# name -> (file, status, a part of the message)
REFUSED: dict[str, tuple[Make, int, str]] = {
    "empty": (lambda: b"", 422, "The file is empty."),
    "no sound": (lambda: b"This is not sound. " * 100, 422, "not sound of a kind that is read here"),
    "no samples": (lambda: encoded(numpy.zeros((0, 1), numpy.float32)), 422, "its length is zero"),
    "corrupt": (_corrupt, 422, "damaged"),
    "a WAV cut off": (lambda: _cut("WAV"), 422, "cut off"),
    "a FLAC cut off": (lambda: _cut("FLAC"), 422, "damaged"),
    "a 4 GB header in a small file": (_says_4_gigabytes, 422, "cut off"),
    "a day in a small FLAC": (lambda: hours_of_silence(24), 413, "24.0 hours"),
    "a day in a small FLAC that does not say so": (lambda: hours_of_silence(24, told=False), 413, "hours"),
    "nine channels": (lambda: encoded(tone(channels=9)), 422, "9 channels"),
    # lists: whatever they point at, nobody looks there
    "a playlist of a file here": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", 422, "playlist (M3U)"),
    "a playlist of an address": (lambda: b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", 422, "playlist (M3U)"),
    "ffconcat": (lambda: b"ffconcat version 1.0\nfile '/etc/hostname'\n", 422, "playlist (ffconcat)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_the_same_words_each_time(name: str, host: RunningHost) -> None:
    make, status, said = REFUSED[name]
    _check_refused(make(), status, said, host)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("make", "status", "said"),
    [
        (lambda: silent_aac(24), 413, "24.0 hours"),
        (lambda: media("mp4 without sound"), 422, "no sound"),
        (lambda: media("m4a, head first")[:-3000], 422, "cut off"),
    ],
    ids=["a day of AAC", "a film without sound", "an m4a cut off"],
)
def test_a_foreign_file_is_refused_in_the_same_words_each_time(make: Make, status: int, said: str, host: RunningHost) -> None:
    _check_refused(make(), status, said, host)


def _check_refused(content: bytes, status: int, said: str, host: RunningHost) -> None:
    first, second = (host.send_clip(content, token=ALICE) for _ in range(2))
    assert first.status == status, first.content
    (problem,) = first.error["problems"]
    assert problem["field"] == "clip"
    assert said in problem["message"]
    assert problem["fix"]["label"]
    assert first.content == second.content
    assert hashlib.sha256(content).hexdigest() not in host.objects()


# Taken as a file; the request is refused before it is queued.
UNFIT: dict[str, tuple[Make, str]] = {
    "too short": (lambda: encoded(tone(0.01)), "at least 0.02 s are needed"),
    "silent": (lambda: encoded(numpy.zeros((RATE, 1), numpy.float32)), "silent"),
    "NaN": (with_nan, "not numbers"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_it_is_a_problem_of_the_request_before_it_is_queued(name: str, host: RunningHost) -> None:
    make, said = UNFIT[name]
    clip = host.send_clip(make(), token=ALICE).json()["sha256"]
    first, second = (host.call("POST", "/jobs", convert(clip), token=ALICE) for _ in range(2))
    assert first.status == 422
    (problem,) = first.error["problems"]
    assert problem["field"] == "clip"
    assert said in problem["message"]
    assert problem["fix"]["label"]
    assert first.content == second.content


def test_what_is_longer_than_the_contract_is_taken_in_pieces(host: RunningHost) -> None:
    """An hour and a minute of a quiet hum: nothing stands in the way."""
    hum = numpy.full((3660 * 8000, 1), 0.01, numpy.float32)
    clip = host.send_clip(encoded(hum, "FLAC", rate=8000), token=ALICE).json()
    assert clip["seconds"] == 3660
    assert host.call("POST", "/preflight", convert(clip["sha256"]), token=ALICE).json()["problems"] == []


# Memory: of the child that decodes, and of the programs that it starts.


def _write_day_of_flac(path: Path) -> None:
    """A day at 1000 samples a second, in a small file; its header keeps the length back."""
    with soundfile.SoundFile(path, "w", 1000, 1, format="FLAC", subtype="PCM_16") as file:
        hour = numpy.zeros(3600 * 1000, numpy.int16)
        for _ in range(24):
            file.write(hour)
    with path.open("r+b") as file:
        file.seek(18)
        word = struct.unpack(">Q", file.read(8))[0]
        file.seek(18)
        file.write(struct.pack(">Q", word >> 36 << 36))


HEAVY: dict[str, Callable[[Path], object]] = {
    "a day of FLAC that does not say so": _write_day_of_flac,
    "a 4 GB header": lambda path: path.write_bytes(_says_4_gigabytes()),
    "10 minutes of 7.1": lambda path: soundfile.write(path, numpy.zeros((600 * 8000, 8), numpy.int16), 8000, format="FLAC"),
}


@pytest.mark.parametrize("name", HEAVY)
def test_decoding_stays_far_below_its_memory_cap(name: str, tmp_path: Path) -> None:
    HEAVY[name](tmp_path / "upload")
    assert _peak_mb(tmp_path / "upload") < MEMORY_MB / 4


@needs_ffmpeg
def test_ffmpeg_stays_far_below_its_memory_cap(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(silent_aac(1))
    assert _peak_mb(tmp_path / "upload") < MEMORY_MB / 4


# A new process begins with the memory of the one that it was forked from, so a small one starts the child.
WEIGH = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
assert status == 0, status
print(usage.ru_maxrss / 1024)
"""


def _peak_mb(path: Path) -> float:
    """Of the inspecting child and whatever it started and waited for, as the system counted it."""
    program = ffmpeg.find()
    child = ["-P", "-m", "hay_say_lab.worker.inspector", path, "0" * 64, "", program.path if program else ""]
    done = subprocess.run(
        [sys.executable, "-S", "-c", WEIGH, sys.executable, *child],
        env=worker_environment(dict(os.environ)), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return float(done.stdout)
