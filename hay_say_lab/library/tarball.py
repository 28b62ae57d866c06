"""Tar, read forwards by our own hand: plain files alone come out, and no header is taken at its word about memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from hay_say_lab.library.refusal import NEW_COPY, refusal
from hay_say_lab.library.unpacking import Unpacking

BLOCK = 512
CHUNK = 1 << 20
LONGEST_HEADER = 1 << 16        # bytes of a long name, or of a pax header
_FILES, _FOLDER, _PAX, _LONG_NAME, _NOT_READ = (b"0", b"\0", b"7"), b"5", (b"x", b"g"), b"L", (b"K",)
_OPEN: dict[bytes, Callable[..., object]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}


def unpack_tar(path: Path, unpacking: Unpacking) -> None:
    """A tar, plain or compressed. Raises InvalidRequest: links, devices, sparse files, damaged, more than its limits.

    It is read twice: a tar has no directory, and what is refused at its end should not have been written until then.
    """
    dry = Unpacking(unpacking.into, unpacking.packed_bytes, unpacking.limits, dry=True)
    for each in (dry, unpacking):
        _pass(path, each)


def _pass(path: Path, unpacking: Unpacking) -> None:
    with path.open("rb") as file:
        opened = _OPEN.get(file.read(2))
    stream = cast(BinaryIO, opened(path, "rb") if opened else path.open("rb"))
    try:
        with stream:
            _read(stream, unpacking)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise                               # the disk's, not the archive's
        raise refusal("The archive is damaged: it cannot be decompressed.", NEW_COPY) from None


def _read(stream: BinaryIO, unpacking: Unpacking) -> None:
    long_name = ""
    first = True
    while any(head := _block(stream, first)):
        if not _checksum_fits(head):
            raise refusal("It is no tar, or a damaged one." if first else "The tar is damaged.", NEW_COPY)
        first = False
        unpacking.enter()
        kind, size = head[156:157], _number(head[124:136])
        if kind in _FILES:
            _copy(stream, size, unpacking, long_name or _name(head))
            long_name = ""
        elif kind in _PAX or kind == _LONG_NAME or kind in _NOT_READ:
            content = _small(stream, size, unpacking)
            if kind == _LONG_NAME:
                long_name = content.rstrip(b"\0").decode("utf-8", "replace")
            elif kind == b"x":
                long_name = _pax_name(content) or long_name
        elif kind == _FOLDER:
            long_name = ""
        else:
            what = {b"1": "a link", b"2": "a link", b"3": "a device", b"4": "a device", b"6": "a pipe"}.get(kind, "no plain file")
            raise refusal(f"The archive holds {what}, and only plain files are unpacked.", "Pack the voice's files anew.")


def _block(stream: BinaryIO, first: bool) -> bytes:
    """The next header; zeros, or nothing at all, at the end."""
    found = stream.read(BLOCK)
    if first and len(found) < BLOCK:
        raise refusal("What is compressed there is no tar.", "Decompress it, and bring the files.")
    if len(found) not in (0, BLOCK):
        raise refusal("The tar ends in the middle.", NEW_COPY)
    return found


def _checksum_fits(head: bytes) -> bool:
    told = head[148:156].strip(b"\0 ")
    if not told.isdigit() or any(digit not in b"01234567" for digit in told):
        return False
    return int(told, 8) == sum(head[:148]) + 8 * 32 + sum(head[156:])


def _number(field: bytes) -> int:
    """Octal digits, or base 256 where the first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b"\0 ")
    if digits and (not digits.isdigit() or any(digit not in b"01234567" for digit in digits)):
        raise refusal("The tar is damaged: a size in it is no number.", NEW_COPY)
    return int(digits or b"0", 8)


def _name(head: bytes) -> str:
    prefix = head[345:500].split(b"\0")[0] if head[257:262] == b"ustar" else b""
    own = head[:100].split(b"\0")[0]
    return (prefix + b"/" + own if prefix else own).decode("utf-8", "replace")


def _pax_name(content: bytes) -> str:
    """The path that a pax header tells, if it tells one: lines of '<length> <key>=<value>'."""
    while content:
        length, _, _ = content.partition(b" ")
        if not length.isdigit() or not 0 < int(length) <= len(content):
            raise refusal("The tar is damaged: one of its headers is no header.", NEW_COPY)
        line, content = content[len(length) + 1 : int(length)], content[int(length) :]
        key, _, value = line.rstrip(b"\n").partition(b"=")
        if key == b"path":
            return value.decode("utf-8", "replace")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise refusal("The archive holds a file of a kind that is not unpacked here.", "Pack the voice's files anew.")
    return ""


def _small(stream: BinaryIO, size: int, unpacking: Unpacking) -> bytes:
    if size > LONGEST_HEADER:
        raise refusal("The tar holds a name that is longer than any.", "Do not use it.")
    unpacking.count(size)
    return _exactly(stream, size + _padding(size))[:size]


def _copy(stream: BinaryIO, size: int, unpacking: Unpacking, told_name: str) -> None:
    unpacking.announce(size)
    with unpacking.member(told_name) as member:
        left = size
        while left:
            content = _exactly(stream, min(CHUNK, left))
            member.write(content)
            left -= len(content)
    _exactly(stream, _padding(size))


def _padding(size: int) -> int:
    return -size % BLOCK


def _exactly(stream: BinaryIO, count: int) -> bytes:
    found = stream.read(count)
    if len(found) != count:
        raise refusal("The tar ends in the middle.", NEW_COPY)
    return found
