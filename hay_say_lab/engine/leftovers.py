"""Finished pieces of cancelled jobs: whoever asks for the same again goes on where the cancelled one stopped."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from hay_say_lab.domain.job import Job, State
from hay_say_lab.errors import LabError
from hay_say_lab.storage.home import Home, remove

log = logging.getLogger(__name__)

MOST_LEFT = 8                   # stages; how much they may hold is a budget of the data home (`domain.retention`)
SECONDS_LEFT = 24 * 3600.0


class Leftovers:
    """A folder of pieces for each stage, named by the key under which the stage's result would be kept.

    `key_of` gives that key for a job's present stage; None: the stage is not deterministic, so nothing of it is used again.
    """

    def __init__(self, home: Home, key_of: Callable[[Job], str | None]) -> None:
        self._home = home
        self._key_of = key_of

    def taken(self, job: Job, pieces: Path) -> None:
        """Let a job that begins its present stage have, as `pieces`, what a cancelled one left of it."""
        if job.request.fresh or pieces.exists() or not self._home.leftovers.exists():
            return
        key = self._key_of(job)
        if key is not None and (self._home.leftovers / key).exists():
            try:
                pieces.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.replace(self._home.leftovers / key, pieces)      # whoever comes second finds nothing
            except OSError as error:
                log.warning("pieces of an earlier job cannot be taken: %s", error.strerror)

    def cleared(self, job: Job) -> None:
        """An ended job leaves no temp file; a failed or quarantined one keeps its pieces for a retry of its own."""
        if job.state is State.CANCELLED:
            self._left(job)
        if job.state in (State.SUCCEEDED, State.CANCELLED):
            remove(self._home.scratch / job.id)

    def swept(self) -> None:
        """What is too old or too many goes, the oldest first."""
        found = self._home.leftovers.iterdir() if self._home.leftovers.exists() else ()
        for number, folder in enumerate(sorted(found, key=lambda folder: folder.stat().st_mtime, reverse=True)):
            old = time.time() - folder.stat().st_mtime > SECONDS_LEFT
            if old or number >= MOST_LEFT:
                remove(folder)

    def _left(self, job: Job) -> None:
        pieces = self._home.stage_folder(job.id, job.current) / "pieces"
        try:
            key = self._key_of(job) if pieces.exists() else None
        except LabError:
            return                                  # an input of the stage is gone
        if key is None:
            return
        try:
            self._home.leftovers.mkdir(mode=0o700, exist_ok=True)
            remove(self._home.leftovers / key)
            os.replace(pieces, self._home.leftovers / key)
            os.utime(self._home.leftovers / key)
        except OSError as error:
            log.warning("pieces of a cancelled job cannot be kept: %s", error.strerror)
        self.swept()
