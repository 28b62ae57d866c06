"""`hay-say`: the command line, a client of a host like all others. One command a file."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from hay_say_lab.cli.exits import Exit, exit_of
from hay_say_lab.cli.session import Interrupted, Session
from hay_say_lab.errors import InvalidRequest, LabError, StorageFailed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status (`exits.MEANINGS`). Errors are sentences; tracebacks go to the log."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")       # a terminal that lacks a letter shows its number
    session = Session(as_json="--json" in words)
    try:
        status = _perform(words, session)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_gone()
    return int(status)


def _perform(words: list[str], session: Session) -> Exit:
    try:
        return _run(words, session)
    except LabError as error:
        session.complain(error)
        return exit_of(error)
    except Interrupted as interrupted:
        session.told_interrupt(interrupted)
        return Exit.INTERRUPTED
    except KeyboardInterrupt:
        session.told_interrupt(Interrupted())
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as refused:
        session.complain(StorageFailed(f"{refused.strerror or refused}: {refused.filename or 'no file is named'}."))
        return Exit.FAILED
    except Exception:  # noqa: BLE001   a fault of ours: people get a sentence, the log gets the rest
        session.complain(LabError("Something went wrong inside hay-say.", fix=f"Look into {_logged(session)}."))
        return Exit.FAILED


def _run(words: list[str], session: Session) -> Exit:
    from hay_say_lab.cli.parser import build_parser

    parser = build_parser()
    options = parser.parse_args(words)
    if options.home is not None:
        session.home = Path(options.home).expanduser().absolute()
    if options.command is None:
        parser.print_help(sys.stderr)
        raise InvalidRequest("Name a command.", field="command", fix="For example: hay-say say 'Hello.'")
    with session.telling_warnings():
        return options.command.run(options, session)


def _logged(session: Session) -> Path:
    """Write the traceback of the exception at hand into the data home's log; where it is."""
    from hay_say_lab.domain.host import data_home

    path = (session.home or data_home()) / "logs" / "hay-say.log"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a", encoding="utf-8") as log:
        log.write(traceback.format_exc())
    return path


def _reader_gone() -> int:
    """Whoever read our output ended. Python would complain at its own end when it flushes what is left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.READER_GONE)
