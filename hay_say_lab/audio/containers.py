"""Whether a sound file ends before its own structure says so: libsndfile repairs a short file silently.

Formats: RIFF/WAVE and RF64 (EBU Tech 3306), AIFF, Sony Wave64, Apple CAF, Sun AU, Ogg (RFC 3533), the Xing header of
MP3; of what ffmpeg reads: the boxes of MP4, Matroska's segment (RFC 9559), AAC frames. A size that its writer left open
(0 or all ones: a stream) promises nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hay_say_lab.audio.adts import behind_id3, frames_of
from hay_say_lab.audio.boxes import ends_at
from hay_say_lab.audio.kinds import AAC, MATROSKA, MOV, MP4, WEBM, kind_of

MOST_CHUNKS = 10_000                # a hostile file may consist of nothing but empty chunks
LARGEST_OGG_PAGE = 65_307           # bytes: 27 of header, 255 lacing values, 255 segments of 255
END_OF_STREAM = 0x04                # flag in an Ogg page's header
_SEGMENT = b"\x18\x53\x80\x67"      # the element that holds all of a Matroska file behind its head
_HEAD_BYTES = 40


@dataclass(frozen=True, slots=True)
class _Chunks:
    """How a container writes its chunks: where the first one is, a name, a size, padding to `align` bytes."""

    first: int
    name_bytes: int
    size: struct.Struct
    sound: bytes                    # the name, or its beginning, of the chunk with the samples
    align: int = 1
    size_counts_head: bool = False


_LAYOUTS = {
    b"RIFF": _Chunks(12, 4, struct.Struct("<I"), b"data", align=2),
    b"FORM": _Chunks(12, 4, struct.Struct(">I"), b"SSND", align=2),
    b"riff": _Chunks(40, 16, struct.Struct("<Q"), b"data", align=8, size_counts_head=True),
    b"caff": _Chunks(8, 4, struct.Struct(">Q"), b"data"),
}
_OPEN_SIZES = frozenset({0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF})


def cut_off(path: Path) -> bool:
    """Whether the file is shorter than its header or its chunk of samples says. Other containers are believed."""
    size = path.stat().st_size
    kind = kind_of(path)
    if kind is AAC:
        return frames_of(path).end > size
    with path.open("rb") as file:
        if kind in (MP4, MOV):
            return ends_at(file, size) > size
        if kind in (WEBM, MATROSKA):
            return _segment_ends_at(file) > size
        head = file.read(_HEAD_BYTES).ljust(_HEAD_BYTES, b"\0")
        if head[:4] == b"OggS":
            return not _ends_with_last_page(file, size)
        if head[:4] in (b"RIFF", b"FORM"):
            size += 1                   # some writers count a last padding byte that they leave out
        promised = _promised_bytes(head)
        if promised is not None and promised > size:
            return True
        layout = _LAYOUTS.get(head[:4])
        return layout is not None and _sound_ends_at(file, layout, size) > size


def promises_length(path: Path) -> bool:
    """Whether an MP3 begins with a Xing (or Info) header, so that its number of frames is known and no estimate."""
    with path.open("rb") as file:
        file.seek(behind_id3(file.read(10)))
        first = file.read(256)
    return b"Xing" in first or b"Info" in first


def _promised_bytes(head: bytes) -> int | None:
    """The whole file's size by its header; None where it says none."""
    match head[:4]:
        case b"RIFF":
            size, more = struct.unpack_from("<I", head, 4)[0], 8
        case b"FORM":
            size, more = struct.unpack_from(">I", head, 4)[0], 8
        case b"RF64" if head[12:16] == b"ds64":
            size, more = struct.unpack_from("<Q", head, 20)[0], 8
        case b"riff":
            size, more = struct.unpack_from("<Q", head, 16)[0], 0
        case b".snd":
            size, more = struct.unpack_from(">I", head, 8)[0], struct.unpack_from(">I", head, 4)[0]
        case _:
            return None
    return None if size in _OPEN_SIZES else size + more


def _sound_ends_at(file: BinaryIO, layout: _Chunks, size: int) -> int:
    """Where the chunk of samples ends by its own size, in bytes from the file's start; 0 where that is not known."""
    at = layout.first
    head_bytes = layout.name_bytes + layout.size.size
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(head_bytes)
        if len(head) < head_bytes:
            break
        content = int(layout.size.unpack(head[layout.name_bytes :])[0])
        end = at + content + (0 if layout.size_counts_head else head_bytes)
        if head.startswith(layout.sound):
            return 0 if content in _OPEN_SIZES else end
        if end <= at or end > size:
            break
        at = end + -end % layout.align
    return 0


def _ends_with_last_page(file: BinaryIO, size: int) -> bool:
    """Whether the last Ogg page is whole and says that it is the last one."""
    file.seek(max(0, size - LARGEST_OGG_PAGE))
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return False
    lacing = tail[at + 27 : at + 27 + tail[at + 26]]
    whole = len(lacing) == tail[at + 26] and len(tail) >= at + 27 + len(lacing) + sum(lacing)
    return whole and bool(tail[at + 5] & END_OF_STREAM)


def _segment_ends_at(file: BinaryIO) -> int:
    """Where a Matroska file's segment ends by its own size; 0 where it left it open, as who streams it does."""
    file.seek(4)
    at = 4 + sum(_variable_size(file))
    file.seek(at)
    if file.read(len(_SEGMENT)) != _SEGMENT:
        return 0
    width, size = _variable_size(file)
    return 0 if size == (1 << 7 * width) - 1 else at + len(_SEGMENT) + width + size


def _variable_size(file: BinaryIO) -> tuple[int, int]:
    """An EBML size: how many bytes it takes (the leading zero bits say so), and its value."""
    first = file.read(1)
    width = 9 - first[0].bit_length() if first else 1
    rest = file.read(width - 1)
    return width, int.from_bytes(first + rest) & (1 << 7 * width) - 1
