"""`hay-say convert`: a recording gets another voice."""

from __future__ import annotations

import argparse
from pathlib import Path

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.outfile import out_problems
from hay_say_lab.cli.report import ReportBeside
from hay_say_lab.cli.session import Session
from hay_say_lab.cli.settings import declare_preset, read_settings, whole_number, with_preset
from hay_say_lab.cli.takes import SOUND_ENDINGS, finish, refuse, submit
from hay_say_lab.cli.treatment import declare_treatment, read_treatment
from hay_say_lab.errors import InvalidRequest


def declare(parser: Parser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a recording: WAV, FLAC, OGG, MP3, AIFF or CAF; with ffmpeg m4a, webm and the sound of mp4, mkv, mov")
    parser.add_argument("--voice", metavar="VOICE", help="the voice to convert to (default: the default one)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help="a setting of the voice; may be given several times",
    )  # fmt: skip
    declare_preset(parser)
    declare_treatment(parser)
    parser.add_argument("--seed", metavar="NUMBER", help="the same seed gives the same sound (default: drawn, and told)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE",
        help="a .wav, .flac, .ogg or .mp3 with the recipe inside (default: a WAV in the data home)",
    )  # fmt: skip


def run(options: argparse.Namespace, session: Session) -> Exit:
    from hay_say_lab.domain.request import Request, Step

    lab = session.lab
    seed, problems = whole_number(options.seed, "seed")
    problems += out_problems(options.out, SOUND_ENDINGS)
    settings, unread = read_settings(lab, "convert", options.voice, options.settings)
    settings = with_preset(lab, options.preset, "convert", options.voice, settings)
    treatment, untreated = read_treatment(lab, options)
    problems += [*unread, *untreated]
    try:
        clip = lab.clip(options.file)
    except InvalidRequest as refused:
        refuse([*problems, *refused.problems])
        raise
    request = Request((Step("convert", options.voice, settings),), clip=clip, seed=seed, **treatment)
    handles = submit(lab, [request], problems)
    return finish(session, handles, [options.out], options.bit_depth, ReportBeside(lab, clip))


COMMAND = Command(
    name="convert",
    summary="give a recording another voice",
    description="Give a recording another voice. Without --voice the default voice converts; the answer names it and "
    "the seed.",
    declare=declare,
    run=run,
    examples=("hay-say convert me.wav --set pitch_semitones=4 --out higher.wav",),
)
