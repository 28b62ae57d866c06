"""The data home: every path that the host uses, in one place."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from hay_say_lab.errors import Fix, StorageFailed

# What a file system says that takes nothing more: full, over its quota, mounted read-only, failing.
OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


@dataclass(frozen=True, slots=True)
class Home:
    """`root` and what lies in it. `prepare` makes the folders, private to their owner."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "jobs.sqlite3"

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def audit_head(self) -> Path:
        """The newest hash of the audit log, kept aside."""
        return self.registry / "audit.json"

    @property
    def lab_key(self) -> Path:
        """The secret that this lab signs passports with; made when the first one is."""
        return self.root / "passport.key"

    @property
    def objects(self) -> Path:
        return self.root / "objects"

    @property
    def voices(self) -> Path:
        return self.root / "voices"

    def environment(self, name: str) -> Path:
        """Where an isolated interpreter lies, if there is one: `bin/python` inside."""
        return self.root / "environments" / name

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def scratch(self) -> Path:
        """Work in progress: uploads on their way in, out folders of workers, pieces of unfinished stages."""
        return self.root / "scratch"

    @property
    def leftovers(self) -> Path:
        """Finished pieces of cancelled jobs, by stage key; made when the first one is left."""
        return self.root / "leftovers"

    @property
    def uploads(self) -> Path:
        """Files on their way in that somebody may go on with."""
        return self.root / "uploads"

    @property
    def imports(self) -> Path:
        """Voices on their way in, a folder for each; made when the first one comes."""
        return self.root / "imports"

    def stage_folder(self, job: str, stage: int) -> Path:
        return self.scratch / job / str(stage)

    def voice_folder(self, voice: str) -> Path:
        return self.voices / voice.replace(":", "/")

    def asset_folder(self, asset: str) -> Path:
        return self.voices / ".assets" / asset

    def prepare(self) -> None:
        """Raises StorageFailed where the place cannot be written."""
        try:
            for folder in (self.root, self.registry, self.objects, self.voices, self.logs, self.scratch, self.uploads):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageFailed(
                f"The data home cannot be written: {error.strerror}.",
                field="HAY_SAY_HOME",
                fix="Set HAY_SAY_HOME to a folder that you may write.",
            ) from None

    def sweep_scratch(self, keep: set[str]) -> None:
        """Remove what no unfinished job (ids in `keep`) can go on with, and what a killed host had half written."""
        for entry in self.scratch.iterdir():
            if entry.name not in keep:
                remove(entry)
        for folder in (self.root, self.registry, self.objects):
            for aside in folder.glob(".*.part"):
                remove(aside)


def remove(path: Path) -> None:
    """Remove a file or a folder that nobody needs; what is already gone is fine.

    What the disk does not let go of (it may be read-only) stays: the next host sweeps it.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def make_folder(folder: Path) -> None:
    """A private folder, unless it is there. Raises StorageFailed."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise disk_refused(error) from error


def keep_private(file: Path) -> None:
    """Only its owner may read or write a file. Raises StorageFailed where the disk refuses to have it so."""
    try:
        if file.stat().st_mode & 0o777 != 0o600:
            os.chmod(file, 0o600)
    except OSError as error:
        raise disk_refused(error) from error


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write aside, sync, rename: a reader sees the old content or the new, never a part. Raises StorageFailed."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
        sync_folder(path.parent)
    except OSError as error:
        remove(aside)
        raise disk_refused(error) from error


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last (a folder cannot be synced on Windows, where renames last by themselves)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def disk_refused(error: OSError) -> StorageFailed:
    way_out = Fix("Free some disk space and try again.")
    return StorageFailed(f"The disk refused: {error.strerror or error}.", field="storage", fix=way_out)
