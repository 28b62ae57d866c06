"""A worker's out folder: empty when a stage begins; what lies there at its end is taken as from a stranger."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from hay_say_lab.errors import StorageFailed
from hay_say_lab.storage.objects import ObjectStore

NO_FILE = "a result is not a file of its own in its out folder"


def prepare_folder(folder: Path) -> None:
    """An empty out folder. Raises StorageFailed."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StorageFailed(f"The disk refused: {error.strerror}.", field="storage", fix="Free some space.") from None


def take_result(objects: ObjectStore, folder: Path, name: str) -> str:
    """Copy a result into the store while it is hashed; its sha256. Raises StorageFailed, ValueError for no file of its own.

    It is never moved: a worker may have kept the file open, and would write into the store through what it holds. The
    name is followed once only, so what is checked is what is read: no link, soft or hard, no pipe, no folder.
    """
    try:
        handle = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise ValueError(NO_FILE) from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        os.close(handle)
        raise ValueError(NO_FILE)
    with os.fdopen(handle, "rb") as file:
        return objects.copy_in(file)
