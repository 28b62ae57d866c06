"""`hay-say audit`: who did what to the library, and whether anybody changed the log."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table
from hay_say_lab.domain.deed import ACTIONS


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list the newest rows", _declare_list),
        ("verify", "hold every row against its hash, and name those that were edited, deleted or cut off", lambda verb: None),
    )
    actions(parser, verbs, default="list")
    parser.set_defaults(action="", subject="", limit=50)


def _declare_list(parser: Parser) -> None:
    parser.add_argument("--action", choices=ACTIONS, default="", help="only rows that tell this")
    parser.add_argument("--subject", metavar="ID", default="", help="only rows of this voice, asset, preset or job")
    parser.add_argument("--limit", type=int, default=50, metavar="ROWS", help="how many (1..500; default 50)")


def run(options: argparse.Namespace, session: Session) -> Exit:
    audit = session.lab.audit
    if options.verb == "verify":
        verdict = audit.verify()
        session.answer(verdict, _judged(verdict))
        return Exit.DONE if verdict["sound"] else Exit.FAILED
    entries = audit.entries(options.limit, options.action, options.subject)
    heads = ("ROW", "AT", "WHO", "ROLE", "DID", "TO", "DETAIL")
    session.answer({"entries": entries}, table([_row(entry) for entry in entries], heads))
    return Exit.DONE


def _row(entry: Mapping[str, Any]) -> tuple[object, ...]:
    who = entry["actor"] or "-"
    detail = json.dumps(entry["detail"], sort_keys=True) if entry["detail"] else ""
    return entry["number"], entry["at"], who, entry["role"] or "-", entry["action"], entry["subject"], detail


def _judged(verdict: Mapping[str, Any]) -> str:
    if verdict["sound"]:
        return f"{verdict['rows']} rows, each as it was written."
    return "\n".join(f"Row {finding['number']} {finding['what']}." for finding in verdict["findings"])


COMMAND = Command(
    name="audit",
    summary="tell who did what to the library, and whether the log is whole",
    description="List what was done to the library and what was refused, or hold the log against itself.",
    declare=declare,
    run=run,
    examples=("hay-say audit list --action approve", "hay-say audit verify"),
)
