"""Files of voices and assets: each content lies once, read-only, and every voice has names of its own for it.

`.files/ab/<sha256>` is the content; a voice's folder holds hard links to it, or copies where the disk knows no hard links.
Who needs a content is for the registry's documents to say; nothing here counts.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.errors import InvalidRequest, LabError
from hay_say_lab.storage.home import disk_refused, remove, sync_folder
from hay_say_lab.storage.objects import BLOCK_BYTES, hash_file

READ_ONLY = 0o400
LONGEST_NAME = 128              # characters of a file's name
_NAME = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9._+-]{{0,{LONGEST_NAME - 2}}}[A-Za-z0-9_+-])?")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)      # on Windows, whatever ends them
_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


def is_file_name(text: str) -> bool:
    """Whether this can be a file's name in a voice's folder, on every system: no path, nothing hidden, no device."""
    return _NAME.fullmatch(text) is not None and _DEVICE.fullmatch(text) is None


class Weights:
    """`root` is the folder of all voices. Every step lasts once it has returned; a kill in between leaves whole files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = root / ".files"
        self._lock = threading.Lock()       # between two that bring the same content at once

    def path(self, sha256: str) -> Path:
        """Where a content lies or would lie. Raises InvalidRequest for what is no hash, so no path can be smuggled."""
        if not is_sha256(sha256):
            raise InvalidRequest(
                "That is not the name of a content.", field="sha256", fix="Give the 64 hex digits of a sha256."
            )
        return self._files / sha256[:2] / sha256

    def holds(self, sha256: str, size: int) -> bool:
        """Whether a content is there with its size in bytes; whether it is undamaged only its hash tells."""
        with contextlib.suppress(FileNotFoundError):
            return self.path(sha256).stat().st_size == size
        return False

    def put(self, file: Path, sha256: str) -> bool:
        """Move a finished file in. True where its content was not there, or lay there damaged.

        Raises InvalidRequest where it is no plain file or its content is not that of `sha256`, StorageFailed. The file is
        used up, except where something is raised.
        """
        target = self.path(sha256)
        try:
            alone = _checked(file, sha256)
            present = _identity(target)
            damaged = present is not None and hash_file(target) != sha256
            with self._lock:
                if (found := _identity(target)) is not None and not (damaged and found == present):
                    file.unlink()
                    return False
                self._make_room(target.parent)
                if not (alone and _moved(file, target)):
                    self._copied(file, target)
                    file.unlink()
            sync_folder(target.parent)
        except OSError as error:
            raise disk_refused(error) from error
        return True

    def adopt(self, file: Path, sha256: str) -> bool:
        """Let a file that stays where it is be the content, too. False where it holds something else. Raises StorageFailed."""
        target = self.path(sha256)
        try:
            _checked(file, sha256)
            with self._lock:
                if _identity(target) is None:
                    self._make_room(target.parent)
                    _link(file, target)
            sync_folder(target.parent)
        except InvalidRequest:
            return False
        except OSError as error:
            raise disk_refused(error) from error
        return True

    def drop(self, sha256: str) -> int:
        """Delete a content that nobody needs. Returns its bytes; 0 where it was not there. Raises StorageFailed."""
        target = self.path(sha256)
        try:
            with self._lock:
                size = target.stat().st_size
                target.unlink()
                with contextlib.suppress(OSError):      # other contents lie there
                    target.parent.rmdir()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise disk_refused(error) from error
        return size

    def lay_out(self, folder: Path, files: Mapping[str, str]) -> None:
        """Make the folder of these names (name -> sha256), whole or not at all; what lay there goes.

        Raises InvalidRequest for a name that is none, StorageFailed where the disk refuses or a content is not there.
        """
        for name in files:
            if not is_file_name(name):
                raise InvalidRequest(f"'{name[:80]}' cannot be a file's name.", field="files", fix="Use letters and digits.")
        aside = self._root / f".{secrets.token_hex(8)}.part"
        try:
            aside.mkdir(parents=True, mode=0o700)
            for name, sha256 in files.items():
                _link(self.path(sha256), aside / name)
            sync_folder(aside)
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            remove(folder)
            os.replace(aside, folder)
            sync_folder(folder.parent)
            sync_folder(self._root)
        except OSError as error:
            raise disk_refused(error) from error
        finally:
            remove(aside)

    def clear(self, folder: Path) -> None:
        """Take a folder of names away; the contents stay. Raises StorageFailed where something of it is left."""
        try:
            if os.path.lexists(folder):
                remove(folder)
            if os.path.lexists(folder):
                raise OSError(errno.EBUSY, "a file of the voice cannot be removed")
            if folder.parent != self._root:
                with contextlib.suppress(OSError):      # others lie there, or it was never made
                    folder.parent.rmdir()
            sync_folder(self._root)
        except OSError as error:
            raise disk_refused(error) from error

    def is_laid_out(self, folder: Path, files: Mapping[str, tuple[str, int]]) -> bool:
        """Whether a folder holds just these names (name -> sha256, bytes), each as a link to its content or as a copy."""
        try:
            present = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(folder)}
            return set(present) == set(files) and all(
                _same(present[name], self.path(sha256).stat(), size) for name, (sha256, size) in files.items()
            )
        except OSError:
            return False

    def copied_bytes(self, folder: Path, files: Mapping[str, str]) -> int:
        """What a folder holds beside the contents: bytes of copies, on a disk without hard links."""
        total = 0
        for name, sha256 in files.items():
            with contextlib.suppress(FileNotFoundError):
                if not os.path.samefile(folder / name, self.path(sha256)):
                    total += (folder / name).stat().st_size
        return total

    def links(self) -> bool:
        """Whether this disk knows hard links."""
        one, other = (self._root / f".{secrets.token_hex(8)}.part" for _ in range(2))
        try:
            one.touch()
            os.link(one, other)
        except OSError:
            return False
        finally:
            one.unlink(missing_ok=True)
            other.unlink(missing_ok=True)
        return True

    def sizes(self) -> dict[str, int]:
        """Every content on the disk: sha256 -> bytes; what is none is left out."""
        return dict(self._contents())

    def sweep(self) -> None:
        """Remove what a killed host had half written."""
        for folder in (self._root, self._files):
            for aside in folder.glob(".*.part"):
                remove(aside)

    def _contents(self) -> Iterator[tuple[str, int]]:
        for folder in self._files.iterdir() if self._files.is_dir() else ():
            for file in folder.iterdir() if folder.is_dir() else ():
                if is_sha256(file.name):
                    with contextlib.suppress(FileNotFoundError):
                        yield file.name, file.stat().st_size

    def _make_room(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700)
            sync_folder(self._files)
            sync_folder(self._root)

    def _copied(self, file: Path, target: Path) -> None:
        """Written aside, so that what lies under the name is whole."""
        aside = self._files / f".{secrets.token_hex(8)}.part"
        try:
            _copy(file, aside)
            os.replace(aside, target)
        finally:
            aside.unlink(missing_ok=True)


