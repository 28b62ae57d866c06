"""How much closer `world` brings one speaker's recording to another's, by an independent speaker encoder.

    python -m benchmarks.similarity [RECORDINGS]

RECORDINGS (default: `shared/audio` beside the checkout) holds `<speaker>-<chapter>-<n>.flac` files below
`librispeech/`, and more speakers as single files beside it. Every speaker with more than 40 seconds is a
target: the first files up to 30 seconds are the reference, the rest is held out. Every other speaker's
held-out files are converted to it with default settings, and so is what two voices of espeak_ng say, where
that plugin is installed: speaking and then converting is what most people do. Resemblyzer (0.1.4, GE2E)
says how alike the result and the target's held-out files are, as the cosine of their embeddings. Without
recordings, torch or Resemblyzer nothing is measured, and the answer says so.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import tempfile
import types
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "audio"
NEEDED = ("torch", "resemblyzer", "librosa", "soundfile", "pyworld", "hay_say_world")
REFERENCE_SECONDS = 30.0
TARGET_SECONDS = 40.0
GOALS = {"gain": 0.17, "gap_closed": 0.40}
SPOKEN = {"espeak en-us": {}, "espeak en-us+f2": {"variant": "f2"}}
SPOKEN_TEXT = (
    "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your "
    "country. The north wind and the sun were disputing which was the stronger, when a traveller came along "
    "wrapped in a warm cloak."
)

_ENCODER_RATE = 16_000
_ENCODER_LEVEL = 10 ** (-30 / 20)       # root mean square that Resemblyzer's own preparation aims at
_PAUSE_BELOW = 10 ** (-40 / 20)         # of the loudest 30 ms window


Embed = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Reference and held-out samples (N,), mono float32; `reference` None: too little to be a target."""

    name: str
    sample_rate: int
    reference: np.ndarray | None
    held_out: np.ndarray
    recorded: bool


@dataclass
class BareContext:
    """A stage's context where nobody interrupts and nothing is kept."""

    out: Path
    seed: int = 0
    inputs: Mapping[str, Path] = field(default_factory=dict)

    def samples(self, count: int) -> np.ndarray:
        return np.zeros(count, dtype=np.float32)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        return

    def kept(self, piece: int) -> dict[str, np.ndarray] | None:
        return None

    def keep(self, piece: int, arrays: Mapping[str, np.ndarray]) -> None:
        return


