"""What a confined child is asked for, on its standard input, and what it answers, on its standard output: one JSON document each."""

from __future__ import annotations

import errno
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hay_say_lab.errors import InvalidRequest, LabError
from hay_say_lab.storage.home import disk_refused
from hay_say_lab.worker.confinement import Cell, Level, confine
from hay_say_lab.worker.platform import peak_mb

MOST_BYTES = 32 << 20           # of either document
WATCHED = ("torch", "numpy", "pickle", "socket")        # modules whose presence is told


def serve(work: Callable[[dict[str, Any]], Mapping[str, Any]], before: Callable[[dict[str, Any]], None] | None = None) -> int:
    """Read the order, shut this process in, do the work, answer. `before` imports what is ours, while files can be read.

    The answer is {"made": ...} or {"error": ...}, with {"level", "peak_mb", "modules", "cpu_seconds"}.
    """
    order: dict[str, Any] = json.loads(sys.stdin.buffer.read(MOST_BYTES))
    out = os.dup(1)
    os.dup2(2, 1)                       # what a library prints is no answer
    level: Level = "none"
    try:
        if before is not None:
            before(order)
        level = confine(_cell(order), int(order["parent"]), order["least"])
        answer: dict[str, Any] = {"made": work(order)}
    except LabError as error:
        answer = {"error": error.as_json()}
    except MemoryError:
        refused = InvalidRequest(
            f"The file takes more than the {order['memory_mb']} MB of memory that reading it is given.",
            field="file",
            fix="Ask its author for a safetensors file.",
        )
        answer = {"error": refused.as_json()}
    except OSError as error:
        answer = {"error": _disk(error, order).as_json()}
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer |= {
        "level": level,
        "peak_mb": round(peak_mb(), 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
        "modules": [name for name in WATCHED if name in sys.modules],
    }
    content = json.dumps(answer).encode()
    if len(content) > MOST_BYTES:
        refused = InvalidRequest("There is more in these files than an answer can hold.", field="file", fix="Bring fewer at once.")
        content = json.dumps({"error": refused.as_json(), "level": level}).encode()
    with os.fdopen(out, "wb") as stream:
        stream.write(content)
    return 0


def _disk(error: OSError, order: Mapping[str, Any]) -> LabError:
    """A file larger than this child may write is the stranger's doing; anything else is the disk's."""
    if error.errno != errno.EFBIG:
        return disk_refused(error)
    message = f"The files unpack to more than {order['file_mb']} MB."
    return InvalidRequest(message, field="file", fix="Take the voice's own files out of them.")


def _cell(order: Mapping[str, Any]) -> Cell:
    return Cell(
        read=tuple(map(Path, order["read"])),
        write=tuple(map(Path, order["write"])),
        memory_mb=int(order["memory_mb"]),
        cpu_seconds=int(order["cpu_seconds"]),
        file_mb=int(order["file_mb"]),
    )
