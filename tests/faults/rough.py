"""The rough disk and the jumping clock: `rough_disk.c`, compiled by the system's compiler and steered while hosts run."""

from __future__ import annotations

import ctypes
import errno
import mmap
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

PLACES = ("database", "objects", "registry", "scratch", "logs", "uploads", "home")
ERRORS = {"full": errno.ENOSPC, "read-only": errno.EROFS}


class Control(ctypes.Structure):
    """As `struct control`."""

    _fields_ = [
        ("home", ctypes.c_char * 512),
        ("last", ctypes.c_char * 512),
        *((name, ctypes.c_int64) for name in ("error", "places", "nth", "seen", "felt", "delay_us", "delayed", "jump_s", "asked")),
        ("grows", ctypes.c_int64 * len(PLACES)),
        ("changes", ctypes.c_int64 * len(PLACES)),
    ]


class RoughDisk:
    """Of one data home. Whoever is started with `environment` lives on it; nothing is rough before somebody says so."""

    def __init__(self, library: Path, home: Path) -> None:
        """`library` as `built` left it; whoever gives the same one steers the same disk."""
        self.library = library
        with control_of(library).open("r+b") as file:
            self._control = Control.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(Control)))
        self._control.home = str(home.resolve()).encode()

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library)}

    # What is done to it.

    def refuse(self, error: str, places: Iterable[str] = PLACES, nth: int = 0) -> None:
        """From now on the disk is 'full' or 'read-only' at these places; `nth`: only the nth call from now on fails."""
        self.lift()
        self._control.places = sum(1 << PLACES.index(place) for place in places)
        self._control.nth, self._control.seen, self._control.felt = nth, 0, 0
        self._control.error = ERRORS[error]

    def slow(self, seconds: float) -> None:
        """Each write and sync takes so much longer."""
        self._control.delayed = 0
        self._control.delay_us = round(1e6 * seconds)

    def jump(self, seconds: int) -> None:
        """The clock of the wall is off by so much; the monotonic one is as it was."""
        self._control.asked = 0
        self._control.jump_s = seconds

    def lift(self) -> None:
        """All is well again; what was felt can still be asked."""
        self._control.error = self._control.delay_us = self._control.jump_s = 0

    # What was felt of it.

    @property
    def felt(self) -> int:
        """Calls that failed since `refuse`."""
        return int(self._control.felt)

    @property
    def last(self) -> str:
        """The call that failed last, and its path."""
        return self._control.last.decode(errors="replace")

    @property
    def delayed(self) -> int:
        """Calls that took longer since `slow`."""
        return int(self._control.delayed)

    @property
    def asked(self) -> int:
        """How often somebody looked at the clock while it was off."""
        return int(self._control.asked)

    def calls(self, error: str) -> dict[str, int]:
        """How many calls so far might have failed with this error, by place."""
        counts = self._control.grows if error == "full" else self._control.changes
        return dict(zip(PLACES, map(int, counts), strict=True))


def built(folder: Path) -> Path:
    """The library, compiled into a folder that lies outside of the data home."""
    compiler = shutil.which("cc")
    assert compiler is not None
    folder.mkdir(parents=True, exist_ok=True)
    library = folder.resolve() / "rough_disk.so"
    source = Path(__file__).with_name("rough_disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True)
    control_of(library).write_bytes(bytes(ctypes.sizeof(Control)))
    return library


def control_of(library: Path) -> Path:
    return library.with_name(f"{library.name}.control")


def can_be_built() -> bool:
    """Whether there is a C compiler."""
    return shutil.which("cc") is not None
