"""The directory of a zip, checked before a byte of its content is read: bounded, consistent, nothing twice in one place."""

from __future__ import annotations

import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hay_say_lab.library.refusal import NEW_COPY, refusal

MOST_ENTRIES = 10_000           # a checkpoint has one for each tensor; the largest voice sets have a few hundred files
MOST_DIRECTORY_BYTES = 4 << 20
_END = struct.Struct("<4s4H2LH")
_END_64_PLACE = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 0xFFFF
_ENCRYPTED = 0x1 | 0x40
_UNIX, _LINK, _TYPE = 3, 0o120000, 0o170000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a zip: its name, its sizes, and where its bytes lie in the file."""

    info: zipfile.ZipInfo
    first: int

    @property
    def name(self) -> str:
        return self.info.filename

    @property
    def bytes(self) -> int:
        return self.info.file_size

    @property
    def stored(self) -> bool:
        return self.info.compress_type == zipfile.ZIP_STORED

    @property
    def folder(self) -> bool:
        return self.info.is_dir()

    @property
    def special(self) -> bool:
        """A link or a device, as Unix zips keep them."""
        mode = (self.info.external_attr >> 16) & _TYPE
        return self.info.create_system == _UNIX and mode not in (0, 0o100000, 0o040000)


@contextmanager
def open_zip(path: Path, most_entries: int = MOST_ENTRIES) -> Iterator[tuple[zipfile.ZipFile, list[Entry]]]:
    """A zip and its entries in the order of the directory. Raises InvalidRequest: too many, damaged, encrypted, overlapping."""
    _check_size(path, most_entries)
    try:
        with zipfile.ZipFile(path) as file:
            yield file, _entries(path, file)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, UnicodeDecodeError, EOFError, ValueError) as error:
        raise refusal(f"The zip is damaged ({str(error)[:80] or type(error).__name__}).", NEW_COPY) from None


def _check_size(path: Path, most_entries: int) -> None:
    """Ask the end of the file how large the directory is, before anybody reads it into memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size - _LONGEST_COMMENT))
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < _END.size:
            raise refusal("The zip has no directory: its end is missing.", NEW_COPY)
        _, _, _, _, entries, length, _, _ = _END.unpack_from(tail, at)
        if entries == 0xFFFF or length == 0xFFFFFFFF:
            entries, length = _large(file, size - len(tail) + at, entries, length)
    if entries > most_entries:
        raise refusal(f"The zip has {entries} entries; at most {most_entries} are read.", "Take the voice's own files out of it.")
    if length > MOST_DIRECTORY_BYTES:
        raise refusal(f"The zip's directory alone has {length} bytes.", "Take the voice's own files out of it.")


def _large(file: BinaryIO, end: int, entries: int, length: int) -> tuple[int, int]:
    """Number of entries and length of the directory, from the second end that large zips have."""
    if end < _END_64_PLACE.size:
        return entries, length
    file.seek(end - _END_64_PLACE.size)
    mark, _, place, _ = _END_64_PLACE.unpack(file.read(_END_64_PLACE.size))
    if mark != b"PK\6\7":
        return entries, length
    file.seek(place)
    found = file.read(_END_64.size)
    if len(found) < _END_64.size or found[:4] != b"PK\6\6":
        raise refusal("The zip's directory is damaged.", NEW_COPY)
    fields = _END_64.unpack(found)
    return fields[7], fields[8]


def _entries(path: Path, file: zipfile.ZipFile) -> list[Entry]:
    infos = file.infolist()
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise refusal("The zip is encrypted.", "Unpack it with its password, and bring the files.")
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        [(twice, _)] = Counter(names).most_common(1)
        raise refusal(f"The zip holds '{twice[:80]}' twice.", "Pack it anew.")
    entries, spans = [], []
    with path.open("rb") as raw:
        for info in infos:
            raw.seek(info.header_offset)
            head = raw.read(_LOCAL.size)
            if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
                raise refusal("The zip's directory points where no file begins.", NEW_COPY)
            first = info.header_offset + _LOCAL.size + sum(_LOCAL.unpack(head)[-2:])
            entries.append(Entry(info, first))
            spans.append((info.header_offset, first + info.compress_size))
    spans.sort()
    ends = [*(begin for begin, _ in spans[1:]), file.start_dir]
    if any(end > limit for (_, end), limit in zip(spans, ends, strict=True)):
        raise refusal("Files of the zip overlap, as only those do that are made to fill a disk.", "Do not use it.")
    return entries
