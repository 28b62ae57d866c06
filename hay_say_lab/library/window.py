"""A part of a file that is read forwards and never past its end: lengths that a stranger wrote are asked here first."""

from __future__ import annotations

from typing import BinaryIO

from hay_say_lab.library.refusal import NEW_COPY, refusal

LONGEST_LINE = 1 << 16          # bytes


class Window:
    """`length` bytes of a file from `first` on. Both `read` and `readline` refuse what is not there."""

    def __init__(self, file: BinaryIO, first: int, length: int) -> None:
        self._file = file
        self._end = first + length
        self._at = first
        file.seek(first)

    @property
    def left(self) -> int:
        return self._end - self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes. Raises InvalidRequest where fewer are left."""
        if not 0 <= count <= self.left:
            raise refusal("The file ends in the middle, or lies about the length of its parts.", NEW_COPY)
        found = self._file.read(count)
        if len(found) != count:
            raise refusal("The file ends in the middle.", NEW_COPY)
        self._at += count
        return found

    def readline(self) -> bytes:
        """A line with its end."""
        found = self._file.readline(min(LONGEST_LINE, self.left))
        if not found.endswith(b"\n"):
            raise refusal("The file ends in the middle, or one of its lines has no end.", NEW_COPY)
        self._at += len(found)
        return found

    def skip(self, count: int) -> None:
        if not 0 <= count <= self.left:
            raise refusal("The file ends in the middle: some of its weights are missing.", NEW_COPY)
        self._at += count
        self._file.seek(self._at)
