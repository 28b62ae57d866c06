"""Objects by sha256: written aside, synced, renamed; the same content is kept once."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.errors import ArtifactMissing
from hay_say_lab.storage.home import disk_refused, sync_folder

BLOCK_BYTES = 1 << 20


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
            aside.unlink(missing_ok=True)

    def publish(self, file: Path, sha256: str | None = None) -> str:
        """Sync a finished file, name it by its content, move it in. Returns the sha256. Raises StorageFailed."""
        try:
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
            sha256 = sha256 or hash_file(file)
            target = self.path(sha256)
            if target.is_file():
                file.unlink()
                return sha256
            target.parent.mkdir(exist_ok=True, mode=0o700)
            os.chmod(file, 0o600)
            os.replace(file, target)
            sync_folder(target.parent)
        except OSError as error:
            raise disk_refused(error) from error
        return sha256
