"""`hay-say jobs`: what is on its way and what was, one job's story, and what a person may do about it."""

from __future__ import annotations

import argparse

from hay_say_lab.cli.command import Command, Parser, actions
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table
from hay_say_lab.cli.settings import whole_number
from hay_say_lab.cli.story import story
from hay_say_lab.cli.takes import finish, refuse

NEWEST = "50"


def declare(parser: Parser) -> None:
    verbs = (
        ("list", "list your newest jobs", _declare_list),
        ("show", "tell one job's story from its events", _declare_job),
        ("cancel", "stop a job; nothing of it is published", _declare_job),
        ("retry", "try a failed job again, from the stage that failed", _declare_job),
        ("release", "let a quarantined job out (operators)", _declare_job),
        ("pin", "keep a job's result, whatever the storage's budgets say", _declare_job),
        ("unpin", "let a job's result go when its time comes", _declare_job),
        ("remove", "remove a job's result; its recipe stays, and makes it again", _declare_job),
        ("wait", "wait for jobs and tell what they made", _declare_jobs),
    )
    actions(parser, verbs, default="list")
    parser.set_defaults(limit=NEWEST)


def _declare_list(parser: Parser) -> None:
    parser.add_argument("--limit", metavar="COUNT", default=NEWEST, help=f"at most so many (default: {NEWEST})")


def _declare_job(parser: Parser) -> None:
    parser.add_argument("job", metavar="JOB", help="its id")


def _declare_jobs(parser: Parser) -> None:
    parser.add_argument("jobs", nargs="+", metavar="JOB", help="its id")


def run(options: argparse.Namespace, session: Session) -> Exit:
    lab = session.lab
    if options.verb == "list":
        return _list(options.limit, session)
    if options.verb == "wait":
        handles = [lab.job(job) for job in options.jobs]
        return finish(session, handles, [None] * len(handles))
    handle = lab.job(options.job)
    if options.verb == "show":
        document, events = handle.status.document, handle.events()
        session.answer({"job": document, "events": events}, story(document, events))
        return Exit.DONE
    acts = {
        "cancel": handle.cancel, "retry": handle.retry, "release": handle.release,
        "pin": handle.pin, "unpin": handle.unpin, "remove": handle.remove,
    }  # fmt: skip
    acts[options.verb]()
    status = handle.status
    session.answer(status.document, f"Job {status.id}: {status.state}")
    return Exit.DONE


def _list(limit: str, session: Session) -> Exit:
    count, problems = whole_number(limit, "limit")
    refuse(problems)
    documents = [handle.status.document for handle in session.lab.jobs(count or 0)]
    rows = []
    for job in documents:
        text = job["request"]["text"]
        said = text["body"] if text else f"clip {str(job['request']['clip'])[:12]}"
        rows.append((job["id"], job["state"], job["created_at"][:19].replace("T", " "), " + ".join(job["voices"]), said))
    session.answer({"jobs": documents}, table(rows, ("JOB", "STATE", "QUEUED (UTC)", "VOICES", "WHAT")))
    return Exit.DONE


COMMAND = Command(
    name="jobs",
    summary="list jobs, tell a job's story, cancel, retry, release, wait",
    description="Jobs go on when the program that queued them ends. Here they are found again: what happened when, on "
    "which worker, and why.",
    declare=declare,
    run=run,
    examples=("hay-say jobs", "hay-say jobs show JOB", "hay-say jobs wait JOB --json"),
)
