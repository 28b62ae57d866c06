"""Objects by sha256: written aside, synced, renamed; the same content is kept once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.errors import ArtifactMissing
from hay_say_lab.storage.home import disk_refused, remove, sync_folder

BLOCK_BYTES = 1 << 20
MOST_FRESH = 10_000
FRESH_SECONDS = 600.0       # within which whoever published an object writes the row that needs it


def hash_file(path: Path) -> str:
    """sha256 of a file's content, 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


class ObjectStore:
    """A folder `ab/<sha256>` for each object. `publish` moves a finished file in; it must lie on the same disk."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()           # between who publishes and who removes
        self._fresh: dict[str, float] = {}      # published a moment ago (monotonic seconds): its row may not be written yet

    def path(self, sha256: str) -> Path:
        """Where an object lies or would lie. Raises ArtifactMissing for what is no hash, so no path can be smuggled."""
        if not is_sha256(sha256):
            raise ArtifactMissing(
                "That is not the name of an object.", field="sha256", fix="Give the 64 hex digits of a sha256."
            )
        return self._root / sha256[:2] / sha256

    def holds(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def open_path(self, sha256: str) -> Path:
        """The path of an object that is there. Raises ArtifactMissing."""
        path = self.path(sha256)
        if not path.is_file():
            raise ArtifactMissing(
                f"The object {sha256[:12]}... is not in the store.", field="sha256", fix="Run its recipe again."
            )
        return path

    def copy_in(self, source: BinaryIO) -> str:
        """Copy an open file in, named by what was copied. Returns the sha256. Raises StorageFailed; nothing is left then."""
        aside = self._root / f".{secrets.token_hex(8)}.part"
        digest = hashlib.sha256()
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                while block := source.read(BLOCK_BYTES):
                    digest.update(block)
                    target.write(block)
            return self.publish(aside, digest.hexdigest())
        except OSError as error:
            raise disk_refused(error) from error
        finally:
            remove(aside)

    def publish(self, file: Path, sha256: str | None = None) -> str:
        """Sync a finished file, name it by its content, move it in. Returns the sha256. Raises StorageFailed."""
        try:
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
            sha256 = sha256 or hash_file(file)
            target = self.path(sha256)
            with self._lock:
                self._mark_fresh(sha256)
                if target.is_file():
                    os.utime(target)
                    file.unlink()
                else:
                    target.parent.mkdir(exist_ok=True, mode=0o700)
                    os.chmod(file, 0o600)
                    os.replace(file, target)
            sync_folder(target.parent)          # also of one that was there: whoever moved it in may have failed at this
        except OSError as error:
            raise disk_refused(error) from error
        return sha256

    def touch(self, sha256: str) -> None:
        """It was used again: retention takes the longest unused first."""
        with contextlib.suppress(OSError):          # gone, or on a disk that takes nothing: it is as old as it looks
            os.utime(self.path(sha256))

    def remove(self, sha256: str) -> bool:
        """Delete a file that no row names. False where it was published again a moment ago: somebody needs it.

        Raises StorageFailed where the disk does not let go of it.
        """
        with self._lock:
            if time.monotonic() - self._fresh.get(sha256, -FRESH_SECONDS) < FRESH_SECONDS:
                return False
            try:
                self.path(sha256).unlink(missing_ok=True)
            except OSError as error:
                raise disk_refused(error) from error
            return True

    def _mark_fresh(self, sha256: str) -> None:
        """Under the lock. What is old is forgotten now and then, so that the table does not grow with the days."""
        now = time.monotonic()
        self._fresh[sha256] = now
        if len(self._fresh) > MOST_FRESH:
            self._fresh = {name: at for name, at in self._fresh.items() if now - at < FRESH_SECONDS}

    def files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Every object on disk with its status, in no order; what is no object is left out."""
        for folder in self._root.iterdir():
            if not folder.is_dir():
                continue
            for file in folder.iterdir():
                if is_sha256(file.name):
                    with contextlib.suppress(FileNotFoundError):
                        yield file.name, file.stat()
