"""`hay-say batch`: a template times the rows of a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hay_say_lab.cli.batches import FORMATS, tell
from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Interrupted, Session
from hay_say_lab.cli.settings import declare_preset, read_settings, whole_number
from hay_say_lab.cli.takes import refuse
from hay_say_lab.cli.treatment import declare_treatment, read_treatment

if TYPE_CHECKING:
    from hay_say_lab.client.batch import Batch
    from hay_say_lab.client.summary import Summary

MARKUPS = ("plain", "ssml", "phonemes")


def declare(parser: Parser) -> None:
    parser.add_argument(
        "rows", type=Path, metavar="FILE",
        help=".csv or .tsv with named columns, .jsonl with an object a line, or .txt with a text a line",
    )  # fmt: skip
    parser.add_argument("--name", help="the same rows under the same name go on (default: made of their content)")
    parser.add_argument("--voice", metavar="VOICE", help="the voice of rows that name none")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help="a setting of the voice; a row's column of that name goes before it",
    )  # fmt: skip
    declare_preset(parser)
    parser.add_argument("--then", metavar="VOICE", help="a voice that converts what was spoken")
    declare_treatment(parser)
    parser.add_argument("--seed", metavar="NUMBER", help="for rows without one (default: drawn for each)")
    parser.add_argument("--language", metavar="TAG", help="BCP 47, for rows without one")
    parser.add_argument("--markup", choices=MARKUPS, default="plain", help="how texts are written (default: plain)")
    parser.add_argument("--dictionary", metavar="NAME", help="one of 'hay-say dictionary', for rows without one")
    parser.add_argument("--format", choices=FORMATS, default="flac", help="of the files (default: flac)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="save the sounds and batch.csv here")


def run(options: argparse.Namespace, session: Session) -> Exit:
    lab = session.lab
    settings, problems = read_settings(lab, "speak", options.voice, options.settings)
    seed, unread = whole_number(options.seed, "seed")
    treatment, untreated = read_treatment(lab, options)
    refuse([*problems, *unread, *untreated])
    batch = lab.batch(
        options.rows, name=options.name, voice=options.voice, then=options.then, seed=seed, language=options.language,
        markup=options.markup, dictionary=options.dictionary, preset=options.preset, **treatment, **settings,
    )  # fmt: skip
    session.tell(f"batch {batch.name}: {batch.status().rows} rows are queued; they go on if you stop waiting")
    summary = _waited(batch)
    if options.out is not None:
        batch.save(options.out, options.format, options.bit_depth)
    return tell(summary, session, options.out)


def _waited(batch: Batch) -> Summary:
    from hay_say_lab.client.batch import Batch

    summary = batch.result()
    if isinstance(summary, Batch):
        raise Interrupted(note=f"The batch goes on. See: hay-say batches show '{batch.name}'")
    return summary


COMMAND = Command(
    name="batch",
    summary="make the sounds of many lines",
    description="A template times rows: every row of a file becomes a job. Rows go on without this program; the same "
    "file again goes on where it stopped. A row that fails stands in the table, and the others go on: exit status 1.",
    declare=declare,
    run=run,
    examples=(
        "hay-say batch lines.csv --language en-gb --out lines/",
        "hay-say batch lines.jsonl --name chapter-1 --json",
    ),
)
