"""`hay-say presets`: named settings, kept, used with other voices, sent to others as files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table
from hay_say_lab.cli.settings import read_settings
from hay_say_lab.cli.takes import refuse

SHOWN_DIGITS = 12           # of a version
TASKS = ("speak", "convert")


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list your presets", lambda verb: None),
        ("show", "show the settings of a preset, and its versions", _declare_reference),
        ("set", "keep settings of a voice under a name", _declare_set),
        ("apply", "tell what a preset comes to for a voice, and what it cannot be given", _declare_apply),
        ("remove", "remove a preset and its versions", _declare_name),
        ("import", "keep what a file holds under a name", _declare_import),
        ("export", "write a preset into a file", _declare_export),
    )
    actions(parser, verbs, default="list")


def _declare_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name: a-z, 0-9, . _ + -")


def _declare_reference(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name; NAME@DIGITS is an older version")


def _declare_set(parser: Parser) -> None:
    _declare_name(parser)
    parser.add_argument("voice", metavar="VOICE", help="a voice whose settings these are")
    parser.add_argument("--task", choices=TASKS, default="speak", help="what the settings are for (default: speak)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="a setting; may be given several times"
    )
    parser.add_argument("--note", metavar="TEXT", default="", help="what the preset is good for")


def _declare_apply(parser: Parser) -> None:
    _declare_reference(parser)
    parser.add_argument("--voice", metavar="VOICE", help="for whom (default: the task's default voice)")
    parser.add_argument("--task", choices=TASKS, help="for what (default: the preset's own task)")


def _declare_import(parser: Parser) -> None:
    _declare_name(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that 'presets export' wrote")


def _declare_export(parser: Parser) -> None:
    _declare_reference(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="the .json to write")


def run(options: argparse.Namespace, session: Session) -> Exit:
    shelf = session.lab.presets
    match options.verb:
        case "list":
            return _list(session)
        case "show":
            preset = shelf[options.name]
            session.answer(preset, _described(preset))
        case "set":
            settings, problems = read_settings(session.lab, options.task, options.voice, options.settings)
            refuse(problems)
            architecture = session.lab.voices[options.voice]["architecture"]
            preset = shelf.put(options.name, options.task, architecture, settings, options.note)
            session.answer(preset, _told(preset))
        case "apply":
            carried = shelf.apply(options.name, options.voice, options.task)
            session.answer(carried, _carried(carried))
        case "remove":
            removed = shelf.remove(options.name)
            session.answer(removed, f"{removed['name']} is removed.")
        case "import":
            preset = shelf.load(options.name, options.file)
            session.answer(preset, _told(preset))
        case "export":
            path = shelf.export(options.name, options.file)
            session.answer({**shelf[options.name], "path": str(path)}, str(path))
    return Exit.DONE


def _list(session: Session) -> Exit:
    found = session.lab.presets.all()
    rows = [(p["name"], p["task"], p["architecture"], p["settings"], p["version"][:SHOWN_DIGITS], p["note"]) for p in found]
    heads = ("PRESET", "TASK", "ARCHITECTURE", "SETTINGS", "NEWEST", "NOTE")
    session.answer({"presets": found}, table(rows, heads))
    return Exit.DONE


def _told(preset: dict[str, Any]) -> str:
    count = len(preset["document"]["settings"])
    return f"{preset['name']}@{preset['version'][:SHOWN_DIGITS]}: {count} setting{'s' if count != 1 else ''}"


def _described(preset: dict[str, Any]) -> str:
    document = preset["document"]
    senses = {name: f"{sense['means']} {sense['unit']}".strip() for name, sense in document["senses"].items()}
    rows = [(name, value, senses.get(name, "-")) for name, value in document["settings"].items()]
    heads = [_told(preset), f"  {document['task']}, {document['architecture']}", *([document["note"]] if document["note"] else [])]
    versions = [f"  {version[:SHOWN_DIGITS]}" for version in preset["versions"]]
    return "\n".join([*heads, table(rows, ("SETTING", "VALUE", "MEANS")), "versions:", *versions])


def _carried(carried: dict[str, Any]) -> str:
    lines = [f"{name}={value}" for name, value in carried["settings"].items()]
    return "\n".join([*lines, *(f"left out: {left['setting']}. {left['why']}" for left in carried["left_out"])])


COMMAND = Command(
    name="presets",
    summary="keep settings under a name, and use them with other voices",
    description="Keep settings under a name and use them with --preset NAME. For a voice of another architecture they are "
    "carried over by what they mean; what means nothing there is told.",
    declare=declare,
    run=run,
    examples=(
        "hay-say presets",
        "hay-say presets export slow slow.json",
    ),
)
