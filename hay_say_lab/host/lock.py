"""The file lock that decides who hosts. Nothing heavy is imported before it is held."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from hay_say_lab.client.hosting import answers
from hay_say_lab.domain.host import lock_path, read_record
from hay_say_lab.storage.home import disk_refused

SECONDS_TO_TAKE = 15.0
SECONDS_BETWEEN_TRIES = 0.02


class AlreadyHosted(Exception):
    """Another host holds the lock and answers."""


def take(home: Path) -> int:
    """Hold the lock until the process ends; returns its descriptor. Waits behind a host that is closing.

    Raises AlreadyHosted where one answers, TimeoutError where one neither answers nor leaves, StorageFailed.
    """
    try:
        descriptor = os.open(lock_path(home), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise disk_refused(error) from error
    deadline = time.monotonic() + SECONDS_TO_TAKE
    while not _try(descriptor):
        if _answers(home):
            raise AlreadyHosted
        if time.monotonic() > deadline:
            raise TimeoutError("another process holds host.lock and does not answer")
        time.sleep(SECONDS_BETWEEN_TRIES)
    return descriptor


def _try(descriptor: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _answers(home: Path) -> bool:
    """Whether the host that host.json names is there and its door is open."""
    record = read_record(home)
    return record is not None and answers(record)
