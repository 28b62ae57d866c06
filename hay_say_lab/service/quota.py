"""How much an owner may have sent: what is kept by its rows, what is under way by what was announced or has come."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hay_say_lab.errors import Full, StorageFailed, TooLarge

SETTING, FLOOR_SETTING = "HAY_SAY_QUOTA_MB", "HAY_SAY_FREE_DISK_MB"
FREE_DISK_MB = 256                  # that no upload takes: the database and results need it
MOST_UNDER_WAY = 64                 # uploads of one owner
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """`quota_bytes` of each owner, 0 for none; `floor_bytes` of the disk stay free."""

    quota_bytes: int = 0
    floor_bytes: int = FREE_DISK_MB * MEGABYTE

    @classmethod
    def from_environment(cls) -> Bounds:
        return cls(_megabytes(SETTING, 0), _megabytes(FLOOR_SETTING, FREE_DISK_MB))


@dataclass(slots=True)
class _UnderWay:
    reserved: int
    written: int = 0


@dataclass(slots=True)
class Quota:
    """All on the host's one loop: between looking and reserving nobody else looks.

    `kept` tells the bytes that an owner has sent and that are kept.
    """

    home: Path
    kept: Callable[[str], int]
    bounds: Bounds
    _under_way: dict[str, dict[str, _UnderWay]] = field(default_factory=dict)

    def reserve(self, owner: str, upload: str, total: int, written: int = 0) -> None:
        """From now on the upload counts with `total` bytes, of which `written` lie on the disk already.

        Raises TooLarge over the quota, StorageFailed under the disk's floor, Full; then it counts as before.
        """
        mine = self._under_way.setdefault(owner, {})
        before = mine.get(upload, _UnderWay(0))
        if upload not in mine and len(mine) >= MOST_UNDER_WAY:
            raise Full(
                f"You have {MOST_UNDER_WAY} uploads under way already.",
                field="clip",
                fix="Finish them, or take them back (DELETE /uploads/...).",
                retry_after_seconds=5.0,
            )
        self._check_quota(owner, total, sum(other.reserved for other in mine.values()) - before.reserved)
        self._check_disk(total - before.reserved)
        mine[upload] = _UnderWay(total, max(written, before.written))

    def restore(self, owner: str, upload: str, total: int, written: int) -> None:
        """An earlier host let it in."""
        self._under_way.setdefault(owner, {})[upload] = _UnderWay(total, written)

    def wrote(self, owner: str, upload: str, written: int) -> None:
        """So much of it lies on the disk by now, so the disk's free space knows of it."""
        if (entry := self._under_way.get(owner, {}).get(upload)) is not None:
            entry.written = written

    def release(self, owner: str, upload: str) -> None:
        """It was kept (its row counts now), or taken back."""
        mine = self._under_way.get(owner, {})
        mine.pop(upload, None)
        if not mine:
            self._under_way.pop(owner, None)

    def _check_quota(self, owner: str, more: int, under_way: int) -> None:
        most = self.bounds.quota_bytes
        if not most:
            return
        kept = self.kept(owner)
        if kept + under_way + more > most:
            raise TooLarge(
                f"You may send {most / MEGABYTE:.0f} MB; {kept / MEGABYTE:.1f} MB are kept, {under_way / MEGABYTE:.1f} MB are "
                f"under way, and this file needs {more / MEGABYTE:.1f} MB.",
                field="clip",
                fix=f"Send it as FLAC, or a part of it; free space with 'hay-say storage'; or have {SETTING} raised.",
            )

    def _check_disk(self, more: int) -> None:
        to_come = sum(entry.reserved - entry.written for mine in self._under_way.values() for entry in mine.values())
        free = shutil.disk_usage(self.home).free
        if free - to_come - more < self.bounds.floor_bytes:
            raise StorageFailed(
                f"The disk has {free / MEGABYTE:.0f} MB free, of which {to_come / MEGABYTE:.0f} MB are promised and "
                f"{self.bounds.floor_bytes / MEGABYTE:.0f} MB stay free; {more / MEGABYTE:.1f} MB more do not fit.",
                field="storage",
                fix="Free some disk space and send it again.",
            )


def _megabytes(setting: str, default: int) -> int:
    """Raises StorageFailed for a setting that is no number: a quota is never dropped silently."""
    text = os.environ.get(setting) or str(default)
    if not text.isdecimal():
        raise StorageFailed(f"{setting} is '{text}'.", field=setting, fix="Give whole megabytes.")
    return int(text) * MEGABYTE
