"""A clip that is longer than its architecture takes at once: cut at quiet places, converted in pieces, joined to the sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.clip_writer import ClipWriter
from hay_say_lab.audio.objects import read_clip
from hay_say_lab.audio.splitting import Joiner, Piece, energy_of, pieces
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import WorkerFailed
from hay_say_lab.plugin import Result, Runtime
from hay_say_lab.worker.context import StageContext
from hay_say_lab.worker.joined_documents import Place, join_documents
from hay_say_lab.worker.piecewise import PieceContext, Piecework, piece_seed

if TYPE_CHECKING:
    import numpy

BLOCK_FRAMES = 1 << 16
LISTENING_SHARE = 0.2       # of a stage's progress, where an architecture listens before it converts
LEEWAY_SECONDS = 0.02       # by which a converted piece may be shorter or longer than what was given


def convert(
    runtime: Runtime, voice: str, settings: Mapping[str, Any], context: StageContext, limits: Mapping[str, Any]
) -> Result:
    """Convert the clip of a stage, in pieces where it is longer than `limits` (as `Offer.limits` tells them)."""
    path = context.inputs["clip"]
    sample_rate, found = cut(path, limits)
    clip = LongClip(runtime, voice, settings, context, path, sample_rate, found)
    begin = 0.0
    if limits["pools"]:
        context.pooled = [clip.heard(piece) for piece in found]
        begin = LISTENING_SHARE
    if len(found) > 1:
        return clip.converted(begin)
    inside = PieceContext(context, context.shelf, seed=context.seed, begin=begin, end=1.0, label="")
    return runtime.convert(voice, read_clip(path), settings, inside)


def cut(path: Path, limits: Mapping[str, Any]) -> tuple[int, list[Piece]]:
    """The sample rate of a clip, and its pieces: one where it need not be cut. The same clip is always cut alike."""
    import soundfile

    longest = limits["longest_seconds"]
    with soundfile.SoundFile(path) as file:
        rate, frames = file.samplerate, file.frames
        if longest is None or frames <= int(longest * rate):
            return rate, [Piece(0, 0, frames, 0)]
        energy = energy_of(_blocks(file), rate)
    overlap, shortest = limits["overlap_seconds"], limits["shortest_seconds"]
    return rate, pieces(energy, frames, rate, longest, overlap, shortest_seconds=shortest)


def _blocks(file: Any) -> Iterator[numpy.ndarray]:
    while len(block := file.read(BLOCK_FRAMES, dtype="float32")):
        yield block


def _read(path: Path, piece: Piece) -> Clip:
    import soundfile

    with soundfile.SoundFile(path) as file:
        file.seek(piece.first)
        return Clip(file.read(piece.past - piece.first, dtype="float32"), file.samplerate)


@dataclass(frozen=True)
class LongClip:
    """A clip on its way through a runtime, piece by piece."""

    runtime: Runtime
    voice: str
    settings: Mapping[str, Any]
    context: StageContext
    path: Path
    sample_rate: int
    pieces: list[Piece]

    def heard(self, piece: Piece) -> Mapping[str, numpy.ndarray]:
        """What the runtime hears in a piece; kept, so that the next attempt need not listen again."""
        shelf, count = self.context.shelf.below("heard"), len(self.pieces)
        kept = shelf.kept(piece.index)
        if kept is None:
            room = shelf.below(f"piece-{piece.index:06d}")
            inside = PieceContext(
                self.context,
                room,
                seed=piece_seed(self.context.seed, piece.index) if count > 1 else self.context.seed,
                begin=LISTENING_SHARE * piece.index / count,
                end=LISTENING_SHARE * (piece.index + 1) / count,
                label=f"listening to piece {piece.index + 1} of {count}" if count > 1 else "listening",
            )
            told = self.runtime.listen(self.voice, _read(self.path, piece), self.settings, inside)
            shelf.keep(piece.index, told)
            room.clear()
            kept = shelf.kept(piece.index)
        if kept is None:
            raise WorkerFailed("What the architecture heard cannot be kept.", fix="Tell its author.")
        return kept

    def converted(self, begin: float) -> Result:
        """All pieces in order; what lies in memory is one of them and the overlap with the next."""
        work = Piecework(self.context, len(self.pieces), begin)
        out = self.context.out
        clip = out / "clip.w64"
        with ClipWriter(clip) as writer:
            joiner: Joiner | None = None
            for piece in self.pieces:
                sound = work.sound(piece.index, (piece.first, piece.past), partial(self._convert, piece))
                writer.begin(sound.sample_rate)
                joiner = joiner or Joiner(self.sample_rate, sound.sample_rate, writer.write)
                last = piece.index + 1 == len(self.pieces)
                joiner.add(piece, sound.samples, last=last)
                if not last:
                    joiner.keep(self.pieces[piece.index + 1])
            files = join_documents(
                out, work.roles, self._places(writer.sample_rate), work.documents, writer.sample_rate
            )
        return Result(files={"clip": clip, **files})

    def _convert(self, piece: Piece, inside: PieceContext) -> Result:
        """Raises WorkerFailed where a piece does not come back in its own length."""
        given = _read(self.path, piece)
        result = self.runtime.convert(self.voice, given, self.settings, inside)
        made = result.clip
        if made is None:
            raise WorkerFailed("The architecture gave no sound of a piece.", fix="Tell its author.")
        if abs(made.seconds - given.seconds) > LEEWAY_SECONDS:
            raise WorkerFailed(
                f"The architecture gave {made.seconds:.3f} s of sound for a piece of {given.seconds:.3f} s.",
                fix="Tell its author.",
            )
        return result

    def _places(self, sample_rate: int) -> list[Place]:
        """A piece's own part goes from the middle of one overlap to the middle of the next."""
        scale = sample_rate / self.sample_rate
        edges = [piece.first + piece.lead // 2 for piece in self.pieces] + [self.pieces[-1].past]
        return [
            Place(
                start=round(edges[piece.index] * scale),
                end=round(edges[piece.index + 1] * scale),
                zero=round(piece.first * scale),
                shared=True,
                report={
                    "first": piece.first,
                    "past": piece.past,
                    "seed": piece_seed(self.context.seed, piece.index),
                },
            )
            for piece in self.pieces
        ]
