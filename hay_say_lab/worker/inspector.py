"""`python -m hay_say_lab.worker.inspector PATH SHA256 LABEL FFMPEG`: facts of a stranger's file, found in a limited child.

FFMPEG is the program's path, empty where there is none. Prints one JSON document, {"facts": ...} or {"error": ...}; a
file that breaks the decoder breaks this process alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from hay_say_lab.audio.inspection import inspect
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import LabError
from hay_say_lab.worker.foreign import opener
from hay_say_lab.worker.platform import die_with_parent, limit_self

MEMORY_MB = 1024
CPU_SECONDS = 120


def main(arguments: list[str]) -> int:
    path, sha256, label, program = arguments
    die_with_parent(os.getppid())
    import numpy  # noqa: F401  (loaded before the limits, which its libraries' threads would break)
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    limit_self(memory_mb=MEMORY_MB, cpu_seconds=CPU_SECONDS)
    try:
        answer = {"facts": _facts(Path(path), sha256, label, program).as_json()}
    except LabError as error:
        answer = {"error": error.as_json()}
    sys.stdout.write(json.dumps(answer))
    return 0


def _facts(path: Path, sha256: str, label: str, program: str) -> ClipFacts:
    return inspect(path, sha256, label, opener(Path(program) if program else None))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
