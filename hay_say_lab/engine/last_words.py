"""The end of what a stage wrote to its standard error: kept with a job that failed, redacted before anybody sees it."""

from __future__ import annotations

import os
from pathlib import Path

from hay_say_lab.engine.order import Order
from hay_say_lab.engine.redaction import redact

TAIL_BYTES = 4096


def last_words(path: Path, home: Path, order: Order | None = None, since: int = 0) -> str:
    """The tail of a log behind `since` bytes, without secrets, paths and what the order's request says."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(handle, "rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(since, end - TAIL_BYTES))
        text = log.read(TAIL_BYTES).decode(errors="replace")
    return redact(text, home, _written(order)).strip()


def _written(order: Order | None) -> list[str]:
    """What a person wrote in the request of a stage."""
    if order is None:
        return []
    body = [str(order.text["body"])] if order.text else []
    return body + [value for value in order.settings.values() if isinstance(value, str)]
