"""What unpacking may take, counted while it happens, and where members go: files of our own names in one folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from hay_say_lab.library.refusal import refusal

MOST_MEMBERS = 2_000            # the largest packs of voices have some hundreds; to refuse more takes a second
LONGEST_LABEL = 200             # characters
_SUFFIX = re.compile(r"\.[a-z0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Limits:
    """`total_bytes`: of everything unpacked. `ratio`: unpacked over packed; what is `free_bytes` in all may be packed as it likes.

    Weights pack by a tenth; configurations in text by twenty. Bombs begin at a thousand.
    """

    total_bytes: int = 32 << 30
    ratio: float = 100.0
    free_bytes: int = 64 << 20
    entries: int = MOST_MEMBERS


@dataclass(frozen=True, slots=True)
class Member:
    """A file that came out of an archive: its name here, and what it was called there."""

    name: str
    label: str
    bytes: int


@dataclass(slots=True)
class Unpacking:
    """One archive on its way into a folder that is empty at first. A `dry` one only counts: nothing is written."""

    into: Path
    packed_bytes: int
    limits: Limits = field(default_factory=Limits)
    members: list[Member] = field(default_factory=list)
    entries: int = 0
    dry: bool = False
    _bytes: int = 0

    def enter(self) -> None:
        """One more entry of whatever kind."""
        self.entries += 1
        if self.entries > self.limits.entries:
            raise refusal(f"The archive has more than {self.limits.entries} entries.", "Take the voice's own files out of it.")

    def announce(self, count: int) -> None:
        """An archive tells how much will come in all: refused before a byte is read, if it is too much."""
        self._check(self._bytes + count)

    @contextmanager
    def member(self, told_name: str) -> Iterator[Counted]:
        """A file to write the next member into. What it is called there is a label, and never a path."""
        if self.dry:
            yield Counted(self, None)
            return
        label = clean_label(told_name)
        found = _SUFFIX.fullmatch(Path(label).suffix.lower())
        name = f"{len(self.members):05d}{found[0] if found else ''}"
        with (self.into / name).open("xb") as file:
            counted = Counted(self, file)
            yield counted
        self.members.append(Member(name, label, counted.written))

    def count(self, count: int) -> None:
        self._bytes += count
        self._check(self._bytes)

    def _check(self, total: int) -> None:
        if total > self.limits.total_bytes:
            message = f"The archive unpacks to more than {self.limits.total_bytes >> 20} MB."
            raise refusal(message, "Take the voice's own files out of it.")
        if total > max(self.limits.free_bytes, self.limits.ratio * self.packed_bytes):
            message = f"The archive unpacks to more than {self.limits.ratio:g} times its size, as only bombs do."
            raise refusal(message, "Do not use it.")


@dataclass(slots=True)
class Counted:
    """A member's file; every byte counts."""

    unpacking: Unpacking
    file: BinaryIO | None
    written: int = 0

    def write(self, content: bytes) -> None:
        self.unpacking.count(len(content))
        self.written += len(content)
        if self.file is not None:
            self.file.write(content)


def clean_label(told: str) -> str:
    """What people are shown of a name that a stranger chose: no control characters, no way up, no end in sight."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else "?" for c in told.replace("\\", "/"))
    parts = [part for part in plain.split("/") if part not in ("", ".", "..")]
    return "/".join(parts)[-LONGEST_LABEL:].lstrip("/") or "unnamed"
