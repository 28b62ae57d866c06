"""How the worker and its nurse talk: frames of a kind, a length and bytes over a socket pair."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from socket import socket
from typing import Any

_HEADER = struct.Struct("<iQ")      # kind or exit status, length in bytes
_NOTE = struct.Struct("<Q")         # length of the JSON in front of the samples

HELLO, ORDER = 1, 2                 # kinds; an answer to an order carries the child's exit status in their place


class Hangup(Exception):
    """The other side is gone."""


def send(channel: socket, kind: int, content: bytes) -> None:
    """Raises Hangup."""
    try:
        channel.sendall(_HEADER.pack(kind, len(content)))
        channel.sendall(content)
    except OSError as error:
        raise Hangup from error


def receive(channel: socket, while_waiting: Callable[[], None] | None = None) -> tuple[int, bytes]:
    """The next frame. On a channel with a timeout `while_waiting` is called at each; it may raise. Raises Hangup."""
    kind, length = _HEADER.unpack(_exactly(channel, _HEADER.size, while_waiting))
    return kind, _exactly(channel, length, while_waiting)


def _exactly(channel: socket, length: int, while_waiting: Callable[[], None] | None) -> bytes:
    buffer = bytearray(length)
    filled = 0
    while filled < length:
        try:
            got = channel.recv_into(memoryview(buffer)[filled:])
        except TimeoutError:
            if while_waiting is not None:
                while_waiting()
            continue
        except OSError as error:
            raise Hangup from error
        if got == 0:
            raise Hangup
        filled += got
    return bytes(buffer)


def packed(note: Any, samples: bytes | bytearray = b"") -> bytes:
    """A JSON value and samples in one run of bytes."""
    head = json.dumps(note).encode()
    return b"".join((_NOTE.pack(len(head)), head, samples))


def unpacked(content: bytes) -> tuple[Any, bytes]:
    """What `packed` wrote; ValueError where it did not."""
    if len(content) < _NOTE.size:
        raise ValueError("too short")
    (length,) = _NOTE.unpack_from(content)
    if length > len(content) - _NOTE.size:
        raise ValueError("cut short")
    return json.loads(content[_NOTE.size : _NOTE.size + length]), content[_NOTE.size + length :]
