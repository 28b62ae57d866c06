"""A decoder in blocks: the same samples as at once, to rounding, in memory and caches that do not grow with the clip.

Each stage is cut by itself, and finer the more samples a frame has there: the stages near the sound need a margin of a
fraction of a frame only, and their arrays are those that leave the processor's caches. All windows of one stage have
one length (at the ends they are moved inwards), so that the allocator gives the same memory again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hay_say_shared.hifigan import KERNEL, Decoder, flat

Tell = Callable[[int], None]

# Frames in one window of each stage, its margins not counted: see docs/benchmarks.md.
PROCESSOR_FRAMES = (240, 60, 30, 15, 15)


@dataclass(frozen=True, slots=True)
class Window:
    """Inputs [left, right) of a stage that give what is wanted of it exactly."""

    left: int
    right: int
    start: int      # wanted are [start, stop)
    stop: int


def windows(start: int, stop: int, size: int, margin: int, length: int) -> Iterator[Window]:
    """Cut the wanted inputs [start, stop) of a stage with `length` inputs into windows of one length, margins included."""
    whole = min(size + 2 * margin, length)
    for first in range(start, stop, size):
        last = min(first + size, stop)
        left = max(0, min(first - margin, length - whole))
        yield Window(left, left + whole, first, last)


class BlockDecoder:
    """`Decoder.forward` in blocks of `frames` (one number a stage; the last one counts for further stages)."""

    def __init__(self, decoder: Decoder, frames: tuple[int, ...] = PROCESSOR_FRAMES) -> None:
        self._decoder = decoder
        shape = decoder.shape
        stages = len(shape.rates)
        self._sizes = [frames[min(index, len(frames) - 1)] for index in range(stages)]
        self._margins = [0] * stages        # in inputs of each stage
        self._per_frame = [1] * stages      # inputs of each stage in a frame
        for index in range(1, stages):
            self._per_frame[index] = self._per_frame[index - 1] * shape.rates[index - 1]
        need = KERNEL // 2
        for index in reversed(range(stages)):
            rate, kernel = shape.rates[index], shape.kernels[index]
            need = -(-(need + shape.residual_reach + 1) // rate) + -(-(kernel - rate) // (2 * rate)) + 1
            self._margins[index] = need
        self.margin_frames = need + KERNEL // 2

    def decode(
        self, z: Tensor, excitation: Tensor | None, condition: Tensor, start: int, stop: int, tell: Tell | None = None
    ) -> Tensor:
        """z (B, latent, T), excitation (B, 1, N), condition (B, H, 1) -> sound (B, 1, M) of the frames [start, stop)

        tell: is called with the frames done after each block of the first stage; it may raise to stop.
        """
        sound = z.new_empty((z.shape[0], 1, (stop - start) * self._decoder.shape.samples_per_frame), dtype=torch.float32)
        heard = None if excitation is None else flat(excitation)
        entry, frames = KERNEL // 2, z.shape[2]
        for cut in windows(start, stop, self._sizes[0], self._margins[0] + entry, frames):
            x = self._decoder.enter(flat(z[:, :, cut.left : cut.right]), flat(condition))
            self._stage(0, x, cut.left, heard, cut.start, cut.stop, sound, start)
            if tell is not None:
                tell(cut.stop - start)
        return sound

    def _stage(
        self, index: int, x: Tensor, offset: int, heard: Tensor | None, start: int, stop: int, sound: Tensor, origin: int
    ) -> None:
        """Inputs x of a stage, which begin at input `offset` of the whole, to the sound of its inputs [start, stop)."""
        stages = self._decoder.stages
        if index == len(stages):
            found = self._decoder.leave(x)[:, :, 0, start - offset : stop - offset]
            first = start - origin * self._decoder.shape.samples_per_frame
            sound[:, :, first : first + stop - start] = found
            return
        size = self._sizes[index] * self._per_frame[index]
        stage = stages[index]
        for cut in windows(start - offset, stop - offset, size, self._margins[index], x.shape[3]):
            left, right = cut.left + offset, cut.right + offset
            step = stage.rate * stage.later
            part = None if heard is None else heard[:, :, :, left * step : right * step]
            y = stage(x[:, :, :, cut.left : cut.right], part)
            first, last = (cut.start + offset) * stage.rate, (cut.stop + offset) * stage.rate
            self._stage(index + 1, y, left * stage.rate, heard, first, last, sound, origin)
