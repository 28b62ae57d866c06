"""`hay-say architectures`: what is installed, and which settings each task takes."""

from __future__ import annotations

import argparse
from typing import Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table
from hay_say_lab.errors import ArchitectureMissing


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list the installed architectures", lambda verb: None),
        ("show", "show one architecture with the settings of its tasks", _declare_show),
    )
    actions(parser, verbs, default="list")


def _declare_show(parser: Parser) -> None:
    parser.add_argument("architecture", metavar="ARCHITECTURE", help="its id, as 'architectures list' shows it")


def run(options: argparse.Namespace, session: Session) -> Exit:
    installed = session.lab.architectures()
    if options.verb == "list":
        rows = [(a["id"], ", ".join(offer["task"] for offer in a["tasks"]), _state(a), a["summary"]) for a in installed]
        session.answer({"architectures": installed}, table(rows, ("ARCHITECTURE", "TASKS", "STATE", "SUMMARY")))
        return Exit.DONE
    for manifest in installed:
        if manifest["id"] == options.architecture:
            session.answer(manifest, _described(manifest))
            return Exit.DONE
    raise ArchitectureMissing(
        f"The architecture '{options.architecture}' is not installed.",
        field="architecture",
        fix=f"Installed are: {', '.join(manifest['id'] for manifest in installed) or 'none'}.",
    )


def _state(manifest: dict[str, Any]) -> str:
    if not manifest["usable"]:
        return "voices can be kept, not used yet"
    missing = manifest["missing_modules"]
    return f"cannot run: {', '.join(missing)} missing" if missing else "can run"


def _described(manifest: dict[str, Any]) -> str:
    upstream = manifest["upstream"]
    lines = [
        f"{manifest['id']} {manifest['version']}: {manifest['title']}",
        f"  {manifest['summary']}",
        f"  {_state(manifest)}; licence {manifest['licence']}; upstream: {upstream['name']} ({upstream['status']})",
    ]
    for offer in manifest["tasks"]:
        voice = offer["default_voice"]
        by_default = f", by default with {manifest['id']}:{voice}" if voice else ""
        lines += ["", f"{offer['task']}{by_default}"]
        for control in offer["controls"]:
            lines += [f"  {control['name']}: {_range(control)}", f"      {control['help']}"]
    return "\n".join(lines)


def _range(control: dict[str, Any]) -> str:
    """What a setting takes, and what it is where nobody sets it."""
    default = "chosen from the material" if control["default"] is None else control["default"]
    if control["kind"] == "number":
        return f"{control['low']:g} to {control['high']:g} {control['unit']} ({default})"
    if control["kind"] == "choice":
        return f"{', '.join(control['values'])} ({default})"
    if control["kind"] == "toggle":
        return f"true or false ({str(default).lower()})"
    return f"text of at most {control['longest']} characters ({default!r})"


COMMAND = Command(
    name="architectures",
    summary="list the installed architectures and their settings",
    description="List what is installed, or show one architecture: its tasks, and the name, range and default of every "
    "setting that --set takes.",
    declare=declare,
    run=run,
    examples=("hay-say architectures", "hay-say architectures show ARCHITECTURE"),
)
