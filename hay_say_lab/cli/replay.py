"""`hay-say replay`: make a recipe's sound again and hold it against the first one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.outfile import out_problems
from hay_say_lab.cli.session import Session
from hay_say_lab.cli.takes import SOUND_ENDINGS, refuse, take_document, take_line, taken
from hay_say_lab.errors import Fix, Problem

if TYPE_CHECKING:
    from hay_say_lab.client.comparison import Comparison


def declare(parser: Parser) -> None:
    parser.add_argument("source", metavar="FILE|ID", help="an exported .wav or .flac, a recipe's id, or an artifact's")
    parser.add_argument(
        "--clip", type=Path, metavar="FILE",
        help="the recording that the recipe converts, where this data home does not hold it",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE", help="a .wav or .flac of the new take")


def run(options: argparse.Namespace, session: Session) -> Exit:
    from hay_say_lab.client.comparison import compare

    lab = session.lab
    problems = list(out_problems(options.out, SOUND_ENDINGS))
    recipe = lab.recipe(options.source)["recipe"]
    if options.clip is not None and lab.clip(options.clip) != recipe["request"]["clip"]:
        sentence = f"'{options.clip.name}' is not the recording that this recipe converts."
        problems.append(Problem("clip", sentence, Fix("Give the very file, or leave --clip out.")))
    refuse(problems)
    take = taken(lab.replay(recipe))
    if options.out is not None:
        take.save(options.out)
    source = Path(options.source)
    comparison = compare(take, recipe, source if source.is_file() else None)
    document = {**comparison.as_json(), "take": take_document(take, options.out)}
    session.answer(document, f"{_verdict(comparison)}\n{take_line(take, options.out)}")
    return Exit.DONE if comparison.same else Exit.FAILED


def _verdict(comparison: Comparison) -> str:
    if comparison.same:
        return f"same: artifact {comparison.after}"
    lines = [f"different: artifact {comparison.before} became {comparison.after}"]
    lines += [f"  {change}" for change in comparison.changes or ("the making was the same by all that is recorded",)]
    found = comparison.difference
    if found is None:
        return "\n".join([*lines, "  difference not measured: the first sound is not at hand, or has another rate"])
    against = "the first artifact" if found.against == "artifact" else "the file, which has 16 bits"
    lines.append(f"  against {against}: largest {found.largest:.3g}, rms {found.rms:.3g} of full scale")
    if found.frames_before != found.frames_after:
        lines.append(f"  {found.frames_before} samples became {found.frames_after}")
    return "\n".join(lines)


COMMAND = Command(
    name="replay",
    summary="make a recipe's sound again and compare",
    description="Make the sound of a recipe again and compare the artifact's hash with the first one. Same fingerprint "
    "(device, libraries, code): same samples, exit status 0. Otherwise it says what differs and by how much: exit status 1.",
    declare=declare,
    run=run,
    examples=("hay-say replay hello.wav", "hay-say replay lower.flac --out again.flac"),
)
