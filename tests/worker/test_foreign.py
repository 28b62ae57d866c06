"""What ffmpeg reads for us: every kind that people have, in a child that can do nothing else; what points elsewhere is refused."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from hay_say_lab.audio import ffmpeg
from hay_say_lab.audio.inspection import inspect
from hay_say_lab.audio.kinds import KINDS, MP4, kind_of
from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import InvalidRequest, LabError, TooLarge
from hay_say_lab.worker.foreign import opener
from tests.audio.sounds import encoded, tone
from tests.media import RATE, SECONDS, media, silent_aac, with_sound_elsewhere
from tests.worker.child import AUDIO, worker

needs_it = pytest.mark.ffmpeg

READ = {
    # name -> (container, encoding, sample rate, channels)
    "m4a": ("MP4", "AAC", RATE, 2),
    "m4a, head first": ("MP4", "AAC", RATE, 2),
    "m4a of ALAC": ("MP4", "ALAC", RATE, 1),
    "m4a, 5.1": ("MP4", "AAC", RATE, 6),
    "aac": ("AAC", "AAC", RATE, 2),
    "webm of Opus": ("WEBM", "OPUS", 48_000, 1),
    "webm of Vorbis": ("WEBM", "VORBIS", RATE, 1),
    "webm, streamed": ("WEBM", "OPUS", 48_000, 1),      # as a browser records: no size, no length in its head
    "mp4 with video": ("MP4", "AAC", RATE, 2),
    "mkv with video": ("MATROSKA", "AAC", RATE, 2),
    "mov with video": ("MOV", "AAC", RATE, 2),
    "mov of PCM": ("MOV", "PCM_S24LE", RATE, 1),
}


def _program() -> Path:
    program = ffmpeg.find()
    assert program is not None
    return program.path


def _inspect(folder: Path, content: bytes, program: Path | None = None) -> ClipFacts:
    (folder / "upload").write_bytes(content)
    return inspect(folder / "upload", "0" * 64, "", opener(program or _program()))


def _refused(folder: Path, content: bytes) -> LabError:
    with pytest.raises(InvalidRequest) as refusal:
        _inspect(folder, content)
    assert all(problem.field == "clip" and problem.fix.label for problem in refusal.value.problems)
    return refusal.value


@needs_it
@pytest.mark.parametrize("name", READ)
def test_the_sound_of_a_foreign_file_is_read_and_described(name: str, tmp_path: Path) -> None:
    facts = _inspect(tmp_path, media(name))
    assert (facts.container, facts.encoding, facts.sample_rate, facts.channels) == READ[name]
    assert facts.seconds == pytest.approx(SECONDS, abs=0.15)        # AAC in ADTS keeps its padding
    assert facts.finite
    assert facts.rms > 0.01


@needs_it
def test_the_kind_is_told_by_the_first_bytes_and_never_by_the_name(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(media("webm of Opus"))
    assert kind_of(tmp_path / "song.wav") is KINDS["WEBM"]
    (tmp_path / "song.m4a").write_bytes(encoded("WAV", "PCM_16"))
    assert kind_of(tmp_path / "song.m4a") is None


@needs_it
@pytest.mark.parametrize("name", ["m4a, head first", "aac", "mkv with video", "mov of PCM", "m4a"])
@pytest.mark.parametrize("kept", [0.5, 0.9, -5], ids=["half", "most", "all-but-5-bytes"])
def test_a_foreign_file_that_is_cut_off_is_refused(name: str, kept: float, tmp_path: Path) -> None:
    content = media(name)
    _refused(tmp_path, content[: int(len(content) * kept) if kept > 0 else int(kept)])


@needs_it
def test_a_foreign_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    content = bytearray(media("m4a, head first"))
    middle = content.index(b"mdat") + 2000
    content[middle : middle + 1500] = b"\xff" * 1500
    assert "damaged" in _refused(tmp_path, bytes(content)).message


@needs_it
def test_a_film_without_sound_says_so(tmp_path: Path) -> None:
    assert "no sound" in _refused(tmp_path, media("mp4 without sound")).message


@needs_it
def test_a_day_of_sound_is_refused(tmp_path: Path) -> None:
    """No header tells its length: its frames are counted before they are decoded."""
    with pytest.raises(TooLarge, match="24.0 hours"):
        _inspect(tmp_path, silent_aac(24))


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "MP4 (m4a, mp4)"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "QuickTime (mov)"),
        (b"\0\0\0\x08wide\0\0\0\x20mdat", "QuickTime (mov)"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "WebM"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", "Matroska (mkv, mka)"),
        (b"\xff\xf1\x50\x80\x2a\xff\xfc" + b"\0" * 20, "AAC (ADTS)"),
        (b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10 + b"\xff\xf1\x50\x80\x2a\xff\xfc", "AAC (ADTS)"),
    ],
)
def test_without_the_program_the_refusal_names_the_kind_and_how_to_get_it(head: bytes, title: str, tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(head + b"\0" * 100)
    with pytest.raises(InvalidRequest) as refusal:
        inspect(tmp_path / "upload", "0" * 64, "", opener(None))
    (problem,) = refusal.value.problems
    assert title in problem.message
    assert "ffmpeg" in problem.message
    assert "hay-say-lab[ffmpeg]" in problem.fix.label


# Nothing that a file names is opened.


@contextlib.contextmanager
def _listener() -> Iterator[tuple[str, list[object]]]:
    """An address on loopback, and everybody who came there."""
    visitors: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))

    def wait() -> None:
        with contextlib.suppress(OSError):
            while True:
                line, visitor = server.accept()
                visitors.append(visitor)
                line.close()

    threading.Thread(target=wait, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", visitors
    server.shutdown(socket.SHUT_RDWR)
    server.close()


LISTS = {
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n{place}\n#EXT-X-ENDLIST\n",
    "M3U behind a byte order mark": "\ufeff#EXTM3U\n{place}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{place}'\n",
    "concat": "file '{place}'\n",
    "PLS": "[playlist]\nFile1={place}\nNumberOfEntries=1\n",
    "XSPF": "<?xml version='1.0'?>\n<playlist version='1'><trackList><track><location>{place}</location></track></trackList></playlist>",
    "ASX": "<asx version='3.0'><entry><ref href='{place}'/></entry></asx>",
    "DASH": "<?xml version='1.0'?>\n<MPD><Period><BaseURL>{place}</BaseURL></Period></MPD>",
    "an address": "{place}\n",
}


@pytest.mark.parametrize("points_at", ["a file here", "an address"])
@pytest.mark.parametrize("name", LISTS)
def test_a_playlist_is_refused_whatever_it_points_at(name: str, points_at: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary.wav"
    canary.write_bytes(encoded("WAV", "PCM_16"))
    with _listener() as (address, visitors):
        place = f"{address}/canary.wav" if points_at == "an address" else canary.as_uri()
        refusal = _refused_by_any(tmp_path, LISTS[name].format(place=place).encode())
    assert "playlist" in refusal.message
    assert visitors == []


def _refused_by_any(folder: Path, content: bytes) -> LabError:
    """With ffmpeg where it is here, without where it is not: the same refusal."""
    (folder / "upload").write_bytes(content)
    program = ffmpeg.find()
    with pytest.raises(InvalidRequest) as refusal:
        inspect(folder / "upload", "0" * 64, "", opener(program.path if program else None))
    return refusal.value


@needs_it
@pytest.mark.parametrize("points_at", ["a file here", "an address"])
def test_a_movie_whose_sound_lies_elsewhere_is_refused_and_nobody_looks_there(points_at: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary.mov"
    canary.write_bytes(media("mov of PCM"))
    with _listener() as (address, visitors):
        place = f"{address}/canary.mov" if points_at == "an address" else canary.as_uri()
        movie = with_sound_elsewhere(media("mov of PCM"), place)
        assert "another file" in _refused(tmp_path, movie).message
        # and ffmpeg as we call it would not have followed
        done = _decoded(tmp_path, movie)
    assert len(done.stdout) <= 32, "more than the head of an empty stream"
    assert visitors == []


@needs_it
@pytest.mark.parametrize("name", ["HLS", "ffconcat"])
def test_ffmpeg_as_we_call_it_opens_no_list_even_if_it_is_taken_for_a_film(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary.m4a"
    canary.write_bytes(media("m4a"))
    with _listener() as (address, visitors):
        for place in (f"{address}/canary.m4a", canary.as_uri()):
            done = _decoded(tmp_path, LISTS[name].format(place=place).encode())
            assert (done.returncode != 0, done.stdout) == (True, b"")
    assert visitors == []


def _decoded(folder: Path, content: bytes) -> subprocess.CompletedProcess[bytes]:
    (folder / "upload").write_bytes(content)
    call = ffmpeg.decoding(_program(), MP4, folder / "upload")
    return subprocess.run(call, capture_output=True, timeout=60, check=False)


# The child.

CONFINED = [sys.executable, "-P", "-m", "hay_say_lab.worker.confined", str(os.getpid())]


def _confined(*program: str, memory_mb: int = 512) -> subprocess.CompletedProcess[str]:
    call = [*CONFINED, str(memory_mb), "20", *program]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)


def test_a_confined_program_cannot_take_more_memory_than_it_may() -> None:
    done = _confined(sys.executable, "-c", "b = bytearray(1 << 30)")
    assert "MemoryError" in done.stderr


def test_a_confined_program_writes_no_file(tmp_path: Path) -> None:
    done = _confined(sys.executable, "-S", "-c", f"import os; os.write(os.open({str(tmp_path / 'made')!r}, 65), b'x')")
    assert done.returncode != 0
    assert (tmp_path / "made").read_bytes() == b""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="this system has no unshare to ask")
def test_a_confined_program_reaches_nobody_where_the_system_lets_us_take_its_network() -> None:
    allowed = subprocess.run(["unshare", "-U", "-n", "true"], capture_output=True, check=False).returncode == 0
    with _listener() as (address, visitors):
        port = address.rpartition(":")[2]
        done = _confined(sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)")
    assert (done.returncode != 0) == allowed
    assert bool(visitors) != allowed


# The stage.


@needs_it
def test_the_decode_stage_reads_it_with_the_program_that_it_was_planned_with(tmp_path: Path) -> None:
    program = ffmpeg.find()
    assert program is not None
    (tmp_path / "upload").write_bytes(media("mp4 with video"))
    with worker(tmp_path) as child:
        child.start(**AUDIO)
        done, _ = child.run(
            task="decode", voice=None, settings={"program": program.name}, inputs={"upload": str(tmp_path / "upload")}
        )
    assert done["type"] == "done", done
    clip = read_clip(tmp_path / "out" / done["files"]["clip"])
    assert clip.sample_rate == RATE
    spectrum = numpy.abs(numpy.fft.rfft(clip.samples))
    assert numpy.argmax(spectrum) * clip.sample_rate / len(clip.samples) == pytest.approx(220, abs=2)


@needs_it
def test_another_version_than_the_planned_one_is_a_typed_failure(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(media("m4a"))
    with worker(tmp_path) as child:
        child.start(**AUDIO)
        settings = {"program": "ffmpeg 0.5"}
        failed, _ = child.run(task="decode", voice=None, settings=settings, inputs={"upload": str(tmp_path / "upload")})
    assert failed["type"] == "failed"
    assert "ffmpeg 0.5" in failed["error"]["message"]


def test_the_decode_stage_writes_the_same_object_as_a_clip_written_whole(tmp_path: Path) -> None:
    """Block by block, longer than a block: tags, sizes and samples are those of `write_clip`."""
    from hay_say_lab.audio.conversion import decode
    from hay_say_lab.audio.objects import write_clip

    (tmp_path / "upload").write_bytes(encoded("FLAC", "PCM_16", numpy.stack([tone(2.0), tone(2.0) * 0.5], axis=1)))
    write_clip(tmp_path / "whole.w64", decode(tmp_path / "upload"))
    with worker(tmp_path) as child:
        child.start(**AUDIO)
        done, _ = child.run(task="decode", voice=None, inputs={"upload": str(tmp_path / "upload")})
    assert (tmp_path / "out" / done["files"]["clip"]).read_bytes() == (tmp_path / "whole.w64").read_bytes()


# Where the program is looked for.


def test_a_setting_that_names_no_ffmpeg_finds_none(tmp_path: Path) -> None:
    """It is never passed over silently for another one."""
    assert ffmpeg.find({ffmpeg.SETTING: str(tmp_path / "ffmpeg"), "PATH": os.environ["PATH"]}) is None
    assert ffmpeg.find({ffmpeg.SETTING: sys.executable}) is None


@pytest.mark.parametrize(
    ("configuration", "licence"),
    [
        ("", "LGPL-2.1-or-later"),
        ("--enable-version3", "LGPL-3.0-or-later"),
        ("--enable-gpl", "GPL-2.0-or-later"),
        ("--enable-gpl --enable-version3", "GPL-3.0-or-later"),
        ("--enable-gpl --enable-nonfree", "not redistributable (nonfree)"),
    ],
)
def test_its_licence_is_that_of_its_build(configuration: str, licence: str, tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho 'ffmpeg version 7.1 Copyright'\necho 'configuration: {configuration}'\n")
    program.chmod(0o755)
    found = ffmpeg.find({ffmpeg.SETTING: str(program)})
    assert found is not None
    assert (found.version, found.licence, found.name) == ("7.1", licence, "ffmpeg 7.1")
