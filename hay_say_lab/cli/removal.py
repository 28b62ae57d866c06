"""`hay-say voices remove`, `restore` and `trash`: out, back again, and out for good."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hay_say_lab.cli.command import Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table

if TYPE_CHECKING:
    from hay_say_lab.client.voices import VoiceShelf

MB = 1 << 20


def declare_remove(parser: Parser) -> None:
    parser.add_argument("voice", metavar="VOICE", help="its id, as 'voices list' shows it")
    parser.add_argument(
        "--after-jobs", action="store_true", help="where jobs use it, remove it when the last of them has ended"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--plan", action="store_true", help="tell what it would free; nothing is changed")
    how.add_argument("--yes", action="store_true", help="do not ask, at a terminal either")


def declare_restore(parser: Parser) -> None:
    parser.add_argument("voice", metavar="VOICE", help="its id, as 'voices trash' shows it")


def declare_trash(parser: Parser) -> None:
    parser.add_argument("--empty", action="store_true", help="remove for good what lies there")


def remove(options: argparse.Namespace, session: Session) -> Exit:
    voices = session.lab.voices
    if options.plan:
        plan = voices.removal(options.voice)
        session.answer(plan, planned(plan))
        return Exit.DONE
    if not options.yes and not session.as_json and sys.stdin.isatty() and not _agreed(voices.removal(options.voice)):
        session.answer({}, "Nothing was changed.")
        return Exit.DONE
    gone = voices.remove(options.voice, after_jobs=options.after_jobs)
    session.answer(gone, removed(gone, "voices"))
    return Exit.DONE


def restore(options: argparse.Namespace, session: Session) -> Exit:
    voice = session.lab.voices.restore(options.voice)
    session.answer(voice, f"{voice['id']} is back.")
    return Exit.DONE


def trash(options: argparse.Namespace, session: Session) -> Exit:
    voices: VoiceShelf = session.lab.voices
    if options.empty:
        emptied = voices.empty_trash()
        session.answer(emptied, f"freed {size(emptied['freed_bytes'])}")
        return Exit.DONE
    found = voices.trash()
    rows = [(entry["id"], entry["kind"], entry["by"], entry["until"], size(entry["bytes"])) for entry in found["trash"]]
    listed = f"{table(rows, ('ID', 'KIND', 'REMOVED BY', 'UNTIL', 'HOLDS'))}\n" if rows else ""
    session.answer(found, f"{listed}emptying it frees {size(found['bytes'])}")
    return Exit.DONE


def size(held: int) -> str:
    return f"{held / MB:.1f} MB"


def planned(plan: Mapping[str, Any]) -> str:
    """What a removal would free, and what is in its way, for people."""
    lines = [f"{plan['id']}: frees {size(plan['bytes'])} ({plan['bytes']} bytes)"]
    lines += [f"  {name}" for name in plan["files"]]
    lines += [f"  stays: {reason}" for reason in plan["kept_because"]]
    lines += [f"  in use by job {job}" for job in plan["jobs"]]
    lines += [f"  needed by {voice}" for voice in plan["needed_by"]]
    return "\n".join(lines)


def _agreed(plan: Mapping[str, Any]) -> bool:
    sys.stderr.write(f"{planned(plan)}\nRemove it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def removed(gone: Mapping[str, Any], noun: str) -> str:
    """What became of one of 'voices' or 'assets', for people."""
    if gone["state"] == "waits":
        return f"{gone['id']} goes when {len(gone['waits_for'])} jobs have ended."
    if gone["state"] == "gone":
        return f"{gone['id']} is removed; {size(gone['frees_bytes'])} are free."
    undo = f"Undo it with: hay-say {noun} restore {gone['id']}"
    return f"{gone['id']} is in the trash until {gone['until']}; that frees {size(gone['frees_bytes'])} then. {undo}"
