"""Files and folders of this machine: what may belong to a voice is copied; nothing is read through a link out of order."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from hay_say_lab.errors import FetchStopped, InvalidRequest, TooLarge
from hay_say_lab.library.plan import is_wanted

MOST_FILES = 1000
MOST_ENTRIES = 20_000
MOST_BYTES = 64 << 30
BLOCK_BYTES = 1 << 22


def place_of(source: str) -> Path:
    """An absolute path that is there. Raises InvalidRequest."""
    path = Path(source)
    if "\0" in source or not path.is_absolute():
        raise InvalidRequest(
            f"'{source[:120]}' is no source.",
            field="source",
            fix="Give an absolute path, an https address, hf:owner/repository, haysay:CATALOGUE#NAME or upload:ID.",
        )
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise InvalidRequest(
            f"'{source[:200]}' cannot be read: {error.strerror}.", field="source", fix="Check the path; it is one of the host's machine."
        ) from None
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise InvalidRequest(f"'{source[:200]}' is neither a file nor a folder.", field="source", fix="Check the path.")
    return path


def files_of(place: Path) -> list[tuple[Path, str]]:
    """(file, its path inside) of what may belong to a voice, by name. Links to files are followed, links to folders are not.

    Raises InvalidRequest, TooLarge.
    """
    if place.is_file():
        return [(place, place.name)]
    found = sorted(_walk(place), key=lambda pair: pair[1])
    if len(found) > MOST_FILES:
        raise InvalidRequest(
            f"'{place.name}' holds more than {MOST_FILES} files that may belong to voices.", field="source", fix="Name the folder of one voice."
        )
    size = sum(path.stat().st_size for path, _ in found)
    if size > MOST_BYTES:
        raise TooLarge(f"'{place.name}' holds {size >> 30} GB.", field="source", fix="Name the folder of one voice.")
    if not found:
        raise InvalidRequest(f"'{place.name}' holds nothing of a voice.", field="source", fix="Check the path.")
    return found


def _walk(place: Path) -> Iterator[tuple[Path, str]]:
    seen = 0
    for folder, folders, names in os.walk(place):
        folders.sort()
        seen += len(folders) + len(names)
        if seen > MOST_ENTRIES:
            raise InvalidRequest(
                f"'{place.name}' holds more than {MOST_ENTRIES} entries.", field="source", fix="Name the folder of one voice."
            )
        for name in names:
            path = Path(folder, name)
            inner = path.relative_to(place).as_posix()
            if is_wanted(inner) and path.is_file():         # no pipe, no device, no broken link
                yield path, inner


def copy(file: Path, to: Path, stop: threading.Event) -> None:
    """A copy of our own that lasts: who changes the original later changes nothing here. Raises FetchStopped, OSError."""
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = to.with_name(f"{to.name}.part")
    with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as source, aside.open("wb") as target:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise InvalidRequest(f"'{file.name}' is no plain file.", field="source", fix="Check the path.")
        while block := source.read(BLOCK_BYTES):
            if stop.is_set():
                raise FetchStopped("The import was stopped.")
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    os.replace(aside, to)


def link_or_copy(file: Path, to: Path, stop: threading.Event) -> None:
    """For files that lie in our own folders and that nobody changes."""
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.link(file, to)
    except FileExistsError:
        return
    except OSError:
        copy(file, to, stop)
