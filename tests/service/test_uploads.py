"""Files that people send: each bad one is a typed problem, and nothing of it is left on the disk."""

from __future__ import annotations

import hashlib
import http.client
import socket
import struct
from collections.abc import Callable

import numpy
import pytest

from hay_say_lab.service.uploads import LARGEST_UPLOAD_BYTES
from tests.service.conftest import ALICE
from tests.service.running_host import PREFIX, RunningHost, convert, until
from tests.service.sounds import RATE, encoded, hours_of_silence, noise, tone, with_nan


def _cut(container: str, subtype: str | None = None, part: float = 0.6) -> bytes:
    whole = encoded(tone(2.0), container, subtype)
    return whole[: int(len(whole) * part)]


def _header_of_4_gigabytes() -> bytes:
    content = bytearray(encoded(tone()))
    struct.pack_into("<I", content, 4, 0xFFFFFFF0)
    place = content.index(b"data") + 4
    struct.pack_into("<I", content, place, 0xFFFFFF00)
    return bytes(content)


def _rate_of_zero() -> bytes:
    content = bytearray(encoded(tone()))
    struct.pack_into("<I", content, content.index(b"fmt ") + 12, 0)
    return bytes(content)


def _damaged_inside() -> bytes:
    content = bytearray(encoded(tone(3.0), "FLAC"))
    content[2000:6000] = b"\xff" * 4000
    return bytes(content)


REFUSED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"R",
    "text": lambda: b"This is not sound. " * 100,
    "a RIFF without anything": lambda: b"RIFF\x24\x00\x00\x00WAVE",
    "a WAV without samples": lambda: encoded(numpy.zeros((0, 1), numpy.float32)),
    "a FLAC without samples": lambda: encoded(numpy.zeros((0, 1), numpy.float32), "FLAC"),
    "a WAV cut off": lambda: _cut("WAV"),
    "a float WAV cut off": lambda: _cut("WAV", "FLOAT"),
    "a FLAC cut off": lambda: _cut("FLAC"),
    "an Ogg Vorbis cut off": lambda: _cut("OGG", "VORBIS"),
    "an Ogg Opus cut off": lambda: _cut("OGG", "OPUS"),
    "an AIFF cut off": lambda: _cut("AIFF"),
    "the head of a WAV": lambda: encoded(tone())[:44],
    "a WAV that says 4 GB": _header_of_4_gigabytes,
    "a WAV of no rate": _rate_of_zero,
    "a FLAC damaged inside": _damaged_inside,
    "nine channels": lambda: encoded(tone(channels=9)),
    "an MP4": lambda: b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42isom" + b"\x00" * 1000,
    "a playlist": lambda: b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
    "a zip": lambda: b"PK\x03\x04" + b"\x00" * 1000,
}


def _left(host: RunningHost) -> list[str]:
    return [name for name in host.left_in_scratch() if "upload" in name]


def _kept(host: RunningHost, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() in host.objects()


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_and_nothing_is_left(kind: str, host: RunningHost) -> None:
    content = REFUSED[kind]()
    reply = host.send_clip(content, label="clip.wav", token=ALICE)
    assert reply.status == 422, reply.content
    (problem,) = reply.error["problems"]
    assert problem["field"] == "clip"
    assert problem["fix"]["label"]
    assert reply.error["retry"] == "after_fix"
    assert not _kept(host, content)
    assert _left(host) == []


@pytest.mark.parametrize("told", [True, False], ids=["as its header says", "though its header says nothing"])
def test_ten_hours_are_refused_without_decoding_them(told: bool, host: RunningHost) -> None:
    content = hours_of_silence(10, told)
    assert len(content) < 200_000
    reply = host.send_clip(content, token=ALICE)
    assert reply.status in (413, 422), reply.content
    assert reply.error["problems"][0]["field"] == "clip"
    assert not _kept(host, content)
    assert _left(host) == []


# Taken as files, refused as something to work on: preflight says why before anything is queued.
USELESS: dict[str, tuple[Callable[[], bytes], str]] = {
    "NaN": (with_nan, "not numbers"),
    "silence": (lambda: encoded(numpy.zeros((RATE, 1), numpy.float32)), "silent"),
    "a hundredth of a second": (lambda: encoded(tone(0.01)), "0.01 s"),
}


@pytest.mark.parametrize("kind", USELESS)
def test_a_clip_that_is_of_no_use_is_a_problem_of_the_clip(kind: str, host: RunningHost) -> None:
    make, reason = USELESS[kind]
    sent = host.send_clip(make(), token=ALICE)
    assert sent.status == 201
    reply = host.call("POST", "/jobs", convert(sent.json()["sha256"]), token=ALICE)
    assert reply.status == 422
    (problem,) = reply.error["problems"]
    assert problem["field"] == "clip"
    assert reason in problem["message"]
    assert _left(host) == []


@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", None), ("OGG", "VORBIS"),
                                                    ("OGG", "OPUS"), ("MP3", None), ("AIFF", None), ("CAF", None), ("W64", None)])  # fmt: skip
