"""A runtime, a stage to run it on, and ears."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy
import pytest

from hay_say_espeak_ng.manifest import CONTROLS
from hay_say_espeak_ng.runtime import EspeakRuntime
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import Clip, RequestText, Result, VoiceFiles


@dataclass
class FolderContext:
    """`hay_say_lab.plugin.Context` over a folder: pieces lie there as files, as a worker keeps them."""

    out: Path
    seed: int = 7
    inputs: Mapping[str, Path] = field(default_factory=dict)
    stops_at: int | None = None         # the checkpoint that raises, counted from 0
    checkpoints: list[tuple[float, str]] = field(default_factory=list)
    kept_pieces: list[int] = field(default_factory=list)

    def samples(self, count: int) -> numpy.ndarray:
        return numpy.zeros(count, dtype=numpy.float32)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        if self.stops_at is not None and len(self.checkpoints) >= self.stops_at:
            raise InterruptedError      # as the host would say: give way
        self.checkpoints.append((fraction, message))

    def kept(self, piece: int) -> dict[str, numpy.ndarray] | None:
        path = self.out / f"{piece}.npz"
        if not path.exists():
            return None
        with numpy.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        self.kept_pieces.append(piece)
        numpy.savez(self.out / f"{piece}.npz", **arrays)


class Say(Protocol):
    def __call__(
        self, body: str, markup: str = "plain", *, voice: str = "en-us", seed: int = 7, task: str = "speak",
        **settings: Any,
    ) -> Result: ...    # fmt: skip


@pytest.fixture(scope="module")
def runtime() -> Iterator[EspeakRuntime]:
    runtime = EspeakRuntime()
    runtime.load(VoiceFiles("espeak_ng:en-us"))
    yield runtime
    runtime.close()


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., FolderContext]:
    """Make a context whose kept pieces lie in a folder of that name; the same name is a retry of the same stage."""

    def make(name: str = "stage", **fields: Any) -> FolderContext:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return FolderContext(folder, **fields)

    return make


@pytest.fixture
def say(runtime: EspeakRuntime, context: Callable[..., FolderContext]) -> Say:
    """Perform a task as a new stage, with settings as the host completes them."""
    stages = iter(range(1_000_000))

    def perform(
        body: str, markup: Any = "plain", *, voice: str = "en-us", seed: int = 7, task: str = "speak", **settings: Any
    ) -> Result:
        stage = context(f"stage-{next(stages)}", seed=seed)
        complete = with_defaults(CONTROLS if task == "speak" else (), settings)
        return getattr(runtime, task)(f"espeak_ng:{voice}", RequestText(body, None, markup), complete, stage)

    return perform


def _pitch_track_hz(clip: Clip) -> list[float]:
    """Pitch of voiced frames of 46 ms: the highest peak of the autocorrelation between 45 and 400 Hz."""
    frame = 1024
    lags = range(clip.sample_rate // 400, clip.sample_rate // 45)
    found = []
    for start in range(0, len(clip.samples) - frame, frame // 2):
        samples = clip.samples[start : start + frame] * numpy.hanning(frame)
        correlation = numpy.correlate(samples, samples, "full")[frame - 1 :]
        peak = lags.start + int(numpy.argmax(correlation[lags.start : lags.stop]))
        if correlation[0] > 0.5 and correlation[peak] > 0.4 * correlation[0]:
            found.append(clip.sample_rate / peak)
    return found


@pytest.fixture(scope="session")
def pitch_track_hz() -> Callable[[Clip], list[float]]:
    return _pitch_track_hz


@pytest.fixture(scope="session")
def median_pitch_hz() -> Callable[[Clip], float]:
    return lambda clip: float(numpy.median(_pitch_track_hz(clip)))
