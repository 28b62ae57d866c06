"""Frames: a length, then JSON, at most 1 MiB; whatever else arrives breaks the protocol, and nothing is unpickled."""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from typing import Any

import pytest

from hay_say_lab.errors import WorkerFailed
from hay_say_lab.worker.protocol import HEAD_BYTES, LARGEST_FRAME, Line, frame_length, pack, unpack


@pytest.mark.parametrize(
    "frame", [{"type": "a"}, {"type": "run", "text": {"body": "Grüße 🦜\n\0 \\u0041"}, "seed": 2**63 - 1, "x": [1.5, None]}]
)
def test_a_frame_survives_the_line(frame: dict[str, Any]) -> None:
    packed = pack(frame)
    assert frame_length(packed[:HEAD_BYTES]) == len(packed) - HEAD_BYTES
    assert unpack(packed[HEAD_BYTES:]) == frame


@pytest.mark.parametrize("length", [0, LARGEST_FRAME + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_is_not_allowed_is_refused_before_anything_is_read(length: int) -> None:
    with pytest.raises(WorkerFailed, match="announces"):
        frame_length(struct.pack(">I", length))


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "a", "body": "x" * LARGEST_FRAME},
        {"type": "a", "value": float("nan")},
        {"type": "a", "value": float("inf")},
        {"type": "a", "value": "\ud800"},
        {"type": "a", "value": b"bytes"},
        {"type": "a", "value": object()},
    ],
    ids=["large", "nan", "inf", "half a letter", "bytes", "object"],
)
def test_what_no_frame_can_hold_is_not_sent(frame: dict[str, Any]) -> None:
    with pytest.raises(WorkerFailed):
        pack(frame)


@pytest.mark.parametrize(
    "body",
    [
        b"hello", b"", b"[]", b'"text"', b"1", b"null", b"{}", b'{"type": 1}', b'{"type": null}', b'{"Type": "a"}',
        b'{"type": "a"', b'{"type": "a"} {"type": "b"}', b"\xff\xfe{}",
        b'{"type": "a", "value": NaN}', b'{"type": "a", "value": Infinity}', b'{"type": "a", "value": -Infinity}',
        b'{"type": "a", "value": "\\ud800"}', b'{"type": "\\udfff"}',
        b"[" * 500_000, b'{"type": "a", "value": ' + b'{"a":' * 100_000,
        b'{"type": "a", "value": ' + b"9" * 10_000 + b"}",
        pickle.dumps({"type": "a"}),
    ],
    ids=lambda body: ascii(body[:24]),
)  # fmt: skip
def test_a_body_that_is_no_frame_breaks_the_protocol(body: bytes) -> None:
    with pytest.raises(WorkerFailed):
        unpack(body)


def _lines() -> tuple[Line, socket.socket]:
    ours, theirs = socket.socketpair()
    return Line(ours), theirs


def test_a_frame_is_received_however_it_was_cut() -> None:
    line, theirs = _lines()
    with theirs:
        for part in pack({"type": "a", "value": "ä" * 20}):
            theirs.send(bytes([part]))
        assert line.receive() == {"type": "a", "value": "ä" * 20}


@pytest.mark.parametrize("sent", [b"", b"\0", pack({"type": "a"})[:-1]])
def test_a_line_that_closes_gives_none_also_in_the_middle_of_a_frame(sent: bytes) -> None:
    line, theirs = _lines()
    theirs.sendall(sent)
    theirs.close()
    assert line.receive() is None


def test_two_threads_may_send_at_once() -> None:
    line, theirs = _lines()
    other = Line(theirs)

    def send(name: str) -> None:
        for number in range(200):
            line.send({"type": name, "number": number, "filling": "x" * 2000})

    threads = [threading.Thread(target=send, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    received = [other.receive() for _ in range(400)]
    for thread in threads:
        thread.join()

    for name in ("a", "b"):
        assert [frame["number"] for frame in received if frame and frame["type"] == name] == list(range(200))
    theirs.close()
