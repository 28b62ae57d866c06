"""`hay-say voices import`: a voice from a folder, a file, an address, a repository, a catalogue or another data home."""

from __future__ import annotations

import argparse

from hay_say_lab.cli import imports
from hay_say_lab.cli.command import Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session
from hay_say_lab.domain.voice import CONSENTS

PROVENANCE = ("author", "licence", "intended_use", "training_data", "consent", "evidence")


def declare(parser: Parser) -> None:
    parser.add_argument(
        "place", metavar="SOURCE",
        help="a folder or file, an https address, hf:OWNER/REPOSITORY[@REVISION][/PATH], haysay:CATALOGUE#MODEL NAME, another "
        "data home (FOLDER or FOLDER#VOICE), or upload:ID",
    )  # fmt: skip
    parser.add_argument("--name", metavar="NAME", default="", help="the part of the voice's id behind the colon (default: one is found)")
    parser.add_argument("--title", metavar="TEXT", default="", help="the name that people see")
    parser.add_argument("--architecture", metavar="ARCHITECTURE", default="", help="only voices of this architecture")
    parser.add_argument("--language", metavar="TAG", action="append", default=[], help="BCP 47; may be given several times")
    parser.add_argument("--sha256", metavar="HASH", default="", help="what the file that is fetched must be")
    parser.add_argument("--plan", action="store_true", help="tell what would be fetched, and fetch nothing")
    parser.add_argument("--no-wait", action="store_true", help="do not wait; 'hay-say imports' tells how it stands")
    parser.add_argument("--override", metavar="REASON", default="", help="why it comes in though it was not fully confined (operators)")
    parser.add_argument("--source", metavar="TEXT", default="", help="where it was got, in words (default: what the source says)")
    parser.add_argument("--author", metavar="TEXT", default="", help="who made the voice")
    parser.add_argument("--licence", metavar="TEXT", default="", help="an SPDX identifier or a sentence")
    parser.add_argument("--intended-use", metavar="TEXT", default="", help="what the voice may be used for")
    parser.add_argument("--training-data", metavar="TEXT", default="", help="what it was made of")
    parser.add_argument("--consent", choices=CONSENTS, default="", help="whether whoever's voice it is agreed")
    parser.add_argument("--evidence", metavar="TEXT", default="", help="how the consent was given, or why none is needed")


def run(options: argparse.Namespace, session: Session) -> Exit:
    voices = session.lab.voices
    if options.plan:
        plan = voices.plan(options.place)
        session.answer(plan, imports.planned(plan))
        return Exit.DONE
    handle = voices.fetch(
        options.place,
        name=options.name,
        title=options.title,
        architecture=options.architecture,
        languages=tuple(options.language),
        sha256=options.sha256,
        override_reason=options.override,
        source_note=options.source,
        **{name: getattr(options, name) for name in PROVENANCE},
    )
    if options.no_wait:
        session.answer(handle.document, imports.told(handle.document))
        return Exit.DONE
    return imports.finish(session, handle)
