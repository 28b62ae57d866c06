"""RMVPE over sound of any length: pictures in blocks with their whole reach around them, the recurrent layer over all.

What grows with the sound is 384 + 256 numbers for each 10 ms; all else is as large as one block.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy
import torch
from torch import Tensor
from torch.nn import functional

from hay_say_shared.mel import frame_count, log_mel
from hay_say_shared.rmvpe import CUES, HIDDEN, MULTIPLE, REACH, Rmvpe
from hay_say_shared.salience import THRESHOLD, pitch_of

MARGIN = -(-REACH // MULTIPLE) * MULTIPLE       # frames, a multiple of 32: 16.3 s
BLOCK = 4096                                    # frames of a block, its margins not counted: 41 s
_STEP = 1024                                    # frames of the recurrent layer between two calls of `tell`

Tell = Callable[[float], None]


def pitch(network: Rmvpe, sound: Tensor, *, threshold: float = THRESHOLD, block: int = BLOCK,
          tell: Tell | None = None) -> numpy.ndarray:  # fmt: skip
    """sound (N,) at 16 kHz -> f0 (N // 160 + 1,) float64 in Hz, 0 where unvoiced.

    tell: called with the share done (0..1); it may raise to stop.
    """
    say = tell or (lambda share: None)
    frames = frame_count(len(sound))
    cues = all_cues(network, log_mel(sound[None]), block=block, tell=lambda share: say(0.9 * share))
    return read(network, cues, frames, threshold, lambda share: say(0.9 + 0.1 * share))


def all_cues(network: Rmvpe, mel: Tensor, *, block: int = BLOCK, tell: Tell | None = None) -> Tensor:
    """mel (1, 128, T) -> cues (1, T', 384), T' = T filled up with zeros to a multiple of 32."""
    padded = functional.pad(mel, (0, -mel.shape[2] % MULTIPLE))
    frames = padded.shape[2]
    whole = min(block + 2 * MARGIN, frames)
    say = tell or (lambda share: None)
    if frames <= whole:
        return network.picture(padded, lambda: say(0.0))
    cues = padded.new_empty((1, frames, CUES))
    for first in range(0, frames, block):
        last = min(first + block, frames)
        left = max(0, min(first - MARGIN, frames - whole))
        made = network.picture(padded[:, :, left : left + whole], lambda share=first / frames: say(share))
        cues[:, first:last] = made[:, first - left : last - left]
        say(last / frames)
    return cues


def read(network: Rmvpe, cues: Tensor, frames: int, threshold: float, tell: Tell) -> numpy.ndarray:
    """cues (1, T', 384) of all frames -> f0 of the first `frames`, float64 in Hz."""
    reader, count = network.reader, cues.shape[1]
    onward = cues.new_empty((1, count, HIDDEN))
    state: Tensor | None = None
    for first in range(0, count, _STEP):
        onward[:, first : first + _STEP], state = reader.forwards(cues[:, first : first + _STEP], state)
        tell(0.5 * first / count)
    f0_hz = numpy.zeros(count)
    state = None
    for last in range(count, 0, -_STEP):
        first = max(0, last - _STEP)
        turned, state = reader.backwards(cues[:, first:last].flip(1), state)
        hidden = torch.cat([onward[:, first:last], turned.flip(1)], dim=2)
        f0_hz[first:last] = pitch_of(reader.salience(hidden)[0].float().cpu().numpy(), threshold)
        tell(1.0 - 0.5 * first / count)
    return f0_hz[:frames]

