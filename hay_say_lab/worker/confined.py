"""`python -m hay_say_lab.worker.confined PARENT MEMORY_MB CPU_SECONDS PROGRAM ...`: limits, no network, then PROGRAM.

It becomes the program: what is set here (limits, death with the parent, a network without anything in it) holds for it.
"""

from __future__ import annotations

import os
import sys

from hay_say_lab.worker.platform import die_with_parent, leave_network, limit_files, limit_self


def main(arguments: list[str]) -> None:
    parent, memory_mb, cpu_seconds, *program = arguments
    die_with_parent(int(parent))
    leave_network()
    limit_self(memory_mb=int(memory_mb), cpu_seconds=int(cpu_seconds))
    limit_files()
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
