"""The host's log: one JSON object a line, with a closed list of fields, so that nothing else ever gets into it."""

from __future__ import annotations

import json
import logging
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hay_say_lab import __version__
from hay_say_lab.domain.canonical import new_id

# What a line may hold. A logger adds fields by `extra={...}`; a name that is not here is dropped.
FIELDS = (
    "ts", "level", "event", "message", "service", "version", "boot_id", "job", "stage", "attempt", "token", "lane",
    "architecture", "device", "state_from", "state_to", "duration_ms", "error_class", "error_id", "traceback",
    "trace_id", "span_id",
)  # fmt: skip
SERVICE = "hay-say-host"
LONGEST_MESSAGE = 2000


class JsonLines(logging.Formatter):
    """Frames of a traceback without the error's own message, which may hold what a person typed."""

    def __init__(self) -> None:
        super().__init__()
        self._always = {"service": SERVICE, "version": __version__, "boot_id": _boot_id()}

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, Any] = {
            "ts": at,
            "level": record.levelname.lower(),
            "event": record.name.removeprefix("hay_say_lab."),
            "message": record.getMessage()[:LONGEST_MESSAGE],
            **self._always,
        }
        line |= {name: getattr(record, name) for name in FIELDS if name not in line and hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error_class"] = record.exc_info[0].__name__
            line["traceback"] = "".join(traceback.format_tb(record.exc_info[2]))
        return json.dumps(line, ensure_ascii=False, default=str)


def log_in_json(level: int = logging.INFO) -> None:
    """To standard error, which whoever starts a host sends into its log file."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _boot_id() -> str:
    """The machine's boot, so that lines of before and after a crash can be told apart; else one for this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{os.getpid()}-{new_id()}"
