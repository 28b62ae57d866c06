"""`hay-say voices`: what is installed, where it came from, and new ones from a recording."""

from __future__ import annotations

import argparse
from typing import Any

from hay_say_lab.cli import importing, removal
from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.report import ReportBeside
from hay_say_lab.cli.session import Session, table
from hay_say_lab.cli.treatment import declare_prepare, read_prepare
from hay_say_lab.domain.licence import ANSWERS
from hay_say_lab.domain.voice import CONSENTS

PROVENANCE = ("source", "author", "licence", "intended_use", "training_data", "consent", "evidence")

_LEAVING = {"remove": removal.remove, "restore": removal.restore, "trash": removal.trash}


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list the installed voices", _declare_list),
        ("show", "show one voice with its provenance", _declare_voice),
        ("add", "make a voice from a recording of somebody who agreed to it", _declare_add),
        ("import", "bring a voice in from a file, an address, a repository, a catalogue", importing.declare),
        ("mark", "make these your tags on a voice, and it a favourite of yours or not", _declare_mark),
        ("sample", "write a sentence in a voice into a FLAC file", _declare_sample),
        ("export", "write a voice with its signed passport into one file", _declare_export),
        ("provenance", "correct what is known of a voice; what is not named stays", _declare_provenance),
        ("approve", "let a voice serve although its provenance has gaps", _declare_approve),
        ("withdraw", "take an approval back", _declare_voice),
        ("remove", "put a voice into the trash", removal.declare_remove),
        ("restore", "take a voice out of the trash, or keep one that is to go", removal.declare_restore),
        ("trash", "tell what lies in the trash, or empty it", removal.declare_trash),
    )
    actions(parser, verbs, default="list")
    parser.set_defaults(words=[], commercial_use="", task="", language="", tag="", favourite=None)


def _declare_list(parser: Parser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="only voices whose line holds each of these words")
    _declare_wishes(parser)
    parser.add_argument(
        "--commercial-use", choices=ANSWERS, default="", help="only voices whose licence says this of it, as its name tells"
    )


def _declare_wishes(parser: Parser) -> None:
    parser.add_argument("--task", metavar="TASK", default="", help="only voices that do this: speak, convert")
    parser.add_argument("--language", metavar="TAG", default="", help="only voices that speak this (BCP 47)")
    parser.add_argument("--tag", metavar="TAG", default="", help="only voices that you gave this tag")
    parser.add_argument("--favourite", action="store_true", default=None, help="only your favourites")


def _declare_voice(parser: Parser) -> None:
    parser.add_argument("voice", metavar="VOICE", help="its id, as 'voices list' shows it")


def _declare_add(parser: Parser) -> None:
    parser.add_argument("architecture", metavar="ARCHITECTURE", help="an architecture that makes voices from recordings")
    parser.add_argument("name", metavar="NAME", help="the part of the voice's id behind the colon: a-z, 0-9, . _ + -")
    parser.add_argument("--reference", metavar="FILE", required=True, help="the recording")
    declare_provenance(parser)
    parser.add_argument("--title", metavar="TEXT", default="", help="the name that people see (default: NAME)")
    parser.add_argument(
        "--language", metavar="TAG", action="append", default=[], help="BCP 47; may be given several times"
    )
    declare_prepare(parser, "the voice is made of it")


def _declare_provenance(parser: Parser) -> None:
    _declare_voice(parser)
    declare_provenance(parser, unsaid=None)


def _declare_mark(parser: Parser) -> None:
    _declare_voice(parser)
    parser.add_argument("tags", nargs="*", metavar="TAG", help="all tags that it is to have; none takes them away")
    parser.add_argument("--favourite", action="store_true", help="it is a favourite")


def _declare_sample(parser: Parser) -> None:
    _declare_voice(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="the .flac to write")


def _declare_export(parser: Parser) -> None:
    _declare_voice(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="the file to write, a zip")


def _declare_approve(parser: Parser) -> None:
    _declare_voice(parser)
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why it may serve; it stays with the voice")


def declare_provenance(parser: Parser, unsaid: str | None = "") -> None:
    """Where a voice came from and what it may be used for; `unsaid` is what is left out ('': unknown)."""
    parser.add_argument("--source", metavar="TEXT", default=unsaid, help="where it was got: an address, whose recording")
    parser.add_argument("--author", metavar="TEXT", default=unsaid, help="who made the voice")
    parser.add_argument("--licence", metavar="TEXT", default=unsaid, help="an SPDX identifier or a sentence")
    parser.add_argument("--intended-use", metavar="TEXT", default=unsaid, help="what the voice may be used for")
    parser.add_argument("--training-data", metavar="TEXT", default=unsaid, help="what it was made of")
    parser.add_argument("--consent", choices=CONSENTS, default=unsaid, help="whether whoever's voice it is agreed")
    parser.add_argument("--evidence", metavar="TEXT", default=unsaid, help="how the consent was given, or why none is needed")


