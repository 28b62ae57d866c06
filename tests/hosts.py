"""Ending the host of a data home at the end of a test, as an operator would."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from hay_say_lab.domain.host import process_alive, read_record


def end_host(home: Path, seconds: float = 15.0) -> None:
    """SIGTERM, then wait until it is gone; nothing where there is none."""
    record = read_record(home)
    if record is None or not process_alive(record.pid):
        return
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while process_alive(record.pid):
        assert time.monotonic() < deadline, "the host did not end"
        time.sleep(0.02)
