"""`hay-say recipe`: how a sound was made."""

from __future__ import annotations

import argparse
import json

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session


def declare(parser: Parser) -> None:
    parser.add_argument("source", metavar="FILE|ID", help="an exported .wav or .flac, a recipe's id, or an artifact's")


def run(options: argparse.Namespace, session: Session) -> Exit:
    found = session.lab.recipe(options.source)
    session.answer(found, json.dumps(found, indent=1, ensure_ascii=False))
    return Exit.DONE


COMMAND = Command(
    name="recipe",
    summary="show how a sound was made",
    description="Print the recipe of an exported file, or of a recipe or an artifact in the store. A recipe is the whole "
    "request with the hashes of all code, voices and results; 'hay-say replay' makes its sound again.",
    declare=declare,
    run=run,
    examples=("hay-say recipe hello.wav",),
)
