"""`hay-say storage`: what the data home holds, what would go, what goes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table
from hay_say_lab.cli.takes import refuse
from hay_say_lab.errors import Fix, Problem

if TYPE_CHECKING:
    from hay_say_lab.client.storage import StorageRoom

MB = 1 << 20


def declare(parser: Parser) -> None:
    verbs = (
        ("use", "tell what each class and each owner holds", lambda verb: None),
        ("plan", "tell what a prune would remove now; nothing is changed", _declare_budgets),
        ("prune", "remove what the plan says", _declare_budgets),
        ("remove-clip", "take a recording back that you sent", _declare_clip),
        ("budgets", "tell the budgets, or set some", _declare_budgets),
        ("backup", "copy the database and the registry while the host runs", _declare_backup),
        ("fsck", "hold the store and the disk against each other", _declare_fsck),
    )
    actions(parser, verbs, default="use")


def _declare_budgets(parser: Parser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=NUMBER", dest="budgets",
        help="a budget, such as objects_mb=5000 or results_days=30; 0 is no limit; may be given several times",
    )  # fmt: skip


def _declare_clip(parser: Parser) -> None:
    parser.add_argument("clip", metavar="CLIP", help="its sha256, or the file that was sent")


def _declare_backup(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="of the folder (default: the time)")


def _declare_fsck(parser: Parser) -> None:
    parser.add_argument("--deep", action="store_true", help="read the content of every object")
    parser.add_argument("--mend", action="store_true", help="remove files that nothing names, lay voices out again; mark what is missing")


def run(options: argparse.Namespace, session: Session) -> Exit:
    room = session.lab.storage
    if options.verb == "use":
        use = room.use()
        session.answer(use, _told_use(use))
    elif options.verb == "remove-clip":
        from hay_say_lab.client.clips import clip_named

        removed = room.remove_clip(clip_named(options.clip))
        session.answer(removed, f"removed {removed['label'] or removed['sha256']}")
    elif options.verb == "backup":
        made = room.back_up(options.name)
        told = f"backups/{made['name']}: {', '.join(made['files'])}"
        session.answer(made, f"{told}\nnot in it, to be copied where they must outlive this disk: {', '.join(made['left_out'])}")
    elif options.verb == "fsck":
        found = room.fsck(deep=options.deep, mend=options.mend)
        session.answer(found, _told_findings(found))
        return Exit.DONE if found["sound"] or options.mend else Exit.FAILED
    else:
        _budgeted(options.verb, _numbers(options.budgets), room, session)
    return Exit.DONE


def _budgeted(verb: str, changes: Mapping[str, int], room: StorageRoom, session: Session) -> None:
    if verb == "budgets":
        budgets = room.set_budgets(**changes) if changes else room.use()["budgets"]
        session.answer(budgets, table(sorted(budgets.items()), ("BUDGET", "")))
        return
    wanted = {**room.use()["budgets"], **changes} if changes else None
    plan = room.plan(wanted) if verb == "plan" else room.prune(wanted)
    session.answer(plan, _told_plan(plan, "would free" if verb == "plan" else "freed"))


def _numbers(pairs: list[str]) -> dict[str, int]:
    problems = []
    found = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name and value.isdigit():
            found[name] = int(value)
        else:
            problems.append(Problem("set", f"'{pair}' is no budget.", Fix("Write it as objects_mb=5000.")))
    refuse(problems)
    return found


def _told_use(use: Mapping[str, Any]) -> str:
    budgets = use["budgets"]
    rows = [(name, _size(held), _limit(budgets.get(f"{name}_mb", 0))) for name, held in use["classes"].items()]
    owners = [(owner, _size(held), _limit(budgets["owner_mb"])) for owner, held in sorted(use["owners"].items())]
    people = f"\n\n{table(owners, ('OWNER', 'HOLDS', 'QUOTA'))}" if owners else ""
    return f"{table(rows, ('CLASS', 'HOLDS', 'BUDGET'))}{people}\n\nfree: {_size(use['free_bytes'])}"


def _told_plan(plan: Mapping[str, Any], done: str) -> str:
    rows = [(removal["what"], removal["name"], _size(removal["frees_bytes"]), removal["reason"]) for removal in plan["removals"]]
    over = "".join(f"\nstill over: {line}" for line in plan["over"])
    listed = f"{table(rows, ('WHAT', 'NAME', 'FREES', 'WHY'))}\n" if rows else ""
    return f"{listed}{done} {_size(plan['frees_bytes'])}{over}"


def _told_findings(found: Mapping[str, Any]) -> str:
    lines = [f"{found['objects']} objects"]
    for name in ("orphans", "missing", "damaged", "broken"):
        lines += [f"{name}: {item}" for item in found[name]]
    for name, items in found["library"].items():
        lines += [f"voices {name}: {item}" for item in items] if name != "contents" else [f"{items} files of voices"]
    return "\n".join(lines if not found["sound"] else [*lines, "store and disk agree"])


def _size(held: int) -> str:
    return f"{held / MB:.1f} MB"


def _limit(limit_mb: int) -> str:
    return f"{limit_mb} MB" if limit_mb else "none"


COMMAND = Command(
    name="storage",
    summary="what the data home holds; prune it, check it",
    description="Results stay until a budget or their age says otherwise; pinned ones stay always, and so does what they "
    "need. What is removed can be made again from its recipe.",
    declare=declare,
    run=run,
    examples=(
        "hay-say storage",
        "hay-say storage plan --set results_days=30",
        "hay-say storage budgets --set objects_mb=20000 --set cache_mb=5000",
        "hay-say storage fsck --deep",
        "hay-say storage remove-clip me.wav",
    ),
)
