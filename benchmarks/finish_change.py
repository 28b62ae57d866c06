"""Another finish for a clip that was converted: only the finish is made anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.architectures import SPEECH
from benchmarks.control_plane import _home, end_host
from benchmarks.figures import Figure

SECONDS = 60
SAMPLE_RATE = 44_100
MOST_OF_THE_WHOLE = 1 / 20
PREPARE = {"high_pass_hz": 80}


def figures() -> Iterator[Figure]:
    """Both requests as a person meets them, from the call to the sound in hand, by workers that are warm."""
    from hay_say_lab.client.lab import Lab

    with _home() as home:
        lab = Lab(home)
        lab.say("Warm.", then="world:controls", finish={"fade_in_seconds": 0.1}).result()
        clip = _a_minute(lab, home)
        whole, made = _timed(lab, clip, {"fade_out_seconds": 0.5})
        again, kept = _timed(lab, clip, {"fade_out_seconds": 1.0, "fade_in_seconds": 0.2})
        end_host(home)
    told = f"the whole request {whole:.2f} s ({_listed(made)}), with another finish {again:.3f} s ({_listed(kept)})"
    yield Figure("a finish change", again / whole, "of the whole request", MOST_OF_THE_WHOLE, f"60 s of speech, {told}")
    before = [cached for task, cached in kept.items() if task != "finish"]
    made_anew = before.count(False) + (kept["finish"] is True)
    how = "of decode, prepare and convert in the second request; and the finish if it was not made anew"
    yield Figure("stages a finish change does not take from the cache", made_anew, "stages", 0, how)


def _timed(lab: object, clip: Path, finish: dict[str, float]) -> tuple[float, dict[str, bool]]:
    """(seconds from the call until the sound is known, whether each stage was taken from the cache, by task)."""
    began = time.perf_counter()
    handle = lab.convert(clip, seed=1, prepare=PREPARE, finish=finish, pitch_semitones=-3)  # type: ignore[attr-defined]
    handle.result()
    seconds = time.perf_counter() - began
    done = [event["body"] for event in handle.events() if event["kind"] in ("stage_done", "finished")]
    return seconds, {body["task"]: bool(body.get("cached")) for body in done}


def _listed(stages: dict[str, bool]) -> str:
    return ", ".join(f"{task} {'cached' if cached else 'made'}" for task, cached in stages.items())


def _a_minute(lab: object, home: Path) -> Path:
    """A file with a text said until a minute is full."""
    import numpy
    import soundfile
    import soxr

    samples, rate = soundfile.read(lab.say(SPEECH, seed=1).result().save(home / "said.wav"), dtype="float32")  # type: ignore[attr-defined]
    minute = numpy.resize(soxr.resample(samples, rate, SAMPLE_RATE), SECONDS * SAMPLE_RATE)
    soundfile.write(home / "minute.wav", minute, SAMPLE_RATE, subtype="PCM_16")
    return home / "minute.wav"
