"""RMVPE: pitch by a deep U-Net and a recurrent layer (H. Wei, X. Cao, T. Dan, Y. Chen, 2023).

Pictures are (B, C, T, F), time before frequency, channels last in memory; batch norms are folded into the convolutions
before them, but for the one on the input. Two parts, because only the second one needs all frames: `Picture` makes of
log-mel frames 384 numbers each, `Reader` reads them to a salience of 360 bins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from hay_say_shared.salience import BINS as PITCH_BINS
from hay_say_shared.weights import fold_batch_norm

MEL_BINS = 128
LEVELS = 5
BLOCKS = 4                      # residual blocks in a layer
FIRST_CHANNELS = 16
MULTIPLE = 1 << LEVELS          # frames come in multiples of this
CUES = 3 * MEL_BINS             # numbers a frame between the two parts
HIDDEN = 256
_EPSILON = 1e-5

Tell = Callable[[], None]

# Frames to each side that a frame of `Picture` depends on: eight convolutions a layer at each level on both ways, the
# turn of four layers at the bottom, a transposed convolution a level, and the last one.
_WAY = 2 * BLOCKS * (MULTIPLE - 1)
REACH = 2 * _WAY + 4 * 2 * BLOCKS * MULTIPLE + 2 * MULTIPLE + MULTIPLE


class Block(nn.Module):
    """Two convolutions, added to what went in (through a 1 x 1 one where channels change)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, T, F) -> (B, C', T, F)"""
        hidden = functional.relu_(self.second(functional.relu_(self.first(x))))
        return hidden.add_(x if self.shortcut is None else self.shortcut(x))


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(*(Block(inputs if index == 0 else outputs, outputs) for index in range(BLOCKS)))


class Rise(nn.Module):
    """Twice as long and as wide, joined with the picture of the same size on the way down, and four blocks."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)
        self.blocks = _layer(2 * outputs, outputs)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """x (B, 2 C, T, F), skip (B, C, 2 T, 2 F) -> (B, C, 2 T, 2 F)"""
        return self.blocks(torch.cat([functional.relu_(self.up(x)), skip], dim=1))


class Picture(nn.Module):
    """Log-mel frames -> 384 cues a frame."""

    def __init__(self) -> None:
        super().__init__()
        widths = [FIRST_CHANNELS << level for level in range(LEVELS)]           # 16 .. 256
        self.input_scale = nn.Parameter(torch.ones(1))
        self.input_shift = nn.Parameter(torch.zeros(1))
        self.down = nn.ModuleList(_layer(1 if index == 0 else widths[index - 1], w) for index, w in enumerate(widths))
        deepest = 2 * widths[-1]
        self.bottom = nn.Sequential(_layer(widths[-1], deepest), *(_layer(deepest, deepest) for _ in range(3)))
        self.rises = nn.ModuleList(Rise(2 * width, width) for width in reversed(widths))
        self.cnn = nn.Conv2d(FIRST_CHANNELS, 3, 3, padding=1)

    def forward(self, mel: Tensor, tell: Tell | None = None) -> Tensor:
        """mel (B, 128, T), T a multiple of 32 -> cues (B, T, 384). tell: called after each layer; it may raise to stop."""
        say = tell or (lambda: None)
        x = (mel.transpose(1, 2)[:, None] * self.input_scale + self.input_shift).contiguous(
            memory_format=torch.channels_last
        )
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
            x = functional.avg_pool2d(x, 2)
            say()
        x = self.bottom(x)
        for rise in self.rises:
            say()
            x = rise(x, skips.pop())
        return self.cnn(x).transpose(1, 2).flatten(2)


class Reader(nn.Module):
    """Cues of all frames -> salience: a recurrent layer in each direction, and a linear one."""

    def __init__(self) -> None:
        super().__init__()
        self.forwards = nn.GRU(CUES, HIDDEN, batch_first=True)
        self.backwards = nn.GRU(CUES, HIDDEN, batch_first=True)
        self.linear = nn.Linear(2 * HIDDEN, PITCH_BINS)

    def forward(self, cues: Tensor) -> Tensor:
        """cues (B, T, 384) -> salience (B, T, 360), 0..1"""
        return self.salience(self.hidden(cues))

    def hidden(self, cues: Tensor) -> Tensor:
        """cues (B, T, 384) -> (B, T, 512)"""
        backwards = self.backwards(cues.flip(1))[0].flip(1)
        return torch.cat([self.forwards(cues)[0], backwards], dim=2)

    def salience(self, hidden: Tensor) -> Tensor:
        """hidden (B, T, 512) -> (B, T, 360)"""
        return torch.sigmoid(self.linear(hidden))


class Rmvpe(nn.Module):
    """Log-mel -> salience, all frames at once. For long sound see `rmvpe_blocks`."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = Picture()
        self.reader = Reader()

    def forward(self, mel: Tensor) -> Tensor:
        """mel (B, 128, T) -> salience (B, T, 360); frames are filled up with zeros to a multiple of 32, and cut."""
        frames = mel.shape[2]
        padded = functional.pad(mel, (0, -frames % MULTIPLE))
        return self.reader(self.picture(padded))[:, :frames]


def rmvpe_state(official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The official state dict (741 keys) under our keys: float32, batch norms folded."""
    state = {key: value.float() for key, value in official.items() if value.is_floating_point()}
    norms = {key.removesuffix(".running_var") for key in state if key.endswith(".running_var")}
    for norm in sorted(norms - {"unet.encoder.bn"}):
        parent, _, number = norm.rpartition(".")
        convolution = f"{parent}.{int(number) - 1}"
        fold_batch_norm(state, convolution, norm, channel_axis=1 if parent.endswith("conv1") else 0)
    if "unet.encoder.bn.running_var" in state:
        gamma, beta, mean, variance = (
            state.pop(f"unet.encoder.bn.{name}").double() for name in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / torch.sqrt(variance + _EPSILON)
        state["picture.input_scale"], state["picture.input_shift"] = scale.float(), (beta - mean * scale).float()
    return dict(_renamed(state))


def _renamed(state: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for key, value in state.items():
        name = key
        for official, ours in (
            ("unet.encoder.layers.", "picture.down."), ("unet.intermediate.layers.", "picture.bottom."),
            ("unet.decoder.layers.", "picture.rises."), ("cnn.", "picture.cnn."), ("fc.1.", "reader.linear."),
        ):  # fmt: skip
            if key.startswith(official):
                name = ours + key.removeprefix(official)
        if key.startswith("fc.0.gru."):
            backwards = key.endswith("_reverse")
            name = f"reader.{'backwards' if backwards else 'forwards'}.{key.removeprefix('fc.0.gru.').removesuffix('_reverse')}"
        name = name.replace(".conv1.0.", ".up.").replace(".conv2.", ".blocks.")
        if ".blocks." not in name:
            name = name.replace(".conv.", ".", 1)
        yield name.replace(".conv.0.", ".first.").replace(".conv.3.", ".second."), value
