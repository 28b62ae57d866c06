"""`hay-say batches`: what became of many lines, and what a person may do about it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table

if TYPE_CHECKING:
    from hay_say_lab.client.summary import Summary

FORMATS = ("flac", "wav", "ogg", "mp3")
MOST_LISTED = 50


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list your newest batches", lambda verb: None),
        ("show", "tell how every row of a batch stands", _declare_name),
        ("save", "save the sounds of a batch that were made so far", _declare_save),
        ("cancel", "stop whatever of a batch waits or runs", _declare_name),
        ("retry", "try the rows again that failed", _declare_name),
    )
    actions(parser, verbs, default="list")


def _declare_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the batch's name")


def _declare_save(parser: Parser) -> None:
    _declare_name(parser)
    parser.add_argument("out", type=Path, metavar="FOLDER", help="where the files go; it is made where it is missing")
    parser.add_argument("--format", choices=FORMATS, default="flac", help="of the files (default: flac)")
    parser.add_argument("--bit-depth", type=int, choices=(16, 24, 32), metavar="BITS", help="bits a sample (default: 16)")


def run(options: argparse.Namespace, session: Session) -> Exit:
    lab = session.lab
    if options.verb == "list":
        tallies = lab.batches(MOST_LISTED)
        rows = [(tally.name, tally.rows, tally.ended, tally.succeeded) for tally in tallies]
        documents = [{"name": tally.name, "rows": tally.rows, "states": dict(tally.states)} for tally in tallies]
        session.answer({"batches": documents}, table(rows, ("BATCH", "ROWS", "ENDED", "SUCCEEDED")))
        return Exit.DONE
    batch = lab.batch_named(options.name)
    if options.verb == "save":
        folder = batch.save(options.out, options.format, options.bit_depth)
        session.answer({**batch.summary().as_json(), "folder": str(folder)}, f"{batch.summary()}\nsaved in {folder}")
        return Exit.DONE
    if options.verb in ("cancel", "retry"):
        {"cancel": batch.cancel, "retry": batch.retry}[options.verb]()
    return tell(batch.summary(), session)


def tell(summary: Summary, session: Session, folder: Path | None = None) -> Exit:
    """The table, then one line; FAILED where a row ended without a sound."""
    rows = [(row.number + 1, row.state, _seconds(row.seconds), row.said, row.problem) for row in summary.rows]
    saved = f"\nsaved in {folder}" if folder is not None else ""
    text = f"{table(rows, ('ROW', 'STATE', 'SECONDS', 'WHAT', 'PROBLEM'))}\n{summary}{saved}"
    session.answer({**summary.as_json(), "folder": str(folder) if folder is not None else None}, text)
    return Exit.FAILED if summary.failed else Exit.DONE


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"


COMMAND = Command(
    name="batches",
    summary="list batches, tell of their rows, save, cancel, retry",
    description="Batches go on when the program that queued them ends. Here they are found again. A row that ended "
    "without a sound: exit status 1.",
    declare=declare,
    run=run,
    examples=("hay-say batches", "hay-say batches show chapter-1", "hay-say batches save chapter-1 lines/"),
)
