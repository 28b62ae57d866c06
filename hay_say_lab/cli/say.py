"""`hay-say say`: a text becomes speech."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.outfile import numbered, out_problems
from hay_say_lab.cli.session import Session
from hay_say_lab.cli.settings import declare_preset, read_settings, whole_number, with_preset
from hay_say_lab.cli.takes import SOUND_ENDINGS, finish, submit
from hay_say_lab.cli.treatment import declare_treatment, read_treatment
from hay_say_lab.errors import Fix, InvalidRequest, Problem

MOST_TAKES = 100
LANES = ("interactive", "batch")
MARKUPS = ("plain", "ssml", "phonemes")


def declare(parser: Parser) -> None:
    parser.add_argument("text", metavar="TEXT", help="what to say; '-' reads it from standard input")
    parser.add_argument("--voice", metavar="VOICE", help="the voice that speaks (default: chosen by language)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help="a setting of the voice; may be given several times",
    )  # fmt: skip
    declare_preset(parser)
    parser.add_argument("--then", metavar="VOICE", help="a voice that converts what was spoken")
    parser.add_argument(
        "--then-set", action="append", default=[], metavar="NAME=VALUE", dest="then_settings",
        help="a setting of the converting voice; without --then the default one converts",
    )  # fmt: skip
    declare_treatment(parser)
    parser.add_argument("--seed", metavar="NUMBER", help="the same seed gives the same sound (default: drawn, and told)")
    parser.add_argument("--language", metavar="TAG", help="BCP 47, such as en or pt-BR; helps to choose a voice")
    parser.add_argument("--markup", choices=MARKUPS, default="plain", help="how TEXT is written (default: plain)")
    parser.add_argument(
        "--dictionary", metavar="NAME",
        help="one of 'hay-say dictionary', which says how words are spoken; NAME@DIGITS is an older version",
    )  # fmt: skip
    parser.add_argument("--lane", choices=LANES, default="interactive", help="the queue (default: interactive)")
    parser.add_argument(
        "--takes", metavar="COUNT", default="1",
        help="make several takes, each under a seed of its own (with --seed: that one and those that follow it)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="FILE",
        help="a .wav, .flac, .ogg or .mp3 with the recipe inside (default: a WAV in the data home); several takes are numbered",
    )  # fmt: skip


def run(options: argparse.Namespace, session: Session) -> Exit:
    from hay_say_lab.domain.canonical import new_id
    from hay_say_lab.domain.request import Request, RequestText, Step

    lab = session.lab
    text = _stdin() if options.text == "-" else options.text
    settings, problems = read_settings(lab, "speak", options.voice, options.settings)
    settings = with_preset(lab, options.preset, "speak", options.voice, settings)
    steps = [Step("speak", options.voice, settings)]
    if options.then is not None or options.then_settings:
        then_settings, unread = read_settings(lab, "convert", options.then, options.then_settings)
        steps.append(Step("convert", options.then, then_settings))
        problems += unread
    seed, unread = whole_number(options.seed, "seed")
    count, uncounted = _count(options.takes)
    paths = numbered(options.out, count)
    treatment, untreated = read_treatment(lab, options)
    problems += [*unread, *uncounted, *untreated]
    problems += [problem for path in dict.fromkeys(paths) for problem in out_problems(path, SOUND_ENDINGS)]
    request = Request(
        tuple(steps),
        text=RequestText(text, options.language, options.markup, options.dictionary),
        seed=seed,
        lane=options.lane,
        group=new_id() if count > 1 else None,
        **treatment,
    )
    requests = [request if seed is None else request.evolve(seed=seed + number) for number in range(count)]
    return finish(session, submit(lab, requests, problems), paths, options.bit_depth)


def _count(text: str) -> tuple[int, list[Problem]]:
    count, problems = whole_number(text, "takes")
    if count is not None and not 1 <= count <= MOST_TAKES:
        problems = [Problem("takes", f"{count} takes are asked for; 1 to {MOST_TAKES} are made.", Fix("Use 1."))]
    return (1, problems) if problems or count is None else (count, [])


def _stdin() -> str:
    """All of standard input, without the line end that closes it. Raises InvalidRequest."""
    try:
        return sys.stdin.buffer.read().decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise InvalidRequest(
            "The text on standard input is not UTF-8.", field="text.body", fix="Convert it, for example with iconv."
        ) from None


COMMAND = Command(
    name="say",
    summary="speak a text",
    description="Speak a text, and convert it to another voice where one is named. Without --voice the default voice "
    "speaks; the answer names it and the seed.",
    declare=declare,
    run=run,
    examples=(
        'hay-say say "Hello from the lab." --out hello.wav',
        'hay-say say "Hello from the lab." --then-set pitch_semitones=-3 --out lower.flac',
        "hay-say say - --takes 3 --json < story.txt",
    ),
)
