"""`hay-say imports`: voices on their way in, and those that have been."""

from __future__ import annotations

import argparse
from itertools import islice
from typing import TYPE_CHECKING, Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Interrupted, Session, table
from hay_say_lab.cli.settings import whole_number
from hay_say_lab.cli.takes import refuse

if TYPE_CHECKING:
    from hay_say_lab.client.imports import ImportHandle

NEWEST = "50"


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list the newest imports", _declare_list),
        ("show", "tell what an import fetched, what it brought, and why it failed", _declare_import),
        ("wait", "wait for an import and tell what it brought", _declare_import),
        ("cancel", "stop an import; nothing of it stays", _declare_import),
        ("retry", "try a failed import again; what was fetched is gone on with", _declare_import),
    )
    actions(parser, verbs, default="list")
    parser.set_defaults(limit=NEWEST)


def _declare_list(parser: Parser) -> None:
    parser.add_argument("--limit", metavar="COUNT", default=NEWEST, help=f"at most so many (default: {NEWEST})")


def _declare_import(parser: Parser) -> None:
    parser.add_argument("name", metavar="IMPORT", help="its id, as 'imports list' shows it")


def run(options: argparse.Namespace, session: Session) -> Exit:
    desk = session.lab.imports
    if options.verb == "list":
        count, problems = whole_number(options.limit, "limit")
        refuse(problems)
        found = [handle.document for handle in islice(desk, count or 0)]
        rows = [(one["id"], one["state"], one["created_at"][:19].replace("T", " "), _brought(one), one["source"]) for one in found]
        session.answer({"imports": found}, table(rows, ("IMPORT", "STATE", "QUEUED (UTC)", "BROUGHT", "SOURCE")))
        return Exit.DONE
    handle = desk[options.name]
    if options.verb == "wait":
        return finish(session, handle)
    if options.verb == "cancel":
        handle.cancel()
    elif options.verb == "retry":
        handle.retry()
    session.answer(handle.document, told(handle.document))
    return Exit.DONE


def finish(session: Session, handle: ImportHandle) -> Exit:
    """Wait for an import and answer with it. Raises what went wrong, Interrupted."""
    if handle.result() is handle:
        raise Interrupted(note=f"The import goes on: hay-say imports wait {handle.id}")
    session.answer(handle.document, told(handle.document))
    return Exit.DONE


def told(document: dict[str, Any]) -> str:
    """An import for people: how it stands, what it brought, what was odd."""
    from hay_say_lab.client.imports import percent

    done, words = percent(document)
    state = document["state"] if document["state"] != "running" else f"running, {done} %: {words}"
    lines = [f"{document['id']}  {state}", f"  source: {document['source']}"]
    lines += [f"  {name}{' (was there already)' if name in document['already'] else ''}" for name in _names(document)]
    lines += [f"  file {file['name']}, {file['bytes']} bytes, sha256 {file['sha256']}" for file in document["files"]]
    lines += [f"  warning: {warning['message']}" for warning in document["warnings"]]
    if document["error"]:
        lines += [f"  {document['error']['message']}"]
        lines += [f"  {problem['fix']['label']}" for problem in document["error"]["problems"] if problem["fix"]["label"]]
    return "\n".join(lines)


def planned(plan: dict[str, Any]) -> str:
    """What would be fetched, for people."""
    size = "of unknown size" if plan["bytes"] is None else f"{plan['bytes'] / 1e6:.1f} MB"
    head = f"{plan['title']} ({plan['kind']})" + (f": {len(plan['files'])} files, {size}" if plan["files"] else "")
    lines = [head]
    lines += [f"  {name}: {text or 'unknown'}" for name, text in plan["provenance"].items() if name in ("source", "author", "licence")]
    lines += [f"  {name}: {text}" for name, text in plan["pinned"].items()]
    lines += [f"  {voice}" for voice in plan["voices"]]
    lines += [f"  file {file['name']}, {_size(file)}, from {file['host']}" for file in plan["files"]]
    lines += [f"  warning: {warning['message']}" for warning in plan["warnings"]]
    return "\n".join(lines)


def _size(file: dict[str, Any]) -> str:
    return "size unknown" if file["bytes"] is None else f"{file['bytes']} bytes"


def _names(document: dict[str, Any]) -> list[str]:
    return [*document["voices"], *document["assets"]]


def _brought(document: dict[str, Any]) -> str:
    return ", ".join(_names(document)) or "-"


COMMAND = Command(
    name="imports",
    summary="voices on their way in: list, show, wait, cancel, retry",
    description="Imports go on when the program that began them ends. Here they are found again: what was fetched, what it "
    "brought, and why one failed.",
    declare=declare,
    run=run,
    examples=("hay-say imports", "hay-say imports show IMPORT", "hay-say imports retry IMPORT"),
)
