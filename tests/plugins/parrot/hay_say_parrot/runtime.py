"""Beeps for words, and clips handed back."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping
from typing import Any

import numpy

from hay_say_lab.plugin import (
    Clip,
    Context,
    InvalidRequest,
    RequestText,
    Result,
    Runtime,
    TimedWord,
    Timings,
)
from hay_say_parrot.manifest import SAMPLE_RATE

BEEP_SECONDS = 0.08
GAP_SECONDS = 0.02
NOTES_HZ = {"a": 440.0, "b": 493.9, "c": 261.6, "d": 293.7, "e": 329.6, "f": 349.2, "g": 392.0}
ONCE = 9999                     # the piece that marks that the first attempt was made


class Parrot(Runtime):
    """Needs no files, so `load` and `unload` have nothing to do."""

    def speak(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        """One piece per word: what a stopped attempt finished is kept, and the next one goes on behind it."""
        tune = settings["tune"]
        if not tune or set(tune) - set(NOTES_HZ):
            raise InvalidRequest(
                f"The tune '{tune}' has something other than the notes a to g.", field="tune", fix="Write 'ceg'."
            )
        found = list(re.finditer(r"\w+", text.body))
        if not found:
            raise InvalidRequest("There is no word in this text.", field="text.body", fix="Write a word.")
        pieces: list[numpy.ndarray] = []
        words: list[TimedWord] = []
        for index, match in enumerate(found):
            kept = context.kept(index)
            if kept is None:
                _work(settings, context, index / len(found), settings["seconds_of_work"] / len(found))
                kept = {"samples": _beeps(NOTES_HZ[tune[index % len(tune)]], settings["beeps"], context.seed)}
                context.keep(index, kept)
            start = sum(map(len, pieces))
            pieces.append(kept["samples"])
            words.append(TimedWord(match[0], match.start(), len(match[0]), start, start + len(pieces[-1])))
        timings = Timings(SAMPLE_RATE, tuple(words), ())
        return Result(Clip(numpy.concatenate(pieces), SAMPLE_RATE), documents={"timings": timings.as_json()})

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """With its defaults the very samples it was given."""
        _work(settings, context, 0.0, settings["seconds_of_work"])
        samples = clip.samples[::-1] if settings["reverse"] else clip.samples
        gain = numpy.float32(10 ** (settings["gain_db"] / 20))
        return Result(Clip(samples * gain, clip.sample_rate))

    def fingerprint(self) -> dict[str, str]:
        return {"numpy": numpy.__version__}


def _beeps(hertz: float, count: int, seed: int) -> numpy.ndarray:
    """`count` beeps with gaps behind them -> samples (N,) float32; the seed shifts the pitch by up to a semitone."""
    hertz *= 2 ** (numpy.random.default_rng(seed).random() / 12)
    seconds = numpy.arange(round(BEEP_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    beep = 0.5 * numpy.sin(2 * numpy.pi * hertz * seconds) * numpy.hanning(len(seconds))
    gap = numpy.zeros(round(GAP_SECONDS * SAMPLE_RATE))
    return numpy.tile(numpy.concatenate([beep, gap]), count).astype(numpy.float32)


def _work(settings: Mapping[str, Any], context: Context, fraction: float, seconds: float) -> None:
    """Compute for `seconds` with checkpoints, or misbehave as `crash` says."""
    context.checkpoint(fraction)
    match settings["crash"]:
        case "raise":
            raise RuntimeError("The parrot was told to raise.")
        case "exit":
            os._exit(3)
        case "exit_once" if context.kept(ONCE) is None:
            context.keep(ONCE, {"attempted": numpy.ones(1)})
            os._exit(3)
        case "hang":
            while True:
                time.sleep(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tick_end = min(end, time.monotonic() + 0.1)
        while time.monotonic() < tick_end:
            hashlib.sha256(bytes(65536)).digest()
        context.checkpoint(fraction)
