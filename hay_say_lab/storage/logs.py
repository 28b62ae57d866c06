"""Logs within a budget: the oldest lines go first."""

from __future__ import annotations

import os
from pathlib import Path

SHARE_KEPT = 0.5        # of the budget: a log is cut now and then, not line by line


def trim_logs(folder: Path, budget_bytes: int) -> int:
    """Cut the longest logs until all fit, each at a line's end, in place (their writers append). Returns bytes freed.

    What a writer adds in the very moment of the cut may be lost; a log is no record.
    """
    files = sorted(((file.stat().st_size, file) for file in folder.glob("*.log") if file.is_file()), reverse=True)
    total = sum(size for size, _ in files)
    if total <= budget_bytes or not files:
        return 0
    share = int(SHARE_KEPT * budget_bytes / len(files))
    return sum(_cut(file, share) for size, file in files if size > share)


def _cut(file: Path, keep_bytes: int) -> int:
    with file.open("r+b") as log:
        before = log.seek(0, os.SEEK_END)
        log.seek(before - keep_bytes)
        log.readline()                      # the rest of a line says nothing
        tail = log.read()
        log.seek(0)
        log.write(tail)
        log.truncate()
        return before - len(tail)