def test_what_is_read_here_is_described(container: str, subtype: str | None, host: RunningHost) -> None:
    rate = 48_000
    sent = host.send_clip(encoded(tone(1.0, rate, channels=2), container, subtype, rate), token=ALICE)
    assert sent.status == 201, sent.content
    facts = sent.json()
    assert facts["channels"] == 2
    assert facts["sample_rate"] == rate
    assert facts["seconds"] == pytest.approx(1.0, abs=0.1)
    assert 0.2 < facts["peak"] < 0.7            # Opus overshoots at the first sample
    assert facts["finite"] is True


def test_eight_channels_are_taken(host: RunningHost) -> None:
    assert host.send_clip(encoded(tone(channels=8)), token=ALICE).json()["channels"] == 8


def test_the_same_file_twice_is_one_object(host: RunningHost) -> None:
    content = noise(0.3, seed=77)
    sent = [host.send_clip(content, token=ALICE).json()["sha256"] for _ in range(2)]
    assert sent == [hashlib.sha256(content).hexdigest()] * 2
    assert len(list((host.home / "objects").rglob(sent[0]))) == 1


def test_a_sender_that_leaves_leaves_nothing(host: RunningHost) -> None:
    """given half an upload, when the connection breaks, then its file is gone at once"""
    with socket.create_connection(("127.0.0.1", host.port), timeout=10) as line:
        line.sendall(
            f"POST {PREFIX}/clips HTTP/1.1\r\nHost: 127.0.0.1:{host.port}\r\nAuthorization: Bearer {ALICE}\r\n"
            "Content-Type: audio/wav\r\nContent-Length: 1000000\r\n\r\n".encode()
        )
        line.sendall(noise(10.0)[:300_000])
        until(lambda: _left(host), 10, "the upload did not begin")
    until(lambda: not _left(host), 10, "its file stayed")


def test_a_slow_sender_is_waited_for_while_others_are_served(host: RunningHost) -> None:
    content = noise(0.2, seed=78)
    with socket.create_connection(("127.0.0.1", host.port), timeout=20) as line:
        line.sendall(
            f"POST {PREFIX}/clips HTTP/1.1\r\nHost: 127.0.0.1:{host.port}\r\nAuthorization: Bearer {ALICE}\r\n"
            f"Content-Type: audio/wav\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        for place in range(0, len(content), len(content) // 8 + 1):
            line.sendall(content[place : place + len(content) // 8 + 1])
            assert host.call("GET", "/voices", token=ALICE).status == 200
        assert b" 201 " in line.recv(4096)


def test_more_than_the_largest_upload_is_refused_at_its_head(host: RunningHost) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    connection.putrequest("POST", f"{PREFIX}/clips")
    for name, value in (
        ("Authorization", f"Bearer {ALICE}"), ("Content-Type", "audio/wav"), ("Content-Length", str(LARGEST_UPLOAD_BYTES + 1)),
    ):  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert b'"too_large"' in answer.read()
    connection.close()
    assert _left(host) == []


@pytest.mark.parametrize(("token", "kind", "status"), [(None, "audio/wav", 401), (ALICE, "text/html", 415)])
def test_a_refused_upload_is_read_to_its_end_so_that_the_refusal_is_heard(
    token: str | None, kind: str, status: int, host: RunningHost
) -> None:
    reply = host.call("POST", "/clips", body=noise(200.0, seed=79), headers={"Content-Type": kind}, token=token)
    assert reply.status == status
    assert _left(host) == []
