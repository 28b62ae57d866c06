"""`hay-say picture`: waveform and spectrogram of a recording or a take, as a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.outfile import out_problems
from hay_say_lab.cli.session import Session
from hay_say_lab.cli.takes import refuse
from hay_say_lab.domain.measure import TRACKERS

ENDINGS = (".png", ".svg")


def declare(parser: Parser) -> None:
    parser.add_argument("source", metavar="FILE|ID", help="a recording, or the id of a clip, an artifact or a job")
    parser.add_argument("--out", type=Path, metavar="FILE", required=True, help="a .svg, or a .png (needs matplotlib)")
    parser.add_argument("--f0", metavar="METHOD", help=f"draw the pitch too, as found by {', '.join(TRACKERS)}")


def run(options: argparse.Namespace, session: Session) -> Exit:
    refuse(list(out_problems(options.out, ENDINGS)))
    path = session.lab.picture(options.source, options.out, options.f0)
    session.answer({"path": str(path), "f0_method": options.f0}, str(path))
    return Exit.DONE


COMMAND = Command(
    name="picture",
    summary="draw a recording or a take",
    description="Draw waveform and spectrogram of a recording or a take into a file, and its pitch over it.",
    declare=declare,
    run=run,
    examples=("hay-say picture me.wav --out me.svg --f0 harvest",),
)
