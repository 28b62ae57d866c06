"""A voice of a few kilobytes with every part of a large one, made by a seed; and its files."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

from hay_say_rvc.configuration import sizes_of
from hay_say_rvc.synthesizer import Synthesizer
from hay_say_rvc.voice import Listeners, Voice
from hay_say_shared.hubert import Hubert

FEATURES = 64           # one head of the content encoder
SAMPLE_RATE = 4000
CONFIG: list[Any] = [
    513, 32, 8, 16, 32, 2, 1, 3, 0, "1", [3, 7], [[1, 3], [1, 3]], [10, 2, 2], 32, [16, 4, 4], 109, 8, SAMPLE_RATE,
]  # fmt: skip


def loud(network: nn.Module, seed: int, gain: float = 1.0) -> nn.Module:
    """Weights that let every input through."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            fan = max(1, parameter[0].numel()) if parameter.dim() > 1 else 4
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * (gain / math.sqrt(fan)))
    return network.eval().requires_grad_(False)


def network(*, has_pitch: bool = True, speakers: int = 3) -> Synthesizer:
    sizes = sizes_of(CONFIG, version="v2", has_pitch=has_pitch, speakers=speakers, features=FEATURES)
    made = loud(Synthesizer(sizes), 1)
    assert isinstance(made, Synthesizer)
    return made


def listeners() -> Listeners:
    made = loud(Hubert(hidden=FEATURES, inner=32, heads=1, layers=2, projection=None), 2, 1.5)
    assert isinstance(made, Hubert)
    return Listeners(made)


def voice(*, has_pitch: bool = True, index: Any = None) -> Voice:
    return Voice("rvc:small", "v2", network(has_pitch=has_pitch), index)


def sung(seconds: float, sample_rate: int = 16_000) -> numpy.ndarray:
    """A voice that glides, with breath before it and a pause in the middle: (N,) float32."""
    moments = numpy.arange(round(seconds * sample_rate)) / sample_rate
    f0_hz = 180.0 * 2.0 ** (0.4 * numpy.sin(2 * numpy.pi * 0.7 * moments))
    phase = 2 * numpy.pi * numpy.cumsum(f0_hz) / sample_rate
    tone = sum(numpy.sin(harmonic * phase) / harmonic for harmonic in range(1, 7))
    loudness = 0.1 + 0.2 * (numpy.sin(2 * numpy.pi * 0.31 * moments) > -0.6)
    breath = 0.01 * numpy.random.default_rng(4).standard_normal(len(moments))
    sound = 0.3 * numpy.asarray(tone) * loudness * (moments > 0.2) + breath
    return sound.astype(numpy.float32)


def official(made: Synthesizer) -> dict[str, torch.Tensor]:
    """A network's weights under the official names, as a converted checkpoint holds them."""
    found: dict[str, torch.Tensor] = {}
    for key, value in made.state_dict().items():
        name = key.replace("source.l_linear", "dec.m_source.l_linear") if key.startswith("source.") else key
        if key.startswith("dec."):
            words = key.split(".")
            value = value[:, :, 0] if value.dim() == 4 else value
            if words[1] == "stages" and words[3] == "blocks":
                name = f"dec.resblocks.{2 * int(words[2]) + int(words[4])}.{'.'.join(words[5:])}"
            elif words[1] == "stages":
                name = f"dec.{'ups' if words[3] == 'up' else 'noise_convs'}.{words[2]}.{words[4]}"
        found[name] = value.contiguous().clone()
    return found


def index_bytes(vectors: numpy.ndarray) -> bytes:
    """A faiss file with one cell."""
    count, dimension = vectors.shape
    header = struct.pack("<iqqqBi", dimension, count, 0, 0, 1, 1)
    middle = vectors.mean(axis=0).astype("<f4") if count else numpy.zeros(dimension, "<f4")
    quantizer = b"IxF2" + struct.pack("<iqqqBi", dimension, 1, 0, 0, 1, 1) + struct.pack("<Q", dimension) + middle.tobytes()
    lists = b"ilar" + struct.pack("<QQ", 1, 4 * dimension) + b"full" + struct.pack("<QQ", 1, count)
    codes = vectors.astype("<f4").tobytes() + numpy.arange(count, dtype="<i8").tobytes()
    return b"IwFl" + header + struct.pack("<QQ", 1, 1) + quantizer + struct.pack("<BQ", 0, 0) + lists + codes


def files(folder: Path, made: Synthesizer, **config: Any) -> dict[str, Path]:
    """weights, config: the files of a voice, without its assets."""
    save_file(official(made), folder / "weights.safetensors")
    document = {"version": "v2", "f0": made.sizes.has_pitch, "config": CONFIG, **config}
    (folder / "config.json").write_text(json.dumps(document))
    return {"weights": folder / "weights.safetensors", "config": folder / "config.json"}


def fairseq_state() -> dict[str, torch.Tensor]:
    """The small content encoder as hubert_base.pt spells it."""
    return {_fairseq(key): value.clone() for key, value in listeners().content.state_dict().items()}


def _fairseq(key: str) -> str:
    """Our key of HuBERT as fairseq spells it."""
    words = key.split(".")
    names = {
        "query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj", "out": "self_attn.out_proj",
        "attention_norm": "self_attn_layer_norm", "inner": "fc1", "outer": "fc2", "final_norm": "final_layer_norm",
    }  # fmt: skip
    match words[0]:
        case "convolutions":
            return f"feature_extractor.conv_layers.{words[1]}.0.weight"
        case "layers":
            return f"encoder.layers.{words[1]}.{names[words[2]]}.{words[3]}"
    starts = {
        "group_norm": "feature_extractor.conv_layers.0.2", "front_norm": "layer_norm", "project": "post_extract_proj",
        "position": "encoder.pos_conv.0", "entry_norm": "encoder.layer_norm",
    }  # fmt: skip
    return f"{starts[words[0]]}.{words[1]}"
