"""Room for sound that is longer than memory should be: arrays that lie in files without a name.

A short array lies in memory. A longer one is a map of a file in the stage's own folder: it behaves like any array,
and the system may write it out instead of keeping it, so a process's own memory stays flat however long the sound
is. The file has no name: nothing is left behind, however a process ends.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal
from weakref import WeakSet

from hay_say_lab.errors import StorageFailed

if TYPE_CHECKING:
    import numpy

SHORT_BYTES = 1 << 19               # up to this an array lies in memory: 8 s of float32 at 16 kHz
BLOCK_SAMPLES = 1 << 16             # a step of what walks over a whole clip: 4 s at 16 kHz, so that 10 s fill it

_WALKED_SAMPLES = 1 << 23           # 32 MiB of float32: pages of mapped files that pile up behind a walk

_maps: WeakSet[mmap.mmap] = WeakSet()       # whose pages may be let go
_folder: ContextVar[Path | None] = ContextVar("scratch_folder", default=None)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Long arrays made within lie in `folder`; elsewhere they lie where temporary files do. No sample depends on it."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def zeros(shape: int | tuple[int, ...], dtype: str = "float32", folder: Path | None = None) -> numpy.ndarray:
    """A writable array of zeros. Raises StorageFailed where the disk has no room for it."""
    import numpy

    count = math.prod(shape) if isinstance(shape, tuple) else shape
    size = count * numpy.dtype(dtype).itemsize
    if size <= SHORT_BYTES:
        return numpy.zeros(shape, dtype)
    with _nameless(folder) as file:
        _reserve(file, size)
        return _mapped(file, size, dtype).reshape(shape)


def copied(samples: numpy.ndarray) -> numpy.ndarray:
    """A writable float32 copy of samples (N,)."""
    copy = zeros(len(samples))
    for start, end in blocks(len(samples)):
        copy[start:end] = samples[start:end]
    return copy


def padded(
    samples: numpy.ndarray, before: int, after: int, mode: Literal["constant", "reflect"] = "constant"
) -> numpy.ndarray:
    """Samples (N,) float32 with what `numpy.pad` puts around them: (before + N + after,)."""
    import numpy

    if len(samples) <= max(before, after):
        return numpy.pad(samples, (before, after), mode=mode)
    wide = zeros(before + len(samples) + after)
    for start, end in blocks(len(samples)):
        wide[before + start : before + end] = samples[start:end]
    if mode == "reflect":
        wide[:before] = samples[before:0:-1]
        wide[before + len(samples) :] = samples[len(samples) - 1 - after : -1][::-1]
    return wide


def blocks(count: int, most: int = BLOCK_SAMPLES) -> Iterator[tuple[int, int]]:
    """(start, end) of consecutive blocks that cover `count` samples; pages behind them are let go now and then."""
    walked = 0
    for start in range(0, count, most):
        yield start, min(start + most, count)
        walked += most
        if walked >= _WALKED_SAMPLES:
            let_go()
            walked = 0


def view(file: IO[bytes], dtype: str, count: int, start_byte: int = 0) -> numpy.ndarray:
    """(count,) of a file that is open for reading, as it lies there; it stays when the file is closed. Read-only."""
    import numpy

    found = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    _maps.add(found)
    return numpy.frombuffer(found, dtype, count, start_byte)


def let_go() -> None:
    """Let the system have back the pages of all arrays that lie in files: who reads on fetches them again.

    What has been worked on would else count as this process's until the array ends. Costs microseconds.
    """
    if hasattr(mmap, "MADV_DONTNEED"):
        for found in list(_maps):
            found.madvise(mmap.MADV_DONTNEED)


class Tape:
    """Samples that come block by block, nobody knows how many."""

    def __init__(self, folder: Path | None = None) -> None:
        self._kept: list[numpy.ndarray] = []
        self._count = 0
        self._folder = folder
        self._file: IO[bytes] | None = None

    def append(self, samples: numpy.ndarray) -> None:
        """Add samples (n,). Raises StorageFailed where the disk has no room for them."""
        import numpy

        block = numpy.array(samples, dtype=numpy.float32)
        self._count += len(block)
        self._kept.append(block)
        if self._file is None and 4 * self._count > SHORT_BYTES:
            self._file = _nameless(self._folder)
        if self._file is not None:
            with _disk_told():
                for kept in self._kept:
                    self._file.write(kept.data)
            self._kept = []

    def samples(self) -> numpy.ndarray:
        """All of them (N,) float32; nothing is added after that."""
        import numpy

        if self._file is None:
            return numpy.concatenate([numpy.zeros(0, numpy.float32), *self._kept])
        with self._file as file, _disk_told():
            file.flush()
            return _mapped(file, 4 * self._count, "float32")


def _nameless(folder: Path | None) -> IO[bytes]:
    with _disk_told():
        return tempfile.TemporaryFile(dir=folder or _folder.get())


def _reserve(file: IO[bytes], size: int) -> None:
    """Blocks of the disk for the whole file: writing into a map where they are missing would kill the process."""
    with _disk_told():
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)


def _mapped(file: IO[bytes], size: int, dtype: str) -> numpy.ndarray:
    import numpy

    made = mmap.mmap(file.fileno(), size)
    _maps.add(made)
    return numpy.frombuffer(made, dtype)


@contextlib.contextmanager
def _disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"There is no room for the sound on the disk: {error.strerror}.", fix="Free some space, or use a shorter clip."
        ) from error
