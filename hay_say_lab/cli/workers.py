"""`hay-say workers`: who is warm, on which device, with how much memory; keeping one and ending one."""

from __future__ import annotations

import argparse
from typing import Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table
from hay_say_lab.cli.settings import whole_number
from hay_say_lab.cli.takes import refuse


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list the workers and the devices that they share", _declare_nothing),
        ("pin", "keep a worker: it is not ended for its memory or for being unused (operators)", _declare_worker),
        ("unpin", "let a pinned worker go when that is best (operators)", _declare_worker),
        ("eject", "end an idle worker now (operators)", _declare_worker),
    )
    actions(parser, verbs, default="list")


def _declare_nothing(parser: Parser) -> None:
    """It takes nothing but the options of every command."""


def _declare_worker(parser: Parser) -> None:
    parser.add_argument("worker", metavar="WORKER", help="its number, as 'workers list' shows it")


def run(options: argparse.Namespace, session: Session) -> Exit:
    board = session.lab.workers
    if options.verb == "list":
        found = board.all()
    else:
        number, problems = whole_number(options.worker, "worker")
        refuse(problems)
        act = {"pin": board.pin, "unpin": board.unpin, "eject": board.eject}[options.verb]
        found = act(number or 0)
    session.answer(found, f"{_workers(found['workers'])}\n\n{_devices(found['devices'])}")
    return Exit.DONE


def _workers(workers: list[dict[str, Any]]) -> str:
    rows = [
        (f"{row['id']}", row["worker"], row["device"], f"{row['memory_mb']:.0f}", _state(row), " ".join(row["voices"]))
        for row in workers
    ]
    return table(rows, ("WORKER", "KIND", "DEVICE", "MB", "STATE", "VOICES"))


def _state(row: dict[str, Any]) -> str:
    state = "at work" if row["busy"] else f"idle {row['idle_seconds']:.0f} s"
    return f"{state}, pinned" if row["pinned"] else state


def _devices(devices: list[dict[str, Any]]) -> str:
    rows = [
        (row["name"], row["title"], f"{row['total_mb']:.0f}", f"{row['budget_mb']:.0f}", f"{row['held_mb']:.0f}",
         f"{row['foreign_mb']:.0f}", f"{row['leaked_mb']:.0f}")
        for row in devices
    ]  # fmt: skip
    return table(rows, ("DEVICE", "NAME", "MB", "FOR WORKERS", "HELD", "OTHERS", "LEAKED"))


COMMAND = Command(
    name="workers",
    summary="list workers and devices, pin and eject workers",
    description="Workers stay warm with the voices they have loaded, until others need their memory or nobody has used them "
    "for a while. Show them, keep one, end one.",
    declare=declare,
    run=run,
    examples=("hay-say workers", "hay-say workers pin 2", "hay-say workers eject 2"),
)
