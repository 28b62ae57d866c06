"""The stack of a VITS text encoder: attention with learnt relative positions inside a band, and convolutions.

VITS (J. Kim, J. Kong, J. Son, 2021); relative positions by P. Shaw, J. Uszkoreit, A. Vaswani (2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_MASKED = -1e4          # what a masked score becomes
_EPSILON = 1e-5
_ROWS = 512             # queries in work at once: a score matrix of 40 s would be 130 MB


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each frame."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, T) -> (B, C, T)"""
        normed = functional.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta, _EPSILON)
        return normed.transpose(1, 2)


class BandedAttention(nn.Module):
    """Attention over all frames, with relative terms for frames at most `window` apart.

    The relative terms are added along the diagonals of the scores and collected from the diagonals of the weights, so
    that nothing of the size T x 2T is made.
    """

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.size = channels // heads
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        self.emb_rel_k = nn.Parameter(torch.zeros(1, 2 * window + 1, self.size))
        self.emb_rel_v = nn.Parameter(torch.zeros(1, 2 * window + 1, self.size))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, C, T), mask (B, 1, T) -> (B, C, T)"""
        query = self._split(self.conv_q(x)) * self.size**-0.5               # (B, heads, T, size)
        key, value = self._split(self.conv_k(x)), self._split(self.conv_v(x))
        frames = x.shape[2]
        masked = None if bool((mask != 0).all()) else mask == 0             # (B, 1, T)
        rows = [
            self._attend(query[:, :, first : first + _ROWS], key, value, first, masked)
            for first in range(0, frames, _ROWS)
        ]
        heard = torch.cat(rows, dim=2) if len(rows) > 1 else rows[0]
        return self.conv_o(heard.transpose(2, 3).reshape(x.shape))

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, first: int, masked: Tensor | None) -> Tensor:
        """Queries (B, heads, R, size) of the frames from `first` on -> (B, heads, R, size)"""
        scores = query @ key.transpose(2, 3)                                # (B, heads, R, T)
        near = query @ self.emb_rel_k[0].T                                  # (B, heads, R, 2 window + 1)
        rows, frames = scores.shape[2:]
        for band, offset, start, stop in self._bands(first, rows, frames):
            scores.diagonal(offset, 2, 3).add_(near[:, :, start:stop, band])
        if masked is not None:
            pairs = masked[:, :, first : first + rows, None] | masked[:, :, None, :]
            scores.masked_fill_(pairs, _MASKED)
        weights = torch.softmax(scores, dim=3)
        heard = weights @ value
        close = torch.zeros_like(near)
        for band, offset, start, stop in self._bands(first, rows, frames):
            close[:, :, start:stop, band] = weights.diagonal(offset, 2, 3)
        return heard + close @ self.emb_rel_v[0]

    def _bands(self, first: int, rows: int, frames: int) -> list[tuple[int, int, int, int]]:
        """(column of the embeddings, diagonal, first row on it, row behind it) of each offset that meets the matrix."""
        found = []
        for offset in range(-self.window, self.window + 1):
            diagonal = first + offset
            start, stop = max(0, -diagonal), min(rows, frames - diagonal)
            if start < stop:
                found.append((offset + self.window, diagonal, start, stop))
        return found

    def _split(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, heads, T, size)"""
        return x.unflatten(1, (self.heads, self.size)).transpose(2, 3)


class FeedForward(nn.Module):
    """Two convolutions over the frames that the mask leaves."""

    def __init__(self, channels: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(channels, inner, kernel)
        self.conv_2 = nn.Conv1d(inner, channels, kernel)
        self.sides = ((kernel - 1) // 2, kernel // 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, C, T), mask (B, 1, T) -> (B, C, T)"""
        hidden = functional.relu(self.conv_1(functional.pad(x * mask, self.sides)))
        return self.conv_2(functional.pad(hidden * mask, self.sides)) * mask


class RelativeEncoder(nn.Module):
    """Layers of banded attention and convolutions, each followed by its norm."""

    def __init__(self, channels: int, inner: int, heads: int, layers: int, kernel: int, window: int = 10) -> None:
        super().__init__()
        self.attn_layers = nn.ModuleList(BandedAttention(channels, heads, window) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(FeedForward(channels, inner, kernel) for _ in range(layers))
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, C, T), mask (B, 1, T) -> (B, C, T)"""
        x = x * mask
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attend, attended, feed, fed in layers:
            x = attended(x + attend(x, mask))
            x = fed(x + feed(x, mask))
        return x * mask
