"""`hay-say version`."""

from __future__ import annotations

import argparse
import platform

from hay_say_lab import __version__
from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session


def declare(parser: Parser) -> None:
    """It takes nothing but the options of every command."""


def run(options: argparse.Namespace, session: Session) -> Exit:
    from hay_say_lab.domain.code import core_version

    document = {"version": __version__, "code": core_version(), "python": platform.python_version()}
    session.answer(document, f"hay-say {__version__} (code {document['code'][:12]}, Python {document['python']})")
    return Exit.DONE


COMMAND = Command(
    name="version",
    summary="tell the version",
    description="Tell the version, the hash of the code, and the Python that runs it.",
    declare=declare,
    run=run,
)
