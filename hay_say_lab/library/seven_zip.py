"""7z archives, by py7zr where it is installed: members go into files of our own, and every byte counts."""

from __future__ import annotations

import importlib.util
import lzma
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hay_say_lab.library.refusal import NEW_COPY, refusal
from hay_say_lab.library.unpacking import Unpacking

LARGEST_HEADER = 4 << 20
INSTALL = "pip install 'hay-say-lab[archives]', or unpack it and bring the files."


def unpack_seven_zip(path: Path, unpacking: Unpacking) -> None:
    """Raises InvalidRequest: py7zr is missing, encrypted, links, damaged, more than its limits."""
    if importlib.util.find_spec("py7zr") is None:
        raise refusal("7z archives are read by py7zr, which is not installed here.", INSTALL)
    _check_head(path)
    import py7zr

    try:
        with py7zr.SevenZipFile(path) as archive:
            if archive.needs_password():
                raise refusal("The archive is encrypted.", "Unpack it with its password, and bring the files.")
            told = archive.list()
            _check_members(told, unpacking)
            _extract(archive, [info.filename for info in told if not info.is_directory], unpacking)
    except (py7zr.exceptions.ArchiveError, lzma.LZMAError, zlib.error, EOFError, ValueError, TypeError, KeyError, IndexError,
            AttributeError, AssertionError, OverflowError) as error:  # fmt: skip
        raise refusal(f"The archive is damaged, or packed in a way that is not read here ({type(error).__name__}).", NEW_COPY) from None


def _check_head(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(32)
    if len(head) < 32 or int.from_bytes(head[20:28], "little") > LARGEST_HEADER:
        raise refusal("The archive is damaged, or its directory is larger than any voice's.", NEW_COPY)


def _check_members(told: list[Any], unpacking: Unpacking) -> None:
    for info in told:
        unpacking.enter()
        if not (info.is_file or info.is_directory):
            raise refusal("The archive holds a link or a device, and only plain files are unpacked.", "Pack the voice's files anew.")
    names = [info.filename for info in told]
    if len(set(names)) != len(names):
        raise refusal("The archive holds a file twice.", "Pack it anew.")
    unpacking.announce(sum(info.uncompressed or 0 for info in told))


def _extract(archive: Any, names: list[str], unpacking: Unpacking) -> None:
    """py7zr asks for a place for every file, by its name, and writes there."""
    from py7zr.io import Py7zIO, WriterFactory

    with ExitStack() as members:

        class Place(Py7zIO):
            def __init__(self, told_name: str) -> None:
                self._member = members.enter_context(unpacking.member(told_name))

            def write(self, s: bytes | bytearray) -> int:
                self._member.write(bytes(s))
                return len(s)

            def read(self, size: int | None = None) -> bytes:
                return b""

            def seek(self, offset: int, whence: int = 0) -> int:
                return 0

            def flush(self) -> None:
                pass

            def size(self) -> int:
                return self._member.written

        class Places(WriterFactory):
            def create(self, filename: str) -> Place:
                return Place(filename)

        archive.extract(targets=names, factory=Places())
