"""`hay-say dictionary`: how words are to be said, under a name, version by version."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table

SHOWN_DIGITS = 12           # of a version


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list your dictionaries", lambda verb: None),
        ("show", "show the words of a dictionary, and its versions", _declare_reference),
        ("set", "say how a word is spoken, whether the dictionary has it or not", _declare_entry),
        ("add", "say how a new word is spoken; refused where the dictionary has it", _declare_entry),
        ("remove", "take out a word, or the whole dictionary", _declare_remove),
        ("import", "make a file's words all the words of a dictionary", _declare_import),
        ("export", "write the words of a dictionary into a file", _declare_export),
    )
    actions(parser, verbs, default="list")


def _declare_reference(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name; NAME@DIGITS is an older version")


def _declare_word(parser: Parser) -> None:
    parser.add_argument("--language", metavar="TAG", help="BCP 47: only in texts in this language")
    parser.add_argument("--case", choices=("any", "exact"), default="any", help="exact: Polish is not polish (default: any)")


def _declare_entry(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name; it is made where there is none")
    parser.add_argument("word", metavar="WORD", help="the word as it is written, or several in a row")
    parser.add_argument("--alias", metavar="TEXT", help="what to say instead")
    parser.add_argument("--ipa", metavar="SOUNDS", help="the sounds, for voices that take IPA")
    _declare_word(parser)


def _declare_remove(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name")
    parser.add_argument("word", metavar="WORD", nargs="?", help="the word; without one, the dictionary and its versions")
    _declare_word(parser)


def _declare_import(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name; it is made where there is none")
    parser.add_argument("file", metavar="FILE", type=Path, help=".json as export writes it, or .csv or .tsv with named columns")


def _declare_export(parser: Parser) -> None:
    _declare_reference(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help=".json, .csv or .tsv")


def run(options: argparse.Namespace, session: Session) -> Exit:
    from hay_say_lab.client.word_files import read_words, write_words

    shelf = session.lab.dictionaries
    match options.verb:
        case "list":
            return _list(session)
        case "show":
            dictionary = shelf[options.name]
            session.answer(dictionary, _described(dictionary))
        case "set" | "add":
            said = {name: getattr(options, name) for name in ("alias", "ipa", "language", "case")}
            dictionary = shelf.say(options.name, options.word, **said, new=options.verb == "add")
            session.answer(dictionary, _told(dictionary))
        case "remove" if options.word is not None:
            dictionary = shelf.forget(options.name, options.word, language=options.language, case=options.case)
            session.answer(dictionary, _told(dictionary))
        case "remove":
            dictionary = shelf.remove(options.name)
            session.answer(dictionary, f"{dictionary['name']} is removed.")
        case "import":
            dictionary = shelf.put(options.name, read_words(options.file))
            session.answer(dictionary, _told(dictionary))
        case "export":
            dictionary = shelf[options.name]
            path = write_words(dictionary["document"], options.file)
            session.answer({**dictionary, "path": str(path)}, f"{path}: {_told(dictionary)}")
    return Exit.DONE


def _list(session: Session) -> Exit:
    found = session.lab.dictionaries.all()
    rows = [(one["name"], one["entries"], one["versions"], one["version"][:SHOWN_DIGITS], one["at"]) for one in found]
    session.answer({"dictionaries": found}, table(rows, ("DICTIONARY", "WORDS", "VERSIONS", "NEWEST", "CHANGED")))
    return Exit.DONE


def _told(dictionary: dict[str, Any]) -> str:
    count = len(dictionary["document"]["entries"])
    return f"{dictionary['name']}@{dictionary['version'][:SHOWN_DIGITS]}: {count} word{'s' if count != 1 else ''}"


def _described(dictionary: dict[str, Any]) -> str:
    entries = dictionary["document"]["entries"]
    rows = [tuple(entry.get(name, "") for name in ("word", "alias", "ipa", "language", "case")) for entry in entries]
    versions = [f"  {one['version'][:SHOWN_DIGITS]}  {one['at']}  {one['entries']} words" for one in dictionary["versions"]]
    return "\n".join([_told(dictionary), table(rows, ("WORD", "ALIAS", "IPA", "LANGUAGE", "CASE")), "versions:", *versions])


COMMAND = Command(
    name="dictionary",
    summary="say how words are to be spoken",
    description="Keep pronunciations under a name and use them with 'hay-say say --dictionary NAME'. Each change is a "
    "version of its own: a recipe names the one that was used, and holds its words.",
    declare=declare,
    run=run,
    examples=(
        "hay-say dictionary set names LA --alias 'Los Angeles' --case exact",
        "hay-say dictionary show names",
        "hay-say dictionary export names names.csv",
    ),
)
