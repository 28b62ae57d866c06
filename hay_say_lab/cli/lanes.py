"""`hay-say lanes`: how many jobs wait in each lane, and stopping one for a while."""

from __future__ import annotations

import argparse
from typing import Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list the lanes", _declare_nothing),
        ("pause", "start nothing more of a lane, until it is resumed (operators)", _declare_lane),
        ("resume", "let a paused lane go on (operators)", _declare_lane),
    )
    actions(parser, verbs, default="list")


def _declare_nothing(parser: Parser) -> None:
    """It takes nothing but the options of every command."""


def _declare_lane(parser: Parser) -> None:
    parser.add_argument("lane", metavar="LANE", help="its name, as 'lanes list' shows it")


def run(options: argparse.Namespace, session: Session) -> Exit:
    board = session.lab.lanes
    if options.verb == "pause":
        found = board.pause(options.lane)
    elif options.verb == "resume":
        found = board.resume(options.lane)
    else:
        found = board.all()
    rows = [(row["lane"], f"{row['weight']}", f"{row['waiting']}", _state(row)) for row in found["lanes"]]
    leaving = f"{found['leaving_per_minute']:g} jobs leave a minute."
    session.answer(found, f"{table(rows, ('LANE', 'WEIGHT', 'WAITING', 'STATE'))}\n{leaving}")
    return Exit.DONE


def _state(row: dict[str, Any]) -> str:
    return f"paused by {row['paused_by']} at {row['paused_at']}" if row["paused"] else "open"


COMMAND = Command(
    name="lanes",
    summary="list lanes, pause and resume them",
    description="Jobs wait in lanes; each gets its share of the machine by its weight. Show them, stop one, let it go on.",
    declare=declare,
    run=run,
    examples=("hay-say lanes", "hay-say lanes pause batch", "hay-say lanes resume batch"),
)
