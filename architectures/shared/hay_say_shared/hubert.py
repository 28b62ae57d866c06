"""HuBERT base and ContentVec: sound to content features (W.-N. Hsu et al., 2021; K. Qian et al., 2022).

Sound is mono, 16 kHz, not normalised; a feature comes every 320 samples. The convolutions in front are done in blocks:
only the group norm behind the first one looks at the whole clip, and its two sums are taken beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from hay_say_shared.hubert_frames import HOP, REACH, feature_count
from hay_say_shared.weights import load

KERNELS = (10, 3, 3, 3, 3, 2, 2)
STRIDES = (5, 2, 2, 2, 2, 2, 2)
WIDTH = 512                         # channels of the convolutions
_POSITION_KERNEL, _POSITION_GROUPS = 128, 16
_BLOCK = 250                        # features in work at once in the convolutions: 5 s
_EPSILON = 1e-5
HEAD = 64                           # numbers in a head of attention

Tell = Callable[[], None]


class Layer(nn.Module):
    """Attention over all frames and two linear layers, each followed by its norm."""

    def __init__(self, hidden: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, _EPSILON)
        self.inner = nn.Linear(hidden, inner)
        self.outer = nn.Linear(inner, hidden)
        self.final_norm = nn.LayerNorm(hidden, _EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, H) -> (B, T, H)"""
        query, key, value = (self._split(project(x)) for project in (self.query, self.key, self.value))
        heard = functional.scaled_dot_product_attention(query, key, value)          # scale 1 / sqrt(H / heads)
        x = self.attention_norm(x + self.out(heard.transpose(1, 2).flatten(2)))
        return self.final_norm(x + self.outer(functional.gelu(self.inner(x))))

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, H) -> (B, heads, T, H / heads)"""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class Hubert(nn.Module):
    """Sound -> hidden features of a layer; `projection` is the size of the last, optional layer (`final`)."""

    def __init__(
        self, *, hidden: int = 768, inner: int = 3072, heads: int = 12, layers: int = 12, projection: int | None = 256
    ) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(1 if index == 0 else WIDTH, WIDTH, kernel, stride, bias=False)
            for index, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True))
        )
        self.group_norm = nn.GroupNorm(WIDTH, WIDTH, _EPSILON)
        self.front_norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.project = nn.Linear(WIDTH, hidden)
        self.position = nn.Conv1d(
            hidden, hidden, _POSITION_KERNEL, padding=_POSITION_KERNEL // 2, groups=_POSITION_GROUPS
        )
        self.entry_norm = nn.LayerNorm(hidden, _EPSILON)
        self.layers = nn.ModuleList(Layer(hidden, heads, inner) for _ in range(layers))
        self.final = nn.Linear(hidden, projection) if projection else None

    def forward(self, sound: Tensor, layers: int, tell: Tell | None = None) -> Tensor:
        """sound (B, N) -> the output of so many layers (B, T, H). tell: called now and then; it may raise to stop."""
        x = self.enter(self.front(sound, tell))
        for layer in self.layers[:layers]:
            x = layer(x)
            if tell is not None:
                tell()
        return x

    def front(self, sound: Tensor, tell: Tell | None = None) -> Tensor:
        """sound (B, N) -> (B, 512, T), what the convolutions make of it"""
        count = feature_count(sound.shape[1])
        scale, shift = self._normalisation(sound[:, None, :])
        made = []
        for first in range(0, count, _BLOCK):
            last = min(first + _BLOCK, count)
            x = sound[:, None, first * HOP : (last - 1) * HOP + REACH]
            x = functional.gelu(torch.addcmul(shift, self.convolutions[0](x), scale))
            for convolution in self.convolutions[1:]:
                x = functional.gelu(convolution(x))
            made.append(x)
            if tell is not None:
                tell()
        return torch.cat(made, dim=2)

    def enter(self, front: Tensor) -> Tensor:
        """front (B, 512, T) -> (B, T, H), with positions, before the first layer"""
        x = self.project(self.front_norm(front.transpose(1, 2)))
        places = self.position(x.transpose(1, 2))[:, :, :-1]        # an even kernel gives one frame too many
        return self.entry_norm(x + functional.gelu(places).transpose(1, 2))

    def _normalisation(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """sound (B, 1, N) -> scale and shift (B, 512, 1) of the group norm, from sums over the whole clip in float64."""
        samples = sound.shape[2]
        count = (samples - KERNELS[0]) // STRIDES[0] + 1
        step = _BLOCK * HOP // STRIDES[0]
        total = sound.new_zeros((sound.shape[0], WIDTH, 1), dtype=torch.float64)
        squares = torch.zeros_like(total)
        for first in range(0, count, step):
            last = min(first + step, count)
            x = self.convolutions[0](sound[:, :, first * STRIDES[0] : (last - 1) * STRIDES[0] + KERNELS[0]]).double()
            total += x.sum(dim=2, keepdim=True)
            squares += x.square_().sum(dim=2, keepdim=True)
        mean = total / count
        spread = torch.sqrt((squares / count - mean.square()).clamp_(min=0.0) + _EPSILON)
        scale = self.group_norm.weight.double()[:, None] / spread
        shift = self.group_norm.bias.double()[:, None] - mean * scale
        dtype = self.group_norm.weight.dtype
        return scale.to(dtype), shift.to(dtype)


def hubert(state: Mapping[str, Tensor]) -> Hubert:
    """The network of a state dict under our keys (`hubert_keys.hubert_state`), with the sizes that its weights have; some
    files lack the last layer. Raises InvalidRequest where weights do not fit."""
    sizes: dict[str, int] = {}
    project, inner, final = (state.get(f"{name}.weight") for name in ("project", "layers.0.inner", "final"))
    if project is not None and inner is not None:
        layers = sum(1 for key in state if key.startswith("layers.") and key.endswith(".inner.weight"))
        hidden = project.shape[0]
        sizes = {"hidden": hidden, "inner": inner.shape[0], "layers": layers, "heads": max(1, hidden // HEAD)}
    network = Hubert(projection=None if final is None else final.shape[0], **sizes)
    load(network, state, "the content encoder")
    return network
