"""Archives, unpacked without trust: no member chooses its place, nothing but plain files, and never more than the limits."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from hay_say_lab.library.containers import SEVEN_ZIP, TAR, ZIP, kind_of
from hay_say_lab.library.refusal import NEW_COPY, refusal
from hay_say_lab.library.seven_zip import unpack_seven_zip
from hay_say_lab.library.tarball import CHUNK, unpack_tar
from hay_say_lab.library.unpacking import Limits, Member, Unpacking
from hay_say_lab.library.zip_directory import open_zip

_READ_HERE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)


def unpack(path: Path, into: Path, limits: Limits | None = None) -> tuple[Member, ...]:
    """The files of an archive, in `into`, a folder that is made here. Raises InvalidRequest; what is there by then is of no use."""
    into.mkdir(mode=0o700, parents=True)
    unpacking = Unpacking(into, path.stat().st_size, limits or Limits())
    kind = kind_of(path)
    if kind == ZIP:
        _unpack_zip(path, unpacking)
    elif kind == TAR:
        unpack_tar(path, unpacking)
    elif kind == SEVEN_ZIP:
        unpack_seven_zip(path, unpacking)
    else:
        raise refusal("The file is no archive that is read here.", "Bring a zip, a tar, a 7z, or the files themselves.")
    return tuple(unpacking.members)


def _unpack_zip(path: Path, unpacking: Unpacking) -> None:
    with open_zip(path, unpacking.limits.entries) as (file, entries):
        for entry in entries:
            unpacking.enter()
            if entry.special:
                raise refusal("The zip holds a link or a device, and only plain files are unpacked.", "Pack the voice's files anew.")
            if entry.info.compress_type not in _READ_HERE:
                raise refusal("The zip is packed in a way that is not read here.", "Pack it anew in the common way (deflate).")
        unpacking.announce(sum(entry.bytes for entry in entries))
        for entry in entries:
            if not entry.folder:
                _copy(file, entry.info, unpacking)


def _copy(file: zipfile.ZipFile, info: zipfile.ZipInfo, unpacking: Unpacking) -> None:
    try:
        with file.open(info) as source, unpacking.member(info.filename) as member:
            while content := source.read(CHUNK):
                member.write(content)
                if member.written > info.file_size:
                    raise refusal("A file of the zip is larger than its directory tells.", "Do not use it.")
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise refusal(f"The zip is damaged ({str(error)[:80]}).", NEW_COPY) from None
