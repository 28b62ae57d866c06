"""The NSF-HiFiGAN decoder: latent frames and a harmonic source to sound.

HiFi-GAN (J. Kong, J. Kim, J. Bae, 2020) with a source branch at each stage (NSF). Convolutions over time are held as
two-dimensional ones of height 1, with channels last: the same sums, in an order that processors and cards like better.
Weights are folded. Sizes: B batch, C channels, T frames, N samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1                 # of the leaky units inside
LAST_SLOPE = 0.01           # of the one before the last convolution
KERNEL = 7                  # of the first and the last convolution


@dataclass(frozen=True, slots=True)
class Shape:
    """What decoders differ in. `rates` and `kernels` of the transposed convolutions, one a stage."""

    latent: int
    condition: int
    first_channels: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    block_kernels: tuple[int, ...] = (3, 7, 11)
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    has_source: bool = True

    @property
    def samples_per_frame(self) -> int:
        return math.prod(self.rates)

    @property
    def residual_reach(self) -> int:
        """Samples to each side that a sample behind the residual blocks depends on."""
        return max(
            sum((kernel - 1) // 2 * (dilation + 1) for dilation in dilations)
            for kernel, dilations in zip(self.block_kernels, self.block_dilations, strict=True)
        )


def _flat(inputs: int, outputs: int, kernel: int, *, dilation: int = 1, stride: int = 1, padding: int = 0,
          bias: bool = True) -> nn.Conv2d:  # fmt: skip
    """A convolution over time, as a two-dimensional one of height 1."""
    return nn.Conv2d(
        inputs, outputs, (1, kernel), stride=(1, stride), dilation=(1, dilation), padding=(0, padding), bias=bias
    )


class ResidualBlock(nn.Module):
    """Pairs of convolutions, a dilated and a plain one, each pair added to what went in."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        side = (kernel - 1) // 2
        self.convs1 = nn.ModuleList(_flat(channels, channels, kernel, dilation=d, padding=side * d) for d in dilations)
        self.convs2 = nn.ModuleList(_flat(channels, channels, kernel, padding=side) for _ in dilations)

    def forward(self, x: Tensor, rectified: Tensor) -> Tensor:
        """x (B, C, 1, N), rectified = leaky(x), which the blocks of a stage share -> (B, C, 1, N)"""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = functional.leaky_relu_(dilated(rectified), SLOPE)
            x = plain(inner).add_(x)
            if plain is not self.convs2[-1]:
                rectified = functional.leaky_relu(x, SLOPE)
        return x


class Stage(nn.Module):
    """Up by `rate`, the source added, and the mean of the residual blocks."""

    def __init__(self, shape: Shape, index: int) -> None:
        super().__init__()
        inputs, outputs = shape.first_channels >> index, shape.first_channels >> (index + 1)
        rate, kernel = shape.rates[index], shape.kernels[index]
        later = math.prod(shape.rates[index + 1 :])
        self.up = nn.ConvTranspose2d(inputs, outputs, (1, kernel), (1, rate), (0, (kernel - rate) // 2))
        self.source: nn.Module | None = None
        if shape.has_source:
            wide = 1 if later == 1 else 2 * later
            self.source = _flat(1, outputs, wide, stride=later, padding=later // 2 if later > 1 else 0)
        self.blocks = nn.ModuleList(
            ResidualBlock(outputs, kernel, dilations)
            for kernel, dilations in zip(shape.block_kernels, shape.block_dilations, strict=True)
        )
        self.rate, self.later, self.outputs = rate, later, outputs

    def forward(self, x: Tensor, excitation: Tensor | None) -> Tensor:
        """x (B, 2 C, 1, M), excitation (B, 1, 1, M x rate x later) -> (B, C, 1, M x rate)"""
        x = self.up(functional.leaky_relu(x, SLOPE))
        if self.source is not None and excitation is not None:
            x = x.add_(self.source(excitation))
        rectified = functional.leaky_relu(x, SLOPE)
        total = self.blocks[0](x, rectified)
        for block in self.blocks[1:]:
            total = total.add_(block(x, rectified))
        return total.div_(len(self.blocks))


class Decoder(nn.Module):
    """Latent -> sound. `forward` decodes the whole at once; `hifigan_blocks` does the same in parts."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.conv_pre = _flat(shape.latent, shape.first_channels, KERNEL, padding=KERNEL // 2)
        self.cond = _flat(shape.condition, shape.first_channels, 1)
        self.stages = nn.ModuleList(Stage(shape, index) for index in range(len(shape.rates)))
        self.conv_post = _flat(shape.first_channels >> len(shape.rates), 1, KERNEL, padding=KERNEL // 2, bias=False)

    def forward(self, z: Tensor, excitation: Tensor | None, condition: Tensor) -> Tensor:
        """z (B, latent, T), excitation (B, 1, N), condition (B, H, 1) -> (B, 1, N), -1..1"""
        x = self.enter(flat(z), flat(condition))
        heard = None if excitation is None else flat(excitation)
        for stage in self.stages:
            x = stage(x, heard)
        return self.leave(x)[:, :, 0]

    def enter(self, z: Tensor, condition: Tensor) -> Tensor:
        """z (B, latent, 1, T), condition (B, H, 1, 1) -> (B, C, 1, T)"""
        return self.conv_pre(z).add_(self.cond(condition))

    def leave(self, x: Tensor) -> Tensor:
        """x (B, C, 1, N) -> (B, 1, 1, N) in float32"""
        return torch.tanh(self.conv_post(functional.leaky_relu(x, LAST_SLOPE)).float())


def flat(x: Tensor) -> Tensor:
    """(B, C, T) -> (B, C, 1, T), channels last in memory"""
    return x[:, :, None, :].contiguous(memory_format=torch.channels_last)


def decoder_state(state: Mapping[str, Tensor], prefix: str, shape: Shape) -> dict[str, Tensor]:
    """Folded official weights below `prefix` under our keys, of height 1. The source's own layer is not among them."""
    blocks = len(shape.block_kernels)
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if not key.startswith(prefix) or key.startswith(f"{prefix}m_source."):
            continue
        family, _, rest = key.removeprefix(prefix).partition(".")
        index, _, end = rest.partition(".")
        match family:
            case "ups":
                name = f"stages.{index}.up.{end}"
            case "noise_convs":
                name = f"stages.{index}.source.{end}"
            case "resblocks" if index.isdecimal():
                name = f"stages.{int(index) // blocks}.blocks.{int(index) % blocks}.{end}"
            case _:
                name = f"{family}.{rest}"
        renamed[name] = value[:, :, None, :] if value.dim() == 3 else value
    return renamed


def channels_last(decoder: nn.Module) -> None:
    """Lay the weights of all convolutions as their inputs lie."""
    decoder.to(memory_format=torch.channels_last)
