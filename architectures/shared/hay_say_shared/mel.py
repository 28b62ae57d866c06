"""Log-mel pictures of sound, as RMVPE was trained on them."""

from __future__ import annotations

from functools import cache

import numpy
import torch
from torch import Tensor
from torch.nn import functional

SAMPLE_RATE = 16_000
HOP = 160                   # samples: a frame every 10 ms
WINDOW = 1024
BINS = 128
LOWEST_HZ, HIGHEST_HZ = 30.0, 8000.0
FLOOR = 1e-5                # of a magnitude, before the logarithm
_BLOCK = 3000               # frames in work at once


def hertz_of_htk_mel(mel: numpy.ndarray) -> numpy.ndarray:
    """The scale of HTK: 2595 log10(1 + f / 700)."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


@cache
def filters() -> Tensor:
    """(128, 513): triangles between points that are even on the HTK scale, each of area 1 in Hz ('slaney')."""
    low, high = (2595.0 * numpy.log10(1.0 + hertz / 700.0) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    points = hertz_of_htk_mel(numpy.linspace(low, high, BINS + 2))
    heard = numpy.linspace(0.0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    rising = (heard[None, :] - points[:-2, None]) / numpy.diff(points)[:-1, None]
    falling = (points[2:, None] - heard[None, :]) / numpy.diff(points)[1:, None]
    triangles = numpy.maximum(0.0, numpy.minimum(rising, falling))
    triangles *= 2.0 / (points[2:, None] - points[:-2, None])
    return torch.from_numpy(triangles.astype(numpy.float32))


def frame_count(samples: int) -> int:
    return samples // HOP + 1


def log_mel(sound: Tensor) -> Tensor:
    """sound (B, N) at 16 kHz -> (B, 128, T), T = N // 160 + 1; frames are centred, the ends mirrored."""
    padded = _mirrored(sound, WINDOW // 2)
    window = torch.hann_window(WINDOW, device=sound.device)
    triangles = filters().to(sound.device)
    made = []
    frames = frame_count(sound.shape[1])
    for first in range(0, frames, _BLOCK):
        last = min(first + _BLOCK, frames)
        part = padded[:, first * HOP : (last - 1) * HOP + WINDOW]
        spectrum = torch.stft(part, WINDOW, HOP, window=window, center=False, return_complex=True)
        made.append(torch.log(torch.clamp(triangles @ spectrum.abs(), min=FLOOR)))
    return torch.cat(made, dim=2)


def _mirrored(sound: Tensor, side: int) -> Tensor:
    """Mirrored at both ends; a sound that is too short for one mirror is mirrored again and again, as numpy does."""
    if sound.shape[1] > side:
        return functional.pad(sound[:, None, :], (side, side), mode="reflect")[:, 0]
    mirrored = numpy.pad(sound.cpu().numpy(), ((0, 0), (side, side)), mode="reflect")
    return torch.from_numpy(mirrored).to(sound.device)
