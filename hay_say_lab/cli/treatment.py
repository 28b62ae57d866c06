"""What is done to a clip before and after the voices, and where they may run: the same for every command that makes sound."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hay_say_lab.cli.command import Parser
from hay_say_lab.cli.settings import typed_pairs
from hay_say_lab.errors import InvalidRequest, Problem

if TYPE_CHECKING:
    from hay_say_lab.client.lab import Lab


def declare_prepare(parser: Parser, moment: str) -> None:
    """`moment`: before what it is done."""
    parser.add_argument(
        "--prepare", action="append", default=[], metavar="NAME=VALUE",
        help=f"what is done to the recording before {moment}, such as noise_reduction=0.5",
    )  # fmt: skip


def declare_treatment(parser: Parser) -> None:
    declare_prepare(parser, "it is converted")
    parser.add_argument(
        "--finish", action="append", default=[], metavar="NAME=VALUE",
        help="what is done to the result, such as speed=1.2 or loudness_lufs=-16",
    )  # fmt: skip
    parser.add_argument(
        "--bit-depth", type=int, choices=(16, 24, 32), metavar="BITS",
        help="bits a sample of --out: WAV 16, 24 or 32 (float), FLAC 16 or 24 (default: 16)",
    )  # fmt: skip
    parser.add_argument("--effects", metavar="PRESET", help="a chain of effects by name, such as telephone")
    parser.add_argument(
        "--cpu-fallback", action="store_true",
        help="where a graphics card has too little memory, go on on the CPU, which takes longer",
    )  # fmt: skip


def read_prepare(lab: Lab, pairs: list[str]) -> dict[str, Any]:
    """Settings of prepare by name. Raises InvalidRequest for pairs that are none."""
    from hay_say_lab.domain.control import control_from_json

    if not pairs:
        return {}
    controls = tuple(control_from_json(document) for document in lab.controls_of_sound()["prepare"])
    settings, problems = typed_pairs(controls, pairs, "prepare")
    if problems:
        raise InvalidRequest(problems[0].message, problems=problems)
    return settings


def read_treatment(lab: Lab, options: argparse.Namespace) -> tuple[dict[str, Any], list[Problem]]:
    """The fields of a Request, and the options that are none."""
    from hay_say_lab.domain.control import control_from_json

    fields: dict[str, Any] = {"cpu_fallback": options.cpu_fallback}
    if not (options.prepare or options.finish or options.effects):
        return fields, []
    known = lab.controls_of_sound()
    problems: list[Problem] = []
    for name in ("prepare", "finish"):
        controls = tuple(control_from_json(document) for document in known[name])
        fields[name], unread = typed_pairs(controls, getattr(options, name), name)
        problems += unread
    if options.effects:
        try:
            fields["effects"] = lab.effects(options.effects)
        except InvalidRequest as unknown:
            problems += unknown.problems
    return fields, problems
