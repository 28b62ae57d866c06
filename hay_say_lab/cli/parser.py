"""The whole command line, from the commands' own declarations."""

from __future__ import annotations

from hay_say_lab import __version__
from hay_say_lab.cli import (
    architectures,
    assets,
    audit,
    batch,
    batches,
    convert,
    dictionary,
    doctor,
    imports,
    jobs,
    lanes,
    measure,
    picture,
    presets,
    recipe,
    replay,
    run,
    say,
    serve,
    storage,
    version,
    voices,
    workers,
)
from hay_say_lab.cli.command import Command, Parser, everywhere
from hay_say_lab.cli.exits import MEANINGS

_MODULES = (
    say, convert, batch, batches, run, voices, assets, imports, presets, dictionary, architectures, jobs, lanes, measure,
    picture, recipe, replay,
    storage, workers, audit, doctor, serve, version,
)  # fmt: skip
COMMANDS: tuple[Command, ...] = tuple(module.COMMAND for module in _MODULES)


def build_parser() -> Parser:
    """Parses into a namespace whose `command` is the Command to run (None: nothing was asked for)."""
    parser = Parser(
        prog="hay-say",
        description="Make speech and change voices. A host does the work; it is started where none runs.",
        epilog="exit status:\n" + "\n".join(f"  {status.value:>3}  {text}" for status, text in MEANINGS.items()),
    )
    parser.add_argument("--version", action="version", version=f"hay-say {__version__}")
    parser.set_defaults(command=None, as_json=False, home=None)
    everywhere(parser)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        child = commands.add_parser(
            command.name, help=command.summary, description=command.description, epilog=_examples(command)
        )
        command.declare(child)
        everywhere(child)
        child.set_defaults(command=command)
    return parser


def _examples(command: Command) -> str:
    return "\n".join(["examples:", *(f"  {line}" for line in command.examples)]) if command.examples else ""
