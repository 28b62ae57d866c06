"""The boxes of an MP4 or QuickTime file (ISO/IEC 14496-12), as far as they say where its sound lies."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

MOST_BOXES = 10_000             # a hostile file may consist of nothing but empty boxes
DEEPEST = 8
SELF_CONTAINED = 0x000001       # flag of a data reference: the sound lies in this very file

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"dinf", b"edts", b"udta", b"mvex", b"moof", b"traf"})

Box = tuple[bytes, int, int]    # its kind, where its content begins and ends in the file


def boxes(file: BinaryIO, at: int, end: int) -> Iterator[Box]:
    """The boxes between two places; the last one may say that it ends behind `end`."""
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if at + 8 > end or len(head) < 8:
            return
        size, kind, header = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1 and len(head) == 16:
            size, header = int.from_bytes(head[8:]), 16
        elif size == 0:                     # to the end of the file
            size = end - at
        if size < header:
            return
        yield kind, at + header, at + size
        at += size


def refers_elsewhere(file: BinaryIO, at: int, end: int, depth: int = 0) -> bool:
    """Whether any track says that its samples lie in another file, here or at an address."""
    for kind, first, past in boxes(file, at, end):
        if kind == b"dref" and any(not flags & SELF_CONTAINED for flags in _references(file, first, min(past, end))):
            return True
        nested = kind in _CONTAINERS and depth < DEEPEST
        if nested and refers_elsewhere(file, first, min(past, end), depth + 1):
            return True
    return False


def ends_at(file: BinaryIO, size: int) -> int:
    """Where the last box ends by its own size, in bytes from the file's start."""
    return max((past for _, _, past in boxes(file, 0, size)), default=0)


def _references(file: BinaryIO, first: int, past: int) -> Iterator[int]:
    """The flags of each entry of a `dref` box, behind its version, flags and count."""
    for _, content, _ in boxes(file, first + 8, past):
        file.seek(content)
        entry = file.read(4)
        if len(entry) == 4:
            yield struct.unpack(">I", entry)[0] & 0xFFFFFF
