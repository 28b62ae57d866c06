"""RVC's synthesizer: content features and pitch to sound, as VITS does it with a harmonic source.

Sizes: B batch, T frames of 10 ms, N samples. All randomness is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hay_say_shared.attention import RelativeEncoder
from hay_say_shared.excitation import HarmonicSource
from hay_say_shared.flow import CouplingFlow
from hay_say_shared.hifigan import Decoder, Shape, decoder_state
from hay_say_shared.weights import folded, load

NOISE_SCALE = 0.66666       # of the prior's noise, as upstream writes it
PITCH_BINS = 256
SLOPE = 0.1


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the checkpoints differ in: the entries of their `config` that inference needs, and the features' width."""

    features: int               # 256 (v1) or 768 (v2)
    sample_rate: int
    shape: Shape
    speakers: int
    channels: int = 192
    inner: int = 768
    heads: int = 2
    layers: int = 6
    kernel: int = 3

    @property
    def has_pitch(self) -> bool:
        return self.shape.has_source

    @property
    def samples_per_frame(self) -> int:
        return self.shape.samples_per_frame


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """What the text encoder says of each frame: mean and log of the standard deviation (B, C, T), mask (B, 1, T)."""

    mean: Tensor
    log_scale: Tensor
    mask: Tensor

    def part(self, first: int, last: int | None = None) -> Prior:
        cut = slice(first, last)
        return Prior(self.mean[:, :, cut], self.log_scale[:, :, cut], self.mask[:, :, cut])


class ContentEncoder(nn.Module):
    """Features and coarse pitch -> prior."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.channels = sizes.channels
        self.emb_phone = nn.Linear(sizes.features, sizes.channels)
        self.emb_pitch = nn.Embedding(PITCH_BINS, sizes.channels) if sizes.has_pitch else None
        self.encoder = RelativeEncoder(sizes.channels, sizes.inner, sizes.heads, sizes.layers, sizes.kernel)
        self.proj = nn.Conv1d(sizes.channels, 2 * sizes.shape.latent, 1)

    def forward(self, features: Tensor, pitch: Tensor | None, lengths: Tensor) -> Prior:
        """features (B, T, 256 or 768), pitch (B, T) 1..255, lengths (B,) in frames -> prior of T frames"""
        x = self.emb_phone(features)
        if self.emb_pitch is not None and pitch is not None:
            x = x + self.emb_pitch(pitch)
        x = functional.leaky_relu(x * self.channels**0.5, SLOPE).transpose(1, 2)        # (B, C, T)
        inside = torch.arange(x.shape[2], device=x.device)[None, :] < lengths[:, None]
        mask = inside[:, None, :].to(x.dtype)
        mean, log_scale = (self.proj(self.encoder(x, mask)) * mask).chunk(2, dim=1)
        return Prior(mean, log_scale, mask)


class Synthesizer(nn.Module):
    """The whole generator of a checkpoint, without what training needs."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        shape = sizes.shape
        self.enc_p = ContentEncoder(sizes)
        self.flow = CouplingFlow(shape.latent, sizes.channels, shape.condition)
        self.source = HarmonicSource() if sizes.has_pitch else None
        self.dec = Decoder(shape)
        self.emb_g = nn.Embedding(sizes.speakers, shape.condition)

    def speaker(self, ids: Tensor) -> Tensor:
        """ids (B,) -> condition (B, H, 1)"""
        return self.emb_g(ids)[:, :, None]

    def latent(self, prior: Prior, noise: Tensor, condition: Tensor, scale: float = NOISE_SCALE) -> Tensor:
        """noise (B, C, T) of variance 1, condition (B, H, 1) -> z (B, C, T) for the decoder, 0 where masked"""
        drawn = (prior.mean + torch.exp(prior.log_scale) * noise * scale) * prior.mask
        return self.flow(drawn, prior.mask, condition) * prior.mask

    def excitation(
        self, f0_hz: Tensor, noise: Tensor, *, first_phase: Tensor | None = None
    ) -> Tensor | None:
        """f0 (B, T) in Hz, noise (B, N) -> (B, 1, N); None where the checkpoint knows no pitch"""
        if self.source is None:
            return None
        return self.source(f0_hz, noise, self.sizes.sample_rate, first_phase=first_phase)


def synthesizer(state: Mapping[str, Tensor], sizes: Sizes) -> Synthesizer:
    """The network of an official state dict, ready to be used; raises InvalidRequest where weights do not fit."""
    network = Synthesizer(sizes)
    whole = folded(state)
    ours = {key: value for key, value in whole.items() if not key.startswith("dec.")}
    ours |= {f"dec.{key}": value for key, value in decoder_state(whole, "dec.", sizes.shape).items()}
    ours |= {
        key.replace("dec.m_source.", "source."): value for key, value in whole.items() if key.startswith("dec.m_source.")
    }
    load(network, ours, "the voice", ignore=("enc_q.",))
    network.dec.to(memory_format=torch.channels_last)
    return network


def stretched(z: Tensor, frames: int) -> Tensor:
    """z (B, C, T) resized to so many frames, straight lines between them: a larger or smaller vocal tract."""
    return functional.interpolate(z, size=frames, mode="linear")
