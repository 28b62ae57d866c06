"""ID3v2.4 tags (id3.org, id3v2.4.0-structure and -frames) before the sound of an MP3, in UTF-8."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from hay_say_lab.errors import InvalidRequest

MAGIC = b"ID3"
MOST_FRAMES = 10_000
_LARGEST = (1 << 28) - 1            # four bytes of seven bits
_UTF8 = b"\x03"
_USER_TEXT = b"TXXX"
_FRAMES = {"ARTIST": b"TPE1", "ENCODED-BY": b"TENC"}    # what has a frame of its own; the rest is user text


def id3_tag(fields: Mapping[str, str]) -> bytes:
    """A whole tag with these texts in order of their names. Raises InvalidRequest where they are too long."""
    body = b"".join(_frame(name, text) for name, text in sorted(fields.items()))
    return MAGIC + b"\x04\x00\x00" + _syncsafe(len(body)) + body


def user_text(content: bytes, name: str, most_bytes: int) -> bytes | None:
    """The user text of that name in the tag at the beginning of `content`, as UTF-8; None where there is none."""
    wanted = _UTF8 + name.encode() + b"\0"
    for kind, body in _frames(content):
        if kind == _USER_TEXT and body.startswith(wanted):
            return body[len(wanted) :] if len(body) - len(wanted) <= most_bytes else None
    return None


def without_tag(content: bytes) -> bytes:
    """The sound behind the tag."""
    if content[:3] != MAGIC or len(content) < 10:
        return content
    return content[10 + _number(content[6:10]) :]


def _frame(name: str, text: str) -> bytes:
    kind = _FRAMES.get(name, _USER_TEXT)
    described = b"" if name in _FRAMES else name.encode() + b"\0"
    body = _UTF8 + described + text.encode()
    return kind + _syncsafe(len(body)) + b"\0\0" + body


def _frames(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, body) of the frames of an ID3v2.4 tag that uses none of its rarities (footer, extended header)."""
    if len(content) < 10 or content[:4] != MAGIC + b"\x04" or content[5] & 0x7F:
        return
    at, end = 10, min(10 + _number(content[6:10]), len(content))
    for _ in range(MOST_FRAMES):
        if at + 10 > end or content[at] == 0:
            return                      # the rest is padding
        size = _number(content[at + 4 : at + 8])
        if at + 10 + size > end:
            return
        yield content[at : at + 4], content[at + 10 : at + 10 + size]
        at += 10 + size


def _syncsafe(number: int) -> bytes:
    if number > _LARGEST:
        raise InvalidRequest(
            "The recipe is too long for an MP3 file's tag.", field="format", fix="Export as WAV instead."
        )
    return struct.pack(">4B", *(number >> shift & 0x7F for shift in (21, 14, 7, 0)))


def _number(syncsafe: bytes) -> int:
    """The number in four bytes of seven bits; a byte above that counts by its seven bits."""
    number = 0
    for byte in syncsafe:
        number = number << 7 | byte & 0x7F
    return number
