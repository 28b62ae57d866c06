"""`hay-say serve`: the host in the foreground."""

from __future__ import annotations

import argparse
import os
import sys

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session
from hay_say_lab.cli.settings import whole_number
from hay_say_lab.cli.takes import refuse
from hay_say_lab.errors import Conflict, Fix, Problem

LARGEST_PORT = 65535


def declare(parser: Parser) -> None:
    parser.add_argument("--port", metavar="NUMBER", default="0", help="the port on loopback (default: any free one)")
    parser.add_argument(
        "--idle-seconds", metavar="SECONDS",
        help="end when nothing runs and nobody has called for so long (default: HAY_SAY_IDLE_SECONDS, else 600)",
    )  # fmt: skip


def run(options: argparse.Namespace, session: Session) -> Exit:
    """Does not return where a host starts: the process becomes it."""
    from hay_say_lab.client.hosting import Hosting

    port, problems = whole_number(options.port, "port")
    if port is not None and not 0 <= port <= LARGEST_PORT:
        problems.append(Problem("port", f"There is no port {port}.", Fix("Leave it out.")))
    idle, unread = whole_number(options.idle_seconds, "idle-seconds")
    if idle is not None and idle < 1:
        unread.append(Problem("idle-seconds", "A host must wait a second at least.", Fix("Use 600.")))
    refuse([*problems, *unread])
    hosting = Hosting(session.home)
    present = hosting.present()
    if present is not None:
        raise Conflict(
            f"A host serves {hosting.home} already, at {present.url}.", field="home", fix="Use it, or name another home."
        )
    environment = os.environ | ({"HAY_SAY_IDLE_SECONDS": str(idle)} if idle is not None else {})
    command = [sys.executable, "-P", "-m", "hay_say_lab.host", "--home", str(hosting.home), "--port", str(port)]
    session.tell(f"the host of {hosting.home} starts; Ctrl-C ends it")
    sys.stderr.flush()
    os.execve(sys.executable, command, environment)


COMMAND = Command(
    name="serve",
    summary="host a data home in the foreground",
    description="Become the host of the data home, in the foreground, with its log on standard error. Clients start a host "
    "by themselves; this is for looking at one, and for services. Ends with exit status 0 when it was idle for long enough.",
    declare=declare,
    run=run,
)
