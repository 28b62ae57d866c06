"""The harmonic source of neural source-filter decoders (X. Wang, S. Takaki, J. Yamagishi, 2019): a sine and noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

AMPLITUDE = 0.1             # of the sine
VOICED_NOISE = 0.003        # standard deviation of the noise that goes with it
UNVOICED_NOISE = AMPLITUDE / 3


def sine_and_noise(f0_hz: Tensor, noise: Tensor, sample_rate: int, *, first_phase: Tensor | None = None) -> Tensor:
    """f0 (B, T) in Hz, 0 where unvoiced; noise (B, N) of variance 1 with N = T x samples a frame -> (B, N) float32.

    The pitch stands still inside a frame, so sample j of frame i has the phase (in turns)
    sum_{k<i} n f0_k / rate + (j + 1) f0_i / rate: a closed form in float64, as exact at the end of an hour as at its
    beginning. first_phase (B,): turns before the first frame, for a part of something longer.
    """
    samples = noise.shape[1] // f0_hz.shape[1]                          # in a frame
    turns = f0_hz.double() / sample_rate                                # (B, T) in a sample
    before = (torch.cumsum(turns, dim=1) - turns) * samples
    if first_phase is not None:
        before = before + first_phase.double()[:, None]
    steps = torch.arange(1, samples + 1, dtype=torch.float64, device=f0_hz.device)
    phase = before.remainder(1.0)[:, :, None] + turns[:, :, None] * steps           # (B, T, samples)
    sine = torch.sin(phase.remainder_(1.0).mul_(2 * math.pi)).float()
    voiced = (f0_hz > 0)[:, :, None]
    loudness = torch.where(voiced, VOICED_NOISE, UNVOICED_NOISE).to(noise.dtype)
    return (sine * AMPLITUDE * voiced).flatten(1) + noise * loudness.expand(-1, -1, samples).flatten(1)


def phase_after(f0_hz: Tensor, samples: int, sample_rate: int) -> Tensor:
    """Turns (B,) behind the last of the frames (B, T) of `samples` samples each, without their whole part."""
    return (f0_hz.double().sum(dim=1) * samples / sample_rate).remainder(1.0)


class HarmonicSource(nn.Module):
    """Sine and noise through one learnt gain, offset and a tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.l_linear = nn.Linear(1, 1)

    def forward(
        self, f0_hz: Tensor, noise: Tensor, sample_rate: int, *, first_phase: Tensor | None = None
    ) -> Tensor:
        """f0 (B, T) in Hz, noise (B, N) -> excitation (B, 1, N)"""
        source = sine_and_noise(f0_hz, noise, sample_rate, first_phase=first_phase)
        return torch.tanh(source * self.l_linear.weight[0, 0] + self.l_linear.bias)[:, None, :]
