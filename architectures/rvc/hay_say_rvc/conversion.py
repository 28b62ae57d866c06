"""One clip through one voice: pitch, content, retrieval, sound, loudness; every step keeps what it has made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy
import torch

from hay_say_lab.plugin import Context, InvalidRequest
from hay_say_rvc import level, pitch_curve, retrieval
from hay_say_rvc.chunks import CONTEXT, FRAME, FRAMES_PER_SECOND, Chunk
from hay_say_rvc.journal import Arrays, Build, Journal, Tell
from hay_say_rvc.rendering import Latent, Manner, Renderer
from hay_say_rvc.settings import Settings
from hay_say_rvc.source import Shelf, Source
from hay_say_rvc.voice import Listeners, Voice
from hay_say_shared import autocorrelation, crepe, harvest, rmvpe_blocks

OVERLAP = 5                 # frames that a chunk fades in and out, on each side of its bounds
LOUDEST = 0.99
# Seconds of computing for a second of sound, for progress alone.
PITCH_WORK = {"rmvpe": 0.08, "harvest": 0.25, "autocorrelation": 0.03, "crepe": 2.0}
CONTENT_WORK, RETRIEVAL_WORK, RENDER_WORK = 0.15, 0.02, 0.5
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A source, a voice and settings. `samples` are those of the clip at `sample_rate`: the result is as long."""

    source: Source
    voice: Voice
    listeners: Listeners
    settings: Settings
    shelf: Shelf
    samples: int
    sample_rate: int

    @property
    def rate(self) -> int:
        return self.voice.network.sizes.sample_rate

    def perform(self, context: Context) -> numpy.ndarray:
        """-> sound (M,) float32 at the voice's rate, M = round(samples x rate / sample_rate)"""
        self._check()
        seconds = self.source.frames / FRAMES_PER_SECOND
        work = PITCH_WORK[self.settings.f0_method] + CONTENT_WORK + RETRIEVAL_WORK + RENDER_WORK
        journal = Journal(context, seconds * work)
        f0_hz = self._curve(journal)
        sound = context.samples(round(self.samples * self.rate / self.sample_rate))
        for chunk in self.source.chunks:
            self._lay(sound, chunk, self._rendered(chunk, f0_hz, journal, context.seed))
        self._level(sound)
        return sound

    def report(self) -> dict[str, Any]:
        """What was taken, as JSON."""
        return {
            "sample_rate": self.rate,
            "chunks": [[chunk.first / FRAMES_PER_SECOND, chunk.last / FRAMES_PER_SECOND] for chunk in self.source.chunks],
            "has_pitch": self.voice.network.sizes.has_pitch,
            "index": None if self.voice.index is None else len(self.voice.index.ids),
            "precision": self.settings.precision,
        }

    def _check(self) -> None:
        speakers = self.voice.network.sizes.speakers
        if self.settings.speaker >= speakers:
            raise InvalidRequest(
                f"This voice has {speakers} speakers, 0 to {speakers - 1}; there is no speaker {self.settings.speaker}.",
                field="settings.speaker",
                fix=f"Choose a number from 0 to {speakers - 1}.",
            )
        if self.settings.f0_method == "rmvpe" and self.listeners.read_pitch is None and self.voice.network.sizes.has_pitch:
            raise InvalidRequest(
                "The pitch method 'rmvpe' needs its network, which is not installed.",
                field="settings.f0_method",
                fix="Add rmvpe.pt to the library, or choose harvest.",
            )

    # ------------------------------------------------------------------------------------------------ pitch

    def _curve(self, journal: Journal) -> numpy.ndarray:
        """(frames + 2 CONTEXT,) float64 in Hz: found, treated, shifted, and drawn over."""
        settings, frames = self.settings, self.source.frames + 2 * CONTEXT
        work = PITCH_WORK[settings.f0_method] * frames / FRAMES_PER_SECOND
        if not self.voice.network.sizes.has_pitch:
            journal.known(work)
            return numpy.zeros(frames)
        name = ("pitch", self.source.key, settings.f0_method)
        found = self.shelf.get(*name)
        if found is None:
            found = journal.piece(self._found_pitch, work, "finding the pitch")
            self.shelf.put(found, *name)
        else:
            journal.known(work)
        f0_hz = pitch_curve.fitted(found["f0_hz"], frames)
        if settings.f0_method == "harvest" and settings.filter_radius > 2:
            f0_hz = pitch_curve.median_of_three(f0_hz)
        if settings.unvoiced == "fill":
            f0_hz = pitch_curve.filled(f0_hz)
        f0_hz = pitch_curve.shifted(f0_hz, settings.pitch_semitones)
        seconds, hertz = settings.points()
        return pitch_curve.drawn_over(f0_hz, seconds + CONTEXT / FRAMES_PER_SECOND, hertz)

    def _found_pitch(self, tell: Tell) -> Arrays:
        sound = self.source.padded[: (self.source.frames + 2 * CONTEXT) * FRAME]
        match self.settings.f0_method:
            case "harvest":
                f0_hz = harvest.pitch(sound, tell=tell)
            case "crepe":
                f0_hz = crepe.pitch(sound, device=str(self.listeners.content.project.weight.device), tell=tell)
            case "autocorrelation":
                f0_hz = autocorrelation.pitch(sound, tell=tell)
            case _:
                network = self.listeners.pitch
                assert network is not None, "checked before"
                given = torch.from_numpy(numpy.ascontiguousarray(sound, dtype=numpy.float32))
                with torch.inference_mode():
                    f0_hz = rmvpe_blocks.pitch(network, given.to(network.picture.cnn.weight.device), tell=tell)
        return {"f0_hz": f0_hz}

    # ---------------------------------------------------------------------------------------------- content

    def _features(self, chunk: Chunk, f0_hz: numpy.ndarray, journal: Journal) -> numpy.ndarray:
        """(T, D) float32 at 100 a second for a chunk and its context: blended with the index, and protected."""
        settings, frames = self.settings, chunk.frames + 2 * CONTEXT
        name = (self.source.key, self.voice.version, str(chunk.first))
        seconds = frames / FRAMES_PER_SECOND
        own = self._shelved(("content", *name), journal, CONTENT_WORK * seconds, "hearing the words", lambda tell: {
            "features": self.listeners.features(self.source.heard_by(chunk), self.voice.version, lambda: tell(0.5))
        })["features"]  # fmt: skip
        index = self.voice.index
        if index is None or settings.index_ratio == 0:
            journal.known(RETRIEVAL_WORK * seconds)
            return retrieval.doubled(own)[:frames]
        drawn = self._shelved(
            ("drawn", self.voice.id, *name), journal, RETRIEVAL_WORK * seconds, "looking into the index",
            lambda tell: {"drawn": retrieval.retrieved(index, retrieval.search(index, own))},
        )["drawn"]  # fmt: skip
        blended = retrieval.doubled(retrieval.blend(own, drawn, settings.index_ratio))[:frames]
        if settings.protect >= 0.5 or not self.voice.network.sizes.has_pitch:
            return blended
        curve = f0_hz[chunk.first : chunk.first + frames]
        return retrieval.protected(blended, retrieval.doubled(own)[:frames], curve, settings.protect)

    def _shelved(self, name: tuple[str, ...], journal: Journal, work: float, message: str, build: Build) -> Arrays:
        found = self.shelf.get(*name)
        if found is not None:
            journal.known(work)
            return found
        made = journal.piece(build, work, message)
        self.shelf.put(made, *name)
        return made

    # ------------------------------------------------------------------------------------------------ sound

    def _rendered(self, chunk: Chunk, f0_hz: numpy.ndarray, journal: Journal, seed: int) -> numpy.ndarray:
        """The chunk with its overlaps (M,) float32 at the voice's rate"""
        features = self._features(chunk, f0_hz, journal)
        settings = self.settings
        manner = Manner(seed, settings.speaker, settings.variation, settings.formant_semitones)
        renderer = self.voice.fast if settings.precision == "fast" else self.voice.exact
        first, last = self._reach(chunk)
        latent = renderer.latent(chunk, first, last, features, f0_hz, manner)
        parts = list(self._decoded(renderer, latent, journal))
        begin = CONTEXT - chunk.first
        return renderer.played(latent, numpy.concatenate(parts), first + begin, last + begin)

    @staticmethod
    def _decoded(renderer: Renderer, latent: Latent, journal: Journal) -> Iterator[numpy.ndarray]:
        for first, last in latent.parts():
            work = RENDER_WORK * (last - first) / FRAMES_PER_SECOND

            def decode(tell: Tell, first: int = first, last: int = last) -> Arrays:
                return {"sound": renderer.decode(latent, first, last, tell)}

            yield journal.piece(decode, work, "making the sound")["sound"]

    def _reach(self, chunk: Chunk) -> tuple[int, int]:
        """A chunk's frames with its overlaps; there is none at the ends of the clip."""
        return max(0, chunk.first - OVERLAP), min(self.source.frames, chunk.last + OVERLAP)

    def _lay(self, sound: numpy.ndarray, chunk: Chunk, rendered: numpy.ndarray) -> None:
        """Add a chunk to the result, faded where it overlaps its neighbours: both weights make one."""
        samples = self.voice.network.sizes.samples_per_frame
        first, last = self._reach(chunk)
        fade = 0.5 - 0.5 * numpy.cos(numpy.pi * (numpy.arange(2 * OVERLAP * samples) + 0.5) / (2 * OVERLAP * samples))
        laid = rendered.copy()
        if first < chunk.first:
            laid[: len(fade)] *= fade.astype(numpy.float32)
        if last > chunk.last:
            laid[-len(fade) :] *= fade[::-1].astype(numpy.float32)
        part = sound[first * samples : last * samples]
        part += laid[: len(part)]

    def _level(self, sound: numpy.ndarray) -> None:
        """The source's loudness laid over the result, as far as is asked for; and no peak above 0.99."""
        mix = self.settings.envelope_mix
        if mix != 1:
            heard = level.envelope(self.source.sound, level.SAMPLE_RATE), level.envelope(sound, self.rate)
            for first, gain in level.gains(*heard, mix, len(sound)):
                sound[first : first + len(gain)] *= gain.astype(numpy.float32)
        peak = max((float(numpy.abs(sound[first : first + _BLOCK]).max()) for first in range(0, len(sound), _BLOCK)), default=0)
        if peak > LOUDEST:
            for first in range(0, len(sound), _BLOCK):
                sound[first : first + _BLOCK] *= numpy.float32(LOUDEST / peak)
