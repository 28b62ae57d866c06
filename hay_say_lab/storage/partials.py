"""Uploads on their way in, on disk: a record and the bytes that have come, which outlive a host."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hay_say_lab.errors import StorageFailed, UploadMissing
from hay_say_lab.storage.home import disk_refused, remove, write_atomically

log = logging.getLogger(__name__)

SECONDS_TO_GO_ON = 24 * 3600        # after the last byte; what nobody went on with is swept then


@dataclass(frozen=True, slots=True)
class Partial:
    """What was announced. `clip` is the sha256 of what it became: who did not hear so asks again.

    Of the kind 'voice' it stays as it is once it is `whole`, until it is imported or its day is over.
    """

    id: str
    owner: str
    bytes: int
    label: str
    sha256: str | None = None
    clip: str | None = None
    kind: str = "clip"                  # or 'voice'
    whole: bool = False


class Partials:
    """A folder with `<id>.json` and `<id>.part` for each. Ids are ours; whatever else is asked for is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, partial: Partial) -> Partial:
        """Raises StorageFailed; nothing is left behind then."""
        try:
            self.part(partial).touch(mode=0o600)
        except OSError as error:
            raise disk_refused(error) from error
        try:
            self._write(partial)
        except StorageFailed:
            self._remove(partial.id)
            raise
        return partial

    def get(self, owner: str, upload: str) -> Partial:
        """Raises UploadMissing: another's is as missing as none."""
        partial = _read(self._folder / f"{upload}.json") if upload.isalnum() else None
        if partial is not None and partial.owner == owner and not self._is_old(partial):
            return partial
        raise UploadMissing("There is no such upload.", field="upload", fix="Begin it anew (POST /uploads).")

    def all(self) -> Iterator[Partial]:
        """Those that can be gone on with; one that is too old, or half written, is removed on the way."""
        for record in sorted(self._folder.glob("*.json")):
            partial = _read(record)
            if partial is None or self._is_old(partial):
                self._swept(record.stem)
                continue
            if partial.clip is not None:
                remove(self.part(partial))          # the disk did not let go of it at its time
            yield partial
        for part in self._folder.glob("*.part"):
            if not part.with_suffix(".json").exists() and not part.name.startswith("."):
                remove(part)

    def held_bytes(self) -> dict[str, int]:
        """What has come so far, by owner; removes nothing."""
        held: dict[str, int] = {}
        for record in self._folder.glob("*.json"):
            partial = _read(record)
            if partial is not None and partial.clip is None:
                held[partial.owner] = held.get(partial.owner, 0) + self.received(partial)
        return held

    def received(self, partial: Partial) -> int:
        """How many bytes have come: all of them, where it became a clip."""
        try:
            return self.part(partial).stat().st_size
        except FileNotFoundError:
            return partial.bytes if partial.clip else 0

    def append(self, partial: Partial, chunk: bytes) -> None:
        """Raises StorageFailed; what had come before stays."""
        before = self.received(partial)
        try:
            with self.part(partial).open("ab") as file:
                file.write(chunk)
        except OSError as error:
            with contextlib.suppress(OSError):      # else the beginning of the chunk stays: whoever goes on is told so
                os.truncate(self.part(partial), before)
            raise disk_refused(error) from error

    def sync(self, partial: Partial) -> None:
        """What has come lasts, also where the machine loses its power."""
        try:
            with self.part(partial).open("rb") as file:
                os.fsync(file.fileno())
        except FileNotFoundError:
            pass                            # it became a clip, or was taken back, meanwhile
        except OSError as error:
            raise disk_refused(error) from error

    def became(self, partial: Partial, clip: str) -> None:
        """Its bytes were published; the record stays for who did not hear so."""
        self._write(replace(partial, clip=clip))
        remove(self.part(partial))

    def is_whole(self, partial: Partial, sha256: str) -> None:
        """All its bytes have come, and are those that were announced."""
        self._write(replace(partial, whole=True, sha256=sha256))

    def drop(self, partial: Partial) -> None:
        """Raises StorageFailed; then it is there as before, or without its bytes."""
        self._remove(partial.id)

    def part(self, partial: Partial) -> Path:
        return self._folder / f"{partial.id}.part"

    def _is_old(self, partial: Partial) -> bool:
        found = [self.part(partial), self._folder / f"{partial.id}.json"]
        changed = max((path.stat().st_mtime for path in found if path.exists()), default=0.0)
        return changed < time.time() - SECONDS_TO_GO_ON

    def _write(self, partial: Partial) -> None:
        write_atomically(self._folder / f"{partial.id}.json", json.dumps(asdict(partial)).encode())

    def _remove(self, name: str) -> None:
        try:
            for ending in ("part", "json"):
                (self._folder / f"{name}.{ending}").unlink(missing_ok=True)
        except OSError as error:
            raise disk_refused(error) from error

    def _swept(self, name: str) -> None:
        """The next sweep tries again."""
        try:
            self._remove(name)
        except StorageFailed as refused:
            log.warning("an upload that nobody went on with cannot be removed: %s", refused.message)


def _read(record: Path) -> Partial | None:
    try:
        document: dict[str, Any] = json.loads(record.read_bytes())
        return Partial(**document)
    except (OSError, ValueError, TypeError):
        return None
