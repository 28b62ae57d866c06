"""Residual coupling flow of VITS, run backwards: from the prior's latent to the decoder's, mean only.

Glow (D. Kingma, P. Dhariwal, 2018) with WaveNet blocks (R. Prenger, R. Valle, B. Catanzaro, 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GatedStack(nn.Module):
    """Dilated gated convolutions with a condition for each layer and a sum of skips (WaveNet's block)."""

    def __init__(self, channels: int, kernel: int, dilation_rate: int, layers: int, condition: int) -> None:
        super().__init__()
        self.channels, self.layers = channels, layers
        self.cond_layer = nn.Conv1d(condition, 2 * channels * layers, 1)
        self.in_layers = nn.ModuleList()
        self.res_skip_layers = nn.ModuleList()
        for layer in range(layers):
            dilation = dilation_rate**layer
            padding = (kernel - 1) * dilation // 2
            self.in_layers.append(nn.Conv1d(channels, 2 * channels, kernel, dilation=dilation, padding=padding))
            self.res_skip_layers.append(nn.Conv1d(channels, (2 if layer < layers - 1 else 1) * channels, 1))

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """x (B, C, T), mask (B, 1, T), condition (B, H, 1 or T) -> (B, C, T)"""
        conditions = self.cond_layer(condition).chunk(self.layers, dim=1)       # (B, 2 C, 1 or T) each
        skips = torch.zeros_like(x)
        for layer in range(self.layers):
            filtered, gate = (self.in_layers[layer](x) + conditions[layer]).chunk(2, dim=1)
            passed = self.res_skip_layers[layer](torch.tanh(filtered) * torch.sigmoid(gate))
            if layer < self.layers - 1:
                x = (x + passed[:, : self.channels]) * mask
                skips = skips + passed[:, self.channels :]
            else:
                skips = skips + passed
        return skips * mask


class Coupling(nn.Module):
    """One half of the channels is moved by what the other half says."""

    def __init__(self, channels: int, hidden: int, kernel: int, dilation_rate: int, layers: int, condition: int) -> None:
        super().__init__()
        self.half = channels // 2
        self.pre = nn.Conv1d(self.half, hidden, 1)
        self.enc = GatedStack(hidden, kernel, dilation_rate, layers, condition)
        self.post = nn.Conv1d(hidden, self.half, 1)

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """x (B, C, T), mask (B, 1, T), condition (B, H, 1 or T) -> (B, C, T), the inverse direction"""
        still, moved = x.split(self.half, dim=1)
        mean = self.post(self.enc(self.pre(still) * mask, mask, condition)) * mask
        return torch.cat([still, (moved - mean) * mask], dim=1)


class CouplingFlow(nn.Module):
    """Couplings with the channels turned round between them. `reach`: frames to each side that a frame depends on."""

    def __init__(
        self, channels: int, hidden: int, condition: int, *, kernel: int = 5, dilation_rate: int = 1, layers: int = 3,
        couplings: int = 4,
    ) -> None:  # fmt: skip
        super().__init__()
        # Official files count a turn behind each coupling: couplings have the even numbers.
        self.flows = nn.ModuleDict(
            {
                str(2 * index): Coupling(channels, hidden, kernel, dilation_rate, layers, condition)
                for index in range(couplings)
            }
        )
        steps = sum(dilation_rate**layer for layer in range(layers))
        self.reach = couplings * steps * (kernel - 1) // 2      # 24 frames with the sizes that are common

    def forward(self, z: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """z (B, C, T) of the prior, mask (B, 1, T), condition (B, H, 1 or T) -> z (B, C, T) of the decoder"""
        for coupling in reversed(self.flows.values()):
            z = coupling(z.flip(1), mask, condition)
        return z
