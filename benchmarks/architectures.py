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


def figures(recordings: Path) -> Iterator[Figure]:
    """WORLD's cost grows with the share of voiced frames, so it is told of a recording (where there is one) and of what
    espeak_ng says, which is voiced nearly throughout. The goals were found on the recording, and are held against both.
    """
    from hay_say_lab.client.lab import Lab

    with _home() as home:
        lab = Lab(home)
        lab.say("Warm.", then="world:controls").result()
        yield _speaking(lab)
        spoken = _at_44100(lab.say(SPEECH, seed=1).result().save(home / "said.wav"), home / "speech.wav")
        recording = recordings / "jfk.flac"
        sources = {"synthetic speech": spoken}
        if recording.is_file():
            sources = {"a recording": _at_44100(recording, home / "recording.wav"), **sources}
        for kind, source in sources.items():
            for method, goal in (("harvest", 0.35), ("dio", 0.15)):
                yield _converting(lab, source, method, kind, goal)
        end_host(home)


def _speaking(lab: object) -> Figure:
    costs = []
    for round_ in range(ROUNDS):
        handle = lab.say(SPEECH * 4, seed=round_)  # type: ignore[attr-defined]
        take = handle.result()
        costs.append(_stage_seconds(handle, "speak") / take.seconds)
    how = "the speaking stage of a job, with its process per piece"
    return Figure("espeak_ng", statistics.median(costs), "s per s", None, how, spread_of(costs))


def _converting(lab: object, source: Path, method: str, kind: str, goal: float) -> Figure:
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
    how = f"the converting stage of a job at 44.1 kHz, f0 by {method}, one thread, {kind}"
    return Figure(f"world, {method}, {kind}", statistics.median(costs), "s per s", goal, how, spread_of(costs))


def _at_44100(source: Path, path: Path) -> Path:
    """A sound file, resampled to 44.1 kHz mono."""
    import soundfile
    import soxr

    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    soundfile.write(path, soxr.resample(samples.mean(axis=1), rate, 44100), 44100, subtype="PCM_16")
    return path


def _stage_seconds(handle: object, task: str) -> float:
    events = handle.events()  # type: ignore[attr-defined]
    return sum(e["body"]["seconds"] for e in events if e["kind"] in ("stage_done", "finished") and e["body"]["task"] == task)
