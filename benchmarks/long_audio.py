"""Long recordings: neither time per second of audio nor memory may grow with length.

The whole chain (decode, prepare with high-pass and loudness, convert, finish with its picture) by a real host and its
workers, on 10 s, 10 min and 1 h of speech at 16 kHz: `world` converts that fast enough (f0 by dio) for an hour to be
measured whole. Each length has a data home and workers of its own, so that no length inherits another one's memory.

What is counted is the anonymous memory (RssAnon) of the chain's workers, looked at every 20 ms: what only a process's end
gives back. Pages of mapped files (sound, contours) are not: the system takes them whenever it needs them. A clip of 10 s is
through before a peak is seen for sure, so it goes through several times, each time with other settings.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.architectures import SPEECH
from benchmarks.control_plane import _home, end_host
from benchmarks.figures import Figure

LENGTHS = {"10 s": 10, "10 min": 600, "1 h": 3600}
SAMPLE_RATE = 16_000
TIMES = {"10 s": 5}                 # how often a length goes through, 1 for the others
MOST_GROWTH = 1.25                  # of time per second of audio, from 10 minutes to an hour
MOST_MEMORY_GROWTH = 1.05           # from 10 minutes to an hour
MOST_MEMORY_GROWTH_FROM_SECONDS = 1.1       # from 10 s to 10 minutes
CHAIN = frozenset(("audio", "world"))
PREPARE = {"high_pass_hz": 80, "loudness_lufs": -18}
FINISH = {"fade_out_seconds": 1.0}
SETTINGS = {"pitch_semitones": -3, "f0_method": "dio"}
_SECONDS_BETWEEN_LOOKS = 0.02


@dataclass(frozen=True, slots=True)
class Measured:
    """One length: seconds of each stage, and the most memory of its own that each kind of worker held, in MB."""

    seconds: dict[str, float]
    memory_mb: dict[str, float]

    @property
    def most_mb(self) -> float:
        return sum(self.memory_mb.values())


def figures() -> Iterator[Figure]:
    found = {}
    for name, seconds in LENGTHS.items():
        found[name] = measured(seconds, TIMES.get(name, 1))
        cost = sum(found[name].seconds.values()) / seconds
        by_stage = ", ".join(f"{task} {spent / seconds:.4f}" for task, spent in found[name].seconds.items())
        yield Figure(f"the whole chain, {name}", cost, "s per s", None, f"speech at 16 kHz, f0 by dio: {by_stage}")
        by_worker = ", ".join(f"{worker} {most:.0f}" for worker, most in found[name].memory_mb.items())
        how = f"anonymous memory, seen every 20 ms: the most of each of the chain's workers ({by_worker}), added up"
        yield Figure(f"memory of the workers, {name}", found[name].most_mb, "MB", None, how)
    short, long, hour = (found[name] for name in LENGTHS)
    yield _growth("time, 1 h against 10 min", *(sum(m.seconds.values()) / s for m, s in ((hour, 3600), (long, 600))))
    yield _growth("memory, 10 min against 10 s", long.most_mb, short.most_mb, MOST_MEMORY_GROWTH_FROM_SECONDS)
    yield _growth("memory, 1 h against 10 min", hour.most_mb, long.most_mb, MOST_MEMORY_GROWTH)


def measured(seconds: int, times: int = 1) -> Measured:
    """The chain on speech of a length, from nothing: an empty data home and no host."""
    from hay_say_lab.client.hosting import Hosting
    from hay_say_lab.client.lab import Lab

    with _home() as home:
        lab = Lab(home)
        clip = _speech(lab, home, seconds)
        end_host(home)                                      # and what the workers of the speech held
        Hosting(home).address()
        with _Watch(home) as watch:
            for number in range(times):
                prepare = PREPARE | {"high_pass_hz": PREPARE["high_pass_hz"] + number}
                handle = lab.convert(clip, prepare=prepare, finish=FINISH, **SETTINGS)
                handle.result()
        spent: dict[str, float] = defaultdict(float)
        for event in handle.events():
            if event["kind"] in ("stage_done", "finished"):
                spent[event["body"]["task"]] += event["body"]["seconds"]
        end_host(home)
        return Measured(dict(spent), dict(watch.most_mb))


def _growth(name: str, value: float, base: float, goal: float = MOST_GROWTH) -> Figure:
    return Figure(name, value / base, "times", goal, f"{value:.4g} over {base:.4g}, the figures above")


def _speech(lab: object, home: Path, seconds: int) -> Path:
    """A file with a text said again and again."""
    import numpy
    import soundfile
    import soxr

    samples, rate = soundfile.read(lab.say(SPEECH, seed=1).result().save(home / "said.wav"), dtype="float32")  # type: ignore[attr-defined]
    once = soxr.resample(samples, rate, SAMPLE_RATE)
    path, left = home / "speech.flac", seconds * SAMPLE_RATE
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        while left > 0:
            file.write(numpy.clip(once[:left], -1.0, 1.0))
            left -= min(len(once), left)
    return path


class _Watch:
    """Looks at the memory of a host's workers that the chain goes through, from a thread."""

    def __init__(self, home: Path) -> None:
        from hay_say_lab.domain.host import read_record

        record = read_record(home)
        assert record is not None, "the host runs while it is watched"
        self._host = record.pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most_mb: dict[str, float] = defaultdict(float)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            for name, held_mb in filter(None, (_worker(pid, self._host) for pid in _processes())):
                self.most_mb[name] = max(self.most_mb[name], held_mb)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _worker(pid: int, host: int) -> tuple[str, float] | None:
    """(its name, its anonymous memory in MB); None for what is no worker of this host, or is gone."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    *_, module, _line, parent, name, _end = command if len(command) > 6 else [b""] * 7
    if module != b"hay_say_lab.worker" or int(parent) != host or "RssAnon:" not in status or name.decode() not in CHAIN:
        return None
    return name.decode(), int(status.partition("RssAnon:")[2].split()[0]) / 1024
