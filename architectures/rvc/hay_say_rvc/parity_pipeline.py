"""Our pipeline with stand-ins for its networks, on the case that shows how upstream cuts long input.

It is told for information: ours gives the exact length and cuts elsewhere, so its samples are others from the first cut on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy
import torch

from hay_say_rvc.chunks import CONTEXT, Chunk
from hay_say_rvc.conversion import Conversion
from hay_say_rvc.level import SAMPLE_RATE
from hay_say_rvc.rendering import Latent, Manner, Renderer
from hay_say_rvc.settings import Settings
from hay_say_rvc.source import Shelf, heard
from hay_say_rvc.synthesizer import Sizes
from hay_say_rvc.voice import Listeners, Voice
from hay_say_shared.hifigan import Shape
from hay_say_shared.hubert_frames import HOP, REACH, feature_count
from hay_say_shared.parity_case import Arrays, Case

DIMENSION = 768
RATES = (10, 10, 2, 2)


class _Ear(Listeners):
    """A feature is the mean of its 400 samples, times a cosine."""

    def __init__(self) -> None:
        pass

    def features(
        self, sound: numpy.ndarray, version: str, tell: Callable[[], None] | None = None
    ) -> numpy.ndarray:
        means = [sound[HOP * i : HOP * i + REACH].mean() for i in range(feature_count(len(sound)))]
        return (numpy.array(means)[:, None] * numpy.cos(0.1 * numpy.arange(DIMENSION))).astype(numpy.float32)


class _Throat(Renderer):
    """A frame of sound is 3 times its feature, and a little of its pitch."""

    def __init__(self, samples_per_frame: int) -> None:
        self._samples = samples_per_frame

    def latent(
        self, chunk: Chunk, first: int, last: int, features: numpy.ndarray, f0_hz: numpy.ndarray, manner: Manner
    ) -> Latent:
        from hay_say_rvc.pitch_curve import coarse

        curve = f0_hz[chunk.first : chunk.first + len(features)]
        values = 3.0 * features[:, 0] + 1e-3 * curve + 1e-4 * coarse(curve)
        nothing = torch.zeros(1, 1, 1)
        start, stop = first - chunk.first + CONTEXT, last - chunk.first + CONTEXT
        return Latent(torch.from_numpy(values)[None, None], None, nothing, start, stop, len(values))

    def decode(self, latent: Latent, first: int, last: int, tell: Callable[[float], None]) -> numpy.ndarray:
        frames = latent.z[0, 0, first:last].numpy()
        return numpy.repeat(frames, self._samples).astype(numpy.float32)


class _Network:
    """The sizes of a voice, and nothing else of it."""

    def __init__(self, sample_rate: int) -> None:
        self.sizes = Sizes(DIMENSION, sample_rate, Shape(1, 1, 16, RATES, (16, 16, 4, 4)), 1)


class _Voice(Voice):
    @property
    def exact(self) -> Renderer:
        return _Throat(self.network.sizes.samples_per_frame)


class _Stage:
    """A context that keeps nothing."""

    seed = 0
    device = "cpu"
    inputs: Mapping[str, Path] = {}
    pooled: Sequence[Mapping[str, numpy.ndarray]] = ()

    def __init__(self, out: Path) -> None:
        self.out = out

    def samples(self, count: int) -> numpy.ndarray:
        return numpy.zeros(count, dtype=numpy.float32)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        return

    def kept(self, piece: int) -> dict[str, numpy.ndarray] | None:
        return None

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        return


def pipeline_chunking(case: Case) -> Arrays:
    """What comes of the case's sound, as 16-bit samples."""
    document = case.document
    sound = (case.inputs["audio_int16"] / 32768.0).astype(numpy.float32)
    settings = Settings(
        pitch_semitones=float(document["f0_up_key"]), f0_method="harvest", filter_radius=0, unvoiced="fill",
        protect=float(document["protect"]), envelope_mix=float(document["rms_mix_rate"]),
    )  # fmt: skip
    voice = _Voice("rvc:case", "v2", _Network(int(document["sr"])))  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        stage = _Stage(Path(folder))
        source = heard(sound, SAMPLE_RATE, stage.samples)
        frames = numpy.arange(source.frames + 2 * CONTEXT + 1)
        f0_hz = numpy.where(frames % 50 < 10, 0.0, 200.0 + 50.0 * numpy.sin(frames / 20))
        shelf = Shelf()
        shelf.put({"f0_hz": f0_hz}, "pitch", source.key, "harvest")
        made = Conversion(source, voice, _Ear(), settings, shelf, len(sound), SAMPLE_RATE).perform(stage)
    peak = float(numpy.abs(made).max()) / 0.99
    return {"audio_int16": (made * (32768.0 / max(peak, 1.0))).astype(numpy.int16)}