def _checked(file: Path, sha256: str) -> bool:
    """Read a file whole, make it last and read-only. True where it has no other name, so that it may be moved.

    Raises InvalidRequest where it is no plain file (links are not followed) or holds something else, OSError.
    """
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _no_plain_file() from None
        raise
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise _no_plain_file()
    with os.fdopen(handle, "rb") as opened:
        digest = hashlib.sha256()
        while block := opened.read(BLOCK_BYTES):
            digest.update(block)
        if digest.hexdigest() != sha256:
            raise InvalidRequest(
                f"The file's content is not what it was said to be ({sha256[:12]}...).", field="files", fix="Bring it again."
            )
        os.fsync(opened.fileno())
        if status.st_nlink == 1:
            os.chmod(file, READ_ONLY)
    return status.st_nlink == 1


def _no_plain_file() -> LabError:
    return InvalidRequest("A file of a voice is no plain file.", field="files", fix="Give the file itself, not a link.")


def _moved(file: Path, target: Path) -> bool:
    """False where it lies on another disk."""
    try:
        os.replace(file, target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    return True


def _link(source: Path, name: Path) -> None:
    """One more name of a file, or a copy of it."""
    try:
        os.link(source, name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(source, name)


def _copy(source: Path, target: Path) -> None:
    """A read-only copy that lasts."""
    with source.open("rb") as opened, target.open("xb") as written:
        shutil.copyfileobj(opened, written, BLOCK_BYTES)
        written.flush()
        os.fsync(written.fileno())
    os.chmod(target, READ_ONLY)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies under a name; None: none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _same(name: os.stat_result, content: os.stat_result, size: int) -> bool:
    linked = (name.st_dev, name.st_ino) == (content.st_dev, content.st_ino)
    copied = stat.S_ISREG(name.st_mode) and name.st_nlink == 1
    return (linked or copied) and name.st_size == content.st_size == size
