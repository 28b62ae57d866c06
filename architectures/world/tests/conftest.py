"""Speech made on the spot, a context like the worker's, and voices fitted once for all tests of a run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from hay_say_lab.domain.canonical import sha256_hex
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import Clip, Result, VoiceFiles
from hay_say_world.analysis import PitchSearch
from hay_say_world.journal import Journal
from hay_say_world.level import level_exponent, scaled
from hay_say_world.manifest import CONTROLS
from hay_say_world.runtime import WorldRuntime
from hay_say_world.survey import Survey, survey

SPOKEN = Path(__file__).with_name("spoken.py")
SPOKEN_RATE = 22_050

# Voices of espeak-ng. The targets differ in both classes of sounds, and the woman in pitch; most voices share
# their consonants without voice, and f2 to f5 have hardly any. The man is the plain voice, a source only.
SPEAKERS = {"man": "en-us", "woman": "en-us+Annie", "machine": "en-us+klatt", "giant": "en-us+Demonic"}
TARGETS = ("woman", "machine", "giant")

REFERENCE_TEXT = (
    "The north wind and the sun were disputing which was the stronger, when a traveller came along wrapped "
    "in a warm cloak. They agreed that the one who first succeeded in making him take it off should be "
    "considered stronger."
)
SOURCE_TEXT = (
    "And so, my fellow Americans, ask not what your country can do for you. Six thick thistle sticks stood "
    "in the field."
)
SHORT_TEXT = "Six thick thistle sticks stood in the yellow field."


class StageStopped(Exception):
    """What this worker raises through `checkpoint` when a stage is to give way."""


@dataclass
class StageContext:
    """A stage's context: pieces as files in a folder, every checkpoint written down, and a stop on demand."""

    out: Path
    seed: int = 0
    inputs: Mapping[str, Path] = field(default_factory=dict)
    checkpoints: list[tuple[float, str]] = field(default_factory=list)
    stop_at: int | None = None
    stopped: ClassVar[type[Exception]] = StageStopped

    def samples(self, count: int) -> np.ndarray:
        return np.zeros(count, dtype=np.float32)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        self.checkpoints.append((fraction, message))
        if self.stop_at is not None and len(self.checkpoints) >= self.stop_at:
            raise StageStopped

    def kept(self, piece: int) -> dict[str, np.ndarray] | None:
        path = self.out / f"piece-{piece}.npz"
        if not path.exists():
            return None
        with np.load(path) as arrays:
            return dict(arrays)

    def keep(self, piece: int, arrays: Mapping[str, np.ndarray]) -> None:
        np.savez(self.out / f"piece-{piece}.npz", **arrays)  # type: ignore[arg-type]


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., StageContext]:
    """Contexts, each with a folder of its own unless one is given."""

    def make(out: Path | None = None, **more: Any) -> StageContext:
        number = len(list(tmp_path.glob("stage-*")))
        folder = out or tmp_path / f"stage-{number}"
        folder.mkdir(exist_ok=True)
        return StageContext(folder, **more)

    return make


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "world-speech"
    folder.mkdir(exist_ok=True)
    return folder


def _once(path: Path, make: Callable[[Path], None]) -> Path:
    """Make a file unless another process of this run has; half a file is never seen under its name."""
    if not path.exists():
        aside = path.with_name(f"{np.random.default_rng().integers(2**62)}-{path.name}")
        make(aside)
        aside.replace(path)
    return path


@pytest.fixture(scope="session")
def spoken(shelf: Path) -> Callable[[str, str], Clip]:
    """(speaker, text) -> speech by espeak-ng, the same samples in every run: one fresh child process each."""

    def speak(speaker: str, text: str) -> Clip:
        def make(path: Path) -> None:
            with path.open("wb") as file:
                command = [sys.executable, str(SPOKEN), SPEAKERS[speaker]]
                subprocess.run(command, input=text.encode(), stdout=file, check=True, timeout=60)

        name = f"{speaker}-{sha256_hex(text.encode())[:16]}.npy"
        return Clip(np.load(_once(shelf / name, make)), SPOKEN_RATE)

    return speak


@pytest.fixture(scope="session")
def reference(spoken: Callable[[str, str], Clip]) -> Callable[[str], Clip]:
    """speaker -> about 12 seconds of reference."""
    return lambda speaker: spoken(speaker, REFERENCE_TEXT)


@pytest.fixture(scope="session")
def source(spoken: Callable[[str, str], Clip]) -> Callable[[str], Clip]:
    """speaker -> about 6 seconds of other words."""
    return lambda speaker: spoken(speaker, SOURCE_TEXT)


@pytest.fixture(scope="session")
def short(spoken: Callable[[str, str], Clip]) -> Callable[[str], Clip]:
    """speaker -> about 3 seconds."""
    return lambda speaker: spoken(speaker, SHORT_TEXT)


@pytest.fixture(scope="session")
def fitted(shelf: Path, reference: Callable[[str], Clip]) -> Callable[[str], Path]:
    """speaker -> the profile that the runtime makes of the speaker's reference."""

    def fit(speaker: str) -> Path:
        def make(path: Path) -> None:
            folder = path.with_suffix(".fit")
            folder.mkdir()
            WorldRuntime().fit(reference(speaker), StageContext(folder)).files["profile"].replace(path)

        return _once(shelf / f"{speaker}.safetensors", make)

    return fit


@pytest.fixture(scope="session")
def runtime(fitted: Callable[[str], Path]) -> WorldRuntime:
    """A runtime with the built-in voice and every target as `world:<speaker>`."""
    ready = WorldRuntime()
    ready.load(VoiceFiles("world:controls"))
    for speaker in TARGETS:
        ready.load(VoiceFiles(f"world:{speaker}", {"profile": fitted(speaker)}))
    return ready


@pytest.fixture(scope="session")
def hear(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Clip], Survey]:
    """clip -> what an analysis with the default search finds in it; each clip is analysed once."""
    heard: dict[str, Survey] = {}
    context = StageContext(tmp_path_factory.mktemp("hear"))
    context.kept = lambda piece: None  # type: ignore[method-assign]

    def analyse(clip: Clip) -> Survey:
        key = sha256_hex(np.ascontiguousarray(clip.samples).tobytes())
        if key not in heard:
            level = scaled(clip.samples, level_exponent(clip.samples))
            heard[key] = survey(level, clip.sample_rate, PitchSearch(), Journal(context, 1.0))
        return heard[key]

    return analyse


@pytest.fixture
def convert(runtime: WorldRuntime, stage: Callable[..., StageContext]) -> Callable[..., Result]:
    """(voice slug, clip, settings that differ from the defaults) -> result."""

    def run(slug: str, clip: Clip, **settings: Any) -> Result:
        return runtime.convert(f"world:{slug}", clip, with_defaults(CONTROLS, settings), stage())

    return run
