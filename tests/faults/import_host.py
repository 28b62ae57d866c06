"""A real host that kills itself (SIGKILL) at a step on the disk of an import, as often as the test asks for it.

`python -m tests.faults.import_host CONTROL --home DIR`: while the file CONTROL holds a number, each file opened for writing,
rename, link, folder and removal below the home's imports, voices and registry counts; behind that many the host dies.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

STEPS = frozenset({"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"})
ROOMS = ("imports", "voices", "registry")


def watch(control: Path, home: Path) -> None:
    places = tuple(f"{home}/{room}" for room in ROOMS)
    done = [0]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
                return
        elif event in STEPS:
            path = arguments[0]
        else:
            return
        if not str(path).startswith(places):
            return
        with contextlib.suppress(FileNotFoundError, ValueError):
            wanted = int(os.readlink(control))          # a link is read without an event of its own
            done[0] += 1
            if done[0] > wanted:
                os.unlink(control)
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    from hay_say_lab.host.__main__ import main

    watch(Path(sys.argv[1]), Path(sys.argv[3]))
    sys.exit(main(sys.argv[2:]))
