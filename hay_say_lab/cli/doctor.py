"""`hay-say doctor`: what is in order, what is not, how to mend it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path
from typing import Any

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session
from hay_say_lab.errors import Unavailable

LAST_LINES = 5          # of the host's log
LOG_BYTES = 4096


def declare(parser: Parser) -> None:
    """It takes nothing but the options of every command."""


def run(options: argparse.Namespace, session: Session) -> Exit:
    try:
        lines, status = session.lab.doctor(), Exit.DONE
    except Unavailable as unavailable:
        lines, status = _without_host(session, unavailable), Exit.NO_HOST
    session.answer({"lines": lines}, "\n".join(_line(line) for line in lines))
    return status if status or all(line["ok"] for line in lines) else Exit.FAILED


def _line(line: dict[str, Any]) -> str:
    mark = "ok   " if line["ok"] else "WRONG"
    mend = f"\n       {line['mend']}" if line["mend"] else ""
    return f"{mark}  {line['name']}: {line['finding']}{mend}"


def _without_host(session: Session, unavailable: Unavailable) -> list[dict[str, Any]]:
    """What can be told from here when no host answers: mostly why it does not."""
    from hay_say_lab.domain.host import data_home

    home = session.home or data_home()
    writable = os.access(next(place for place in (home, *home.parents) if place.exists()), os.W_OK)
    fixes = " ".join(problem.fix.label for problem in unavailable.problems)
    python_fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    found = [
        ("python", python_fits, platform.python_version(), "Use Python 3.11 to 3.13."),
        ("data home", writable, str(home), "Mend its permissions, or name another one with HAY_SAY_HOME."),
        ("host", False, unavailable.message, " ".join([fixes, *_log_end(home)])),
    ]
    return [{"name": n, "ok": ok, "finding": finding, "mend": "" if ok else mend} for n, ok, finding, mend in found]


def _log_end(home: Path) -> list[str]:
    try:
        with (home / "logs" / "host.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
            lines = log.read().decode(errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return []
    return ["Its log ends:", *(f"\n         {line}" for line in lines)]


COMMAND = Command(
    name="doctor",
    summary="tell what is in order, what is not, and how to mend it",
    description="Look at the system, Python, codecs, architectures, disk and host; each line is ok, or says what is wrong "
    "and how to mend it. Exit status 0 where all is well.",
    declare=declare,
    run=run,
)
