"""Ogg pages (RFC 3533): a Vorbis stream taken apart and put together with comments and a serial number of our own.

libsndfile draws the serial number at random and puts its version among the comments; what is written here depends on
nothing but the sound and the comments.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from hay_say_lab.errors import InvalidRequest

CAPTURE = b"OggS"
MOST_PAGES = 100_000                # more than four hours of speech
_HEAD = struct.Struct("<4sBBqIII")  # capture, version, flags, granule, serial, number, checksum; then the lacing's count
_HEAD_BYTES = 27
_CONTINUED = 0x01
_LACING = 255
_COMMENT_HEAD = b"\x03vorbis"
_MIRRORED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it lies in the file."""

    flags: int
    granule: int
    serial: int
    lacing: bytes                   # lengths of its segments; one below 255 ends a packet
    body: bytes

    def as_bytes(self, serial: int, number: int) -> bytes:
        """The page under this serial number, as the number-th of its stream, with its checksum."""
        head = _HEAD.pack(CAPTURE, 0, self.flags, self.granule, serial, number, 0)
        page = head + bytes([len(self.lacing)]) + self.lacing + self.body
        return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def checksum(page: bytes) -> int:
    """Ogg's CRC-32 (polynomial 0x04c11db7, most significant bit first, from 0): zlib's, seen in a mirror."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def pages(content: bytes) -> Iterator[Page]:
    """The pages from the beginning, as long as they are whole."""
    at = 0
    for _ in range(MOST_PAGES):
        if at + _HEAD_BYTES > len(content):
            return
        capture, version, flags, granule, serial, _, _ = _HEAD.unpack_from(content, at)
        count = content[at + _HEAD_BYTES - 1]
        start = at + _HEAD_BYTES + count
        lacing = content[at + _HEAD_BYTES : start]
        end = start + sum(lacing)
        if capture != CAPTURE or version != 0 or len(lacing) < count or end > len(content):
            return
        yield Page(flags, granule, serial, lacing, content[start:end])
        at = end


def comment_body(content: bytes, most_bytes: int) -> bytes | None:
    """The Vorbis comments of the first stream (vendor, count, comments); None where there are none of that length."""
    packet = bytearray()
    serial, number = None, 0
    for page in pages(content):
        serial = page.serial if serial is None else serial
        if page.serial != serial:
            return None
        at = 0
        for length in page.lacing:
            if number == 1:
                packet += page.body[at : at + length]
                if len(packet) > most_bytes:
                    return None
            at += length
            if length < _LACING:
                if number == 1:
                    return bytes(packet[len(_COMMENT_HEAD) :]) if packet.startswith(_COMMENT_HEAD) else None
                number += 1
    return None


def with_comments(content: bytes, body: bytes, serial: int) -> bytes:
    """A Vorbis stream with these comments (vendor, count, comments) instead of its own, under this serial number.

    The identification keeps its page; comments and set-up are laid anew; the pages of sound only get new numbers.
    Raises InvalidRequest for what is no Vorbis stream of one piece.
    """
    all_pages = list(pages(content))
    headers, first_sound = _headers(all_pages)
    if len(headers) != 3 or not headers[1].startswith(_COMMENT_HEAD):
        raise InvalidRequest("The file is no Ogg Vorbis stream.", field="format", fix="Export as FLAC or WAV instead.")
    laid = [all_pages[0], *_laid([_COMMENT_HEAD + body + b"\x01", headers[2]]), *all_pages[first_sound:]]
    return b"".join(page.as_bytes(serial, number) for number, page in enumerate(laid))


def _headers(all_pages: list[Page]) -> tuple[list[bytes], int]:
    """(the packets of the three headers, the number of the page after them). The last one ends its page."""
    packets = [bytearray()]
    for number, page in enumerate(all_pages):
        at = 0
        for length in page.lacing:
            packets[-1] += page.body[at : at + length]
            at += length
            if length < _LACING:
                packets.append(bytearray())
        if len(packets) > 3:
            return [bytes(packet) for packet in packets[:-1]], number + 1
    return [], 0


def _laid(packets: list[bytes]) -> Iterator[Page]:
    """Header packets on pages of at most 255 segments, one after the other."""
    lacing = b"".join(
        bytes([_LACING]) * (len(packet) // _LACING) + bytes([len(packet) % _LACING]) for packet in packets
    )
    body, at = b"".join(packets), 0
    for first in range(0, len(lacing), _LACING):
        segments = lacing[first : first + _LACING]
        goes_on = first > 0 and lacing[first - 1] == _LACING
        ends_one = any(length < _LACING for length in segments)
        end = at + sum(segments)
        yield Page(_CONTINUED if goes_on else 0, 0 if ends_one else -1, 0, segments, body[at:end])
        at = end
