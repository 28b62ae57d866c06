"""What a command of the command line is; each has a file of its own, and `parser.py` lists them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session
from hay_say_lab.errors import Fix, InvalidRequest, Problem


@dataclass(frozen=True, slots=True)
class Command:
    """`declare` adds the arguments; `run` does the work with them and returns the exit status, or raises LabError."""

    name: str
    summary: str                    # one line
    description: str                # what it does, in a few sentences
    declare: Callable[[Parser], None]
    run: Callable[[argparse.Namespace, Session], Exit]
    examples: tuple[str, ...] = ()


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are typed errors like all others."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**words, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        sentence = f"{message[:1].upper()}{message[1:]}."
        raise InvalidRequest(sentence, problems=[Problem("arguments", sentence, Fix(f"See '{self.prog} --help'."))])


def actions(parser: Parser, choices: Sequence[tuple[str, str, Callable[[Parser], None]]], default: str) -> None:
    """Verbs under a noun, such as `voices show`; the noun alone means `default`, which takes no argument then."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    parser.set_defaults(verb=default)
    for name, summary, declare in choices:
        verb = verbs.add_parser(name, help=summary, description=summary)
        declare(verb)
        everywhere(verb)


def everywhere(parser: argparse.ArgumentParser) -> None:
    """The options of every command, wherever on the line they stand."""
    group = parser.add_argument_group("everywhere")
    group.add_argument(
        "--json",
        dest="as_json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print one JSON document on standard output, errors too",
    )
    group.add_argument(
        "--home",
        metavar="FOLDER",
        default=argparse.SUPPRESS,
        help="the data home (default: HAY_SAY_HOME, else the user's data folder)",
    )
