"""`hay-say assets`: files that voices share, what needs them, and how they go."""

from __future__ import annotations

import argparse
from typing import Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.removal import planned, removed, size
from hay_say_lab.cli.session import Session, table


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list the installed assets, and what architectures need", lambda verb: None),
        ("show", "show one asset with its provenance", _declare_asset),
        ("remove", "put an asset into the trash", _declare_remove),
        ("restore", "take an asset out of the trash", _declare_asset),
    )
    actions(parser, verbs, default="list")


def _declare_asset(parser: Parser) -> None:
    parser.add_argument("asset", metavar="ASSET", help="its id, as 'assets list' shows it")


def _declare_remove(parser: Parser) -> None:
    _declare_asset(parser)
    parser.add_argument("--force", action="store_true", help="also where voices cannot be used without it")
    parser.add_argument("--plan", action="store_true", help="tell what it would free; nothing is changed")


def run(options: argparse.Namespace, session: Session) -> Exit:
    assets = session.lab.assets
    if options.verb == "list":
        found, needs = assets.all(), assets.needs()
        session.answer({"assets": found, "needs": needs}, _listed(found, needs))
    elif options.verb == "show":
        asset = assets[options.asset]
        session.answer(asset, _described(asset))
    elif options.verb == "restore":
        asset = assets.restore(options.asset)
        session.answer(asset, f"{asset['id']} is back.")
    elif options.plan:
        plan = assets.removal(options.asset)
        session.answer(plan, planned(plan))
    else:
        gone = assets.remove(options.asset, force=options.force)
        session.answer(gone, removed(gone, "assets"))
    return Exit.DONE


def _listed(found: list[dict[str, Any]], needs: list[dict[str, Any]]) -> str:
    rows = [(a["id"], a["kind"], a["title"], size(_bytes(a)), a["provenance"]["licence"] or "unknown") for a in found]
    installed = table(rows, ("ASSET", "KIND", "TITLE", "HOLDS", "LICENCE"))
    wanted = [(n["architecture"], n["title"], n["asset"] or f"missing: {n['how_to_add']}") for n in needs]
    return f"{installed}\n\n{table(wanted, ('ARCHITECTURE', 'NEEDS', 'SERVED BY'))}" if wanted else installed


def _described(asset: dict[str, Any]) -> str:
    rows = [("title", asset["title"]), ("kind", asset["kind"]), ("brought by", asset["imported_by"] or "unknown")]
    rows += [(name.replace("_", " "), value or "unknown") for name, value in asset["provenance"].items()]
    rows += [(f"file {role}", f"{file['name']}, {file['bytes']} bytes") for role, file in asset["files"].items()]
    return "\n".join([asset["id"], *(f"  {name}: {value}" for name, value in rows)])


def _bytes(asset: dict[str, Any]) -> int:
    return sum(file["bytes"] for file in asset["files"].values())


COMMAND = Command(
    name="assets",
    summary="list, show and remove files that voices share",
    description="Assets are files that voices of an architecture share, such as a content encoder. They are imported like "
    "voices ('hay-say voices import'); one that voices need is only removed with --force, or where another serves.",
    declare=declare,
    run=run,
    examples=("hay-say assets", "hay-say assets remove ASSET --plan"),
)
