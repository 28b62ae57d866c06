"""Seconds of computing per second of audio, per architecture, through real jobs on one core."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks.control_plane import _home, end_host
from benchmarks.figures import Figure, spread_of

SPEECH = (
    "The north wind and the sun were arguing which of them was the stronger, when a traveller came along "
    "wrapped in a warm cloak. They agreed that whoever first made the traveller take his cloak off should be "
    "considered stronger than the other. "
)
ROUNDS = 3


def figures() -> Iterator[Figure]:
    from hay_say_lab.client.lab import Lab

    with _home() as home:
        lab = Lab(home)
        lab.say("Warm.", then="world:controls").result()
        yield _speaking(lab)
        source = _at_44100(lab, home)
        for method, goal in (("harvest", 0.35), ("dio", 0.15)):
            yield _converting(lab, source, method, goal)
        end_host(home)


def _speaking(lab: object) -> Figure:
    costs = []
    for round_ in range(ROUNDS):
        handle = lab.say(SPEECH * 4, seed=round_)  # type: ignore[attr-defined]
        take = handle.result()
        costs.append(_stage_seconds(handle, "speak") / take.seconds)
    how = "the speaking stage of a job, with its process per piece"
    return Figure("espeak_ng", statistics.median(costs), "s per s", None, how, spread_of(costs))


def _converting(lab: object, source: Path, method: str, goal: float) -> Figure:
    """Each round changes the clip by a sample, so that no analysis is taken from memory."""
    import soundfile

    costs = []
    for round_ in range(ROUNDS):
        samples, rate = soundfile.read(source, dtype="float32")
        clip = source.with_name(f"{method}-{round_}.wav")
        soundfile.write(clip, samples[round_ + 1 :], rate, subtype="PCM_16")
        handle = lab.convert(clip, pitch_semitones=-3, f0_method=method)  # type: ignore[attr-defined]
        take = handle.result()
        costs.append(_stage_seconds(handle, "convert") / take.seconds)
    how = f"the converting stage at 44.1 kHz, f0 by {method}, one thread"
    return Figure(f"world, {method}", statistics.median(costs), "s per s", goal, how, spread_of(costs))


def _at_44100(lab: object, home: Path) -> Path:
    """About fifteen seconds of speech at 44.1 kHz."""
    import soundfile
    import soxr

    take = lab.say(SPEECH, seed=1).result()  # type: ignore[attr-defined]
    path = home / "speech.wav"
    soundfile.write(path, soxr.resample(take.samples, take.sample_rate, 44100), 44100, subtype="PCM_16")
    return path


def _stage_seconds(handle: object, task: str) -> float:
    events = handle.events()  # type: ignore[attr-defined]
    return sum(e["body"]["seconds"] for e in events if e["kind"] in ("stage_done", "finished") and e["body"]["task"] == task)