def run(options: argparse.Namespace, session: Session) -> Exit:
    voices = session.lab.voices
    if options.verb == "list":
        return _list(options, session)
    if options.verb == "show":
        voice = voices[options.voice]
        session.answer(voice, _described(voice))
    elif options.verb == "import":
        return importing.run(options, session)
    elif options.verb == "mark":
        marked = voices.mark(options.voice, *options.tags, favourite=options.favourite)
        session.answer(marked, f"{options.voice}: {', '.join(marked['tags']) or 'no tags'}{', favourite' if marked['favourite'] else ''}")
    elif options.verb == "sample":
        path = voices.sample(options.voice, options.out)
        session.answer({"voice": options.voice, "path": str(path)}, str(path))
    elif options.verb == "export":
        path = voices.export(options.voice, options.out)
        session.answer({"voice": options.voice, "path": str(path)}, str(path))
    elif options.verb in ("provenance", "approve", "withdraw"):
        changed = _judge(options, session)
        session.answer(changed, _described(changed))
    elif options.verb in _LEAVING:
        return _LEAVING[options.verb](options, session)
    else:
        _add(options, session)
    return Exit.DONE


def _judge(options: argparse.Namespace, session: Session) -> dict[str, Any]:
    """What somebody says of a voice -> the voice as it is now."""
    voices = session.lab.voices
    if options.verb == "approve":
        return voices.approve(options.voice, options.reason)
    if options.verb == "withdraw":
        return voices.withdraw(options.voice)
    said = {name: getattr(options, name) for name in PROVENANCE}
    return voices.set_provenance(options.voice, **{name: text for name, text in said.items() if text is not None})


def _add(options: argparse.Namespace, session: Session) -> None:
    reference = ReportBeside(session.lab, session.lab.clip(options.reference))
    voice = session.lab.voices.add(
        options.architecture,
        options.name,
        options.reference,
        title=options.title,
        languages=tuple(options.language),
        **{name: getattr(options, name) for name in PROVENANCE},
        prepare=read_prepare(session.lab, options.prepare),
    )
    session.answer(voice | reference.document, "\n".join([_described(voice), *reference.lines]))


def _list(options: argparse.Namespace, session: Session) -> Exit:
    found = [
        voice
        for voice in session.lab.voices.all(
            task=options.task, language=options.language, tag=options.tag, favourite=options.favourite,
            commercial_use=options.commercial_use,
        )
        if all(word.lower() in " ".join(map(str, _row(voice))).lower() for word in options.words)
    ]
    heads = ("VOICE", "TITLE", "LANGUAGES", "LICENCE")
    session.answer({"voices": found}, table([_row(voice) for voice in found], heads))
    return Exit.DONE


def _row(voice: dict[str, Any]) -> tuple[str, ...]:
    languages = ", ".join(voice["languages"]) or "any"
    return voice["id"], voice["title"], languages, voice["provenance"]["licence"] or "unknown"


def _described(voice: dict[str, Any]) -> str:
    """A voice for people: what is not known of it says so."""
    rows = [("title", voice["title"]), ("languages", ", ".join(voice["languages"]) or "any")]
    rows += [(name.replace("_", " "), voice["provenance"][name] or "unknown") for name in PROVENANCE]
    rows += [("provenance", _state(voice)), ("commercial use", voice["commercial_use"])]
    rows += [(f"file {role}", f"{file['name']}, {file['bytes']} bytes") for role, file in voice["files"].items()]
    rows += [(f"note {name.replace('_', ' ')}", value) for name, value in voice["notes"].items()]
    return "\n".join([voice["id"], *(f"  {name}: {value}" for name, value in rows)])


def _state(voice: dict[str, Any]) -> str:
    state, approval = str(voice["provenance_state"]), voice["approval"]
    if state == "approved" and approval:
        return f"approved by {approval['by']} at {approval['at']}: {approval['reason']}"
    return state.replace("missing:", "missing: ").replace(",", ", ")


COMMAND = Command(
    name="voices",
    summary="list, show, import, add and remove voices",
    description="List the installed voices, show where one came from, bring one in, make a new one from a recording, remove one. What is "
    "removed lies in the trash for a day (HAY_SAY_TRASH_SECONDS); then its files go, except those that others share.",
    declare=declare,
    run=run,
    examples=(
        "hay-say voices list english",
        "hay-say voices import hf:OWNER/REPOSITORY/FILE --consent given --evidence 'asked by letter'",
        "hay-say voices add ARCHITECTURE me --reference me.wav --source 'my own recording' --consent given",
    ),
)
