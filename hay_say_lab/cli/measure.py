"""`hay-say measure`: numbers of a recording or a take, alone or against another."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Session, table
from hay_say_lab.domain.measure import MEASURES, TRACKERS

if TYPE_CHECKING:
    from hay_say_lab.client.measures import Measurement

NAMES_HELP = "which measures; may be given several times (default: all numbers, and the pitch)"


def declare(parser: Parser) -> None:
    parser.add_argument("source", metavar="FILE|ID", help="a recording, or the id of a clip, an artifact or a job")
    parser.add_argument("--against", metavar="FILE|ID", help="the reference that it is held against")
    parser.add_argument("--measure", action="append", default=[], metavar="NAME", dest="names", help=NAMES_HELP)
    parser.add_argument(
        "--f0", default="harvest", metavar="METHOD", help=f"how pitch is found: {', '.join(TRACKERS)} (default: harvest)"
    )
    parser.add_argument(
        "--no-align", action="store_true", help="compare from the start on, without laying the two upon each other in time"
    )


def run(options: argparse.Namespace, session: Session) -> Exit:
    measured = session.lab.measure(
        options.source, *options.names, against=options.against, f0_method=options.f0, align=not options.no_align
    )
    session.answer(_document(measured), table(list(_rows(measured.values)), ("MEASURE", "VALUE", "UNIT")))
    return Exit.DONE


def _document(measured: Measurement) -> dict[str, Any]:
    """For programs: a contour as lists of numbers."""
    values = dict(measured.values)
    contour = measured.f0
    if contour is not None:
        arrays = {name: [round(float(value), 4) for value in getattr(contour, name)] for name in ("seconds", "hz", "confidence")}
        values["f0"] = {**values["f0"], **arrays}
    names = ("clip", "against", "f0_method", "aligned")
    return {**{name: getattr(measured, name) for name in names}, "values": values}


def _rows(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """For people: a line for each number, and for each number of a document that is one."""
    for name, value in values.items():
        measure = MEASURES[name]
        if not isinstance(value, Mapping):
            yield measure.title, _number(value), measure.unit
            continue
        for part, inner in value.items():
            if isinstance(inner, int | float) or inner is None:
                yield f"{measure.title}, {part.replace('_', ' ')}", _number(inner), ""


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


COMMAND = Command(
    name="measure",
    summary="measure a recording or a take",
    description="Measure loudness, peaks, noise, speech and pitch of a recording or a take, and hold it against another: "
    "mel-cepstral and log-spectral distance, pitch errors, level. docs/measures.md says how each is taken.",
    declare=declare,
    run=run,
    examples=(
        "hay-say measure me.wav",
        "hay-say measure higher.wav --against me.wav --f0 dio",
        "hay-say measure me.wav --measure lufs --measure true_peak_dbtp --json",
    ),
)