def measure(recordings: Path = RECORDINGS) -> dict[str, Any]:
    """Every direction, their means and the goals; or {"measured": False, "why": ...}."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return {"measured": False, "why": f"not installed here: {', '.join(missing)}"}
    if not (recordings / "librispeech").is_dir():
        return {"measured": False, "why": f"no recordings in {recordings.name}/librispeech"}
    speakers = _speakers(recordings) + _spoken()
    embed = _encoder()
    own = {speaker.name: embed(speaker.held_out, speaker.sample_rate) for speaker in speakers}
    rows = [
        row
        for target in speakers
        if target.reference is not None
        for row in _towards(target, [source for source in speakers if source is not target], own, embed)
    ]
    return _summed_up(rows)


def _speakers(recordings: Path) -> list[Speaker]:
    import soundfile

    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((recordings / "librispeech").glob("*.flac")):
        files[path.name.partition("-")[0]].append(path)
    for path in sorted(recordings.glob("*.flac")):
        files[path.stem].append(path)
    speakers = []
    for name, paths in files.items():
        clips = []
        for path in paths:
            samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
            clips.append(samples.mean(axis=1))
        ends = np.cumsum([len(clip) for clip in clips]) / sample_rate
        used = int(np.searchsorted(ends, REFERENCE_SECONDS)) + 1 if ends[-1] > TARGET_SECONDS else 0
        reference = np.concatenate(clips[:used]) if used else None
        speakers.append(Speaker(name, sample_rate, reference, np.concatenate(clips[used:]), recorded=True))
    return speakers


def _spoken() -> list[Speaker]:
    """What voices of espeak_ng say, where that plugin is installed."""
    if any(importlib.util.find_spec(name) is None for name in ("hay_say_espeak_ng", "espeakng_loader")):
        return []
    from hay_say_lab.domain.control import with_defaults
    from hay_say_lab.plugin import RequestText, VoiceFiles

    manifest = importlib.import_module("hay_say_espeak_ng.manifest").MANIFEST
    module, _, name = manifest.runtime.partition(":")
    runtime, voice, speakers = getattr(importlib.import_module(module), name)(), f"{manifest.id}:en-us", []
    runtime.load(VoiceFiles(voice))
    for label, chosen in SPOKEN.items():
        with tempfile.TemporaryDirectory() as folder:
            settings = with_defaults(manifest.offer("speak").controls, chosen)
            clip = runtime.speak(voice, RequestText(SPOKEN_TEXT), settings, BareContext(Path(folder))).clip
        speakers.append(Speaker(label, clip.sample_rate, None, clip.samples, recorded=False))
    runtime.unload(voice)
    return speakers


def _towards(
    target: Speaker, sources: list[Speaker], own: Mapping[str, np.ndarray], embed: Embed
) -> list[dict[str, Any]]:
    from hay_say_lab.domain.control import with_defaults
    from hay_say_lab.plugin import Clip, VoiceFiles
    from hay_say_world.manifest import CONTROLS
    from hay_say_world.runtime import WorldRuntime

    assert target.reference is not None
    runtime, rows = WorldRuntime(), []
    with tempfile.TemporaryDirectory() as folder:
        context = BareContext(Path(folder))
        fitted = runtime.fit(Clip(target.reference, target.sample_rate), context)
        runtime.load(VoiceFiles("world:target", fitted.files))
        for source in sources:
            clip = Clip(source.held_out, source.sample_rate)
            result = runtime.convert("world:target", clip, with_defaults(CONTROLS, {}), context).clip
            assert result is not None
            made = embed(result.samples, result.sample_rate)
            rows.append(
                {
                    "direction": f"{source.name} > {target.name}",
                    "recorded": source.recorded,
                    "unprocessed": _cosine(own[source.name], own[target.name]),
                    "converted": _cosine(made, own[target.name]),
                    "to_source": _cosine(made, own[source.name]),
                    "ceiling": _cosine(embed(target.reference, target.sample_rate), own[target.name]),
                }
            )
    return rows


def _summed_up(rows: list[dict[str, Any]]) -> dict[str, Any]:
    every, recorded = _means(rows), _means([row for row in rows if row["recorded"]])
    good = every["gain"] >= GOALS["gain"] and every["gap_closed"] >= GOALS["gap_closed"]
    return {
        "measured": True,
        "directions": [{key: _rounded(value) for key, value in row.items()} for row in rows],
        **every,
        "recorded_sources_only": recorded,
        "goals_met": good and every["rising"] == len(rows),
    }


def _means(rows: list[dict[str, Any]]) -> dict[str, Any]:
    before, after, ceiling = (
        float(np.mean([row[column] for row in rows])) for column in ("unprocessed", "converted", "ceiling")
    )
    return {
        "count": len(rows),
        "unprocessed": _rounded(before),
        "converted": _rounded(after),
        "ceiling": _rounded(ceiling),
        "gain": _rounded(after - before),
        "gap_closed": _rounded((after - before) / (ceiling - before)),
        "rising": sum(row["converted"] > row["unprocessed"] for row in rows),
        "closer_to_target_than_source": sum(row["converted"] > row["to_source"] for row in rows),
    }


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def _encoder() -> Embed:
    """Samples (N,), rate -> embedding of length 1. Resemblyzer 0.1.4 asks for two modules that are not needed
    here: webrtcvad, and a place in scipy that has moved; empty ones stand in for them while it is imported.
    """
    import librosa
    import scipy.ndimage

    stand_ins = {"webrtcvad": types.ModuleType("webrtcvad"), "scipy.ndimage.morphology": scipy.ndimage}
    added = [name for name in stand_ins if name not in sys.modules]
    sys.modules.update({name: stand_ins[name] for name in added})
    try:
        from resemblyzer import VoiceEncoder
    finally:
        for name in added:
            del sys.modules[name]
    encoder = VoiceEncoder("cpu", verbose=False)

    def embed(samples: np.ndarray, sample_rate: int) -> np.ndarray:
        sound = librosa.resample(samples, orig_sr=sample_rate, target_sr=_ENCODER_RATE)
        return encoder.embed_utterance(_without_pauses(sound * _ENCODER_LEVEL / np.sqrt(np.mean(sound**2))))

    return embed


def _without_pauses(samples: np.ndarray, window_seconds: float = 0.03, bridge_windows: int = 6) -> np.ndarray:
    """Samples without long pauses, judged by energy; what lies within 180 ms of speech stays."""
    from scipy.ndimage import binary_dilation

    width = int(window_seconds * _ENCODER_RATE)
    windows = samples[: len(samples) // width * width].reshape(-1, width)
    level = np.sqrt((windows**2).mean(axis=1))
    speech = binary_dilation(level > _PAUSE_BELOW * level.max(), np.ones(2 * bridge_windows + 1))
    return windows[speech].ravel()


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def main(arguments: list[str]) -> int:
    answer = measure(Path(arguments[0]) if arguments else RECORDINGS)
    json.dump(answer, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
