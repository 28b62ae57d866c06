"""A voice in memory, and the two networks that all voices share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy
import torch

from hay_say_rvc.rendering import Renderer
from hay_say_rvc.synthesizer import Synthesizer
from hay_say_shared.faiss_file import VectorIndex
from hay_say_shared.hubert import Hubert
from hay_say_shared.rmvpe import Rmvpe

# Which features voices of a version were trained on: layers of the content encoder, and whether its last layer follows.
LAYERS = {"v1": (9, True), "v2": (12, False)}


@dataclass(frozen=True, eq=False)
class Voice:
    """`version` is 'v1' or 'v2'; `index` draws the features towards the training voice where there is one."""

    id: str
    version: str
    network: Synthesizer
    index: VectorIndex | None = None

    @cached_property
    def exact(self) -> Renderer:
        return Renderer(self.network, self.network.dec)

    @cached_property
    def fast(self) -> Renderer:
        """With the decoder in half as many bits: measured against `exact`, 40 dB below the sound or more."""
        halved = copy.deepcopy(self.network.dec).to(torch.bfloat16)
        return Renderer(self.network, halved.to(memory_format=torch.channels_last))


@dataclass(frozen=True, eq=False)
class Listeners:
    """The content encoder and the pitch network, both on the device of the voices. The second is read when the first
    clip asks for it: other ways to find the pitch need none. `read_pitch` is None where it is not installed."""

    content: Hubert
    read_pitch: Callable[[], Rmvpe] | None = None

    @cached_property
    def pitch(self) -> Rmvpe | None:
        return None if self.read_pitch is None else self.read_pitch()

    def width(self, version: str) -> int | None:
        """Numbers in a feature for voices of a version; None where the content encoder lacks the layer that they take."""
        projected = LAYERS[version][1]
        if projected:
            return None if self.content.final is None else self.content.final.out_features
        return int(self.content.project.out_features)

    @torch.inference_mode()
    def features(self, sound: numpy.ndarray, version: str, tell: Callable[[], None] | None = None) -> numpy.ndarray:
        """sound (N,) at 16 kHz -> (T, 256 or 768) float32, 50 a second"""
        layers, projected = LAYERS[version]
        device = self.content.project.weight.device
        given = torch.from_numpy(numpy.ascontiguousarray(sound, dtype=numpy.float32))[None].to(device)
        hidden = self.content(given, layers, tell)
        if projected:
            assert self.content.final is not None
            hidden = self.content.final(hidden)
        return hidden[0].float().cpu().numpy()
