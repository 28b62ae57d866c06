"""Voices and assets of every kind, made by rule: the official keys at small sizes, or the official files at full size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy

from hay_say_lab.plugin import Skeleton, TensorSpec
from hay_say_rvc.generator import Sizes, expected
from tests.library.torch_files import Raw, instructions, name
from tests.parity.weights_by_rule import fill_all

PARITY = Path(__file__).parents[3] / "tests" / "parity" / "rvc"

LADDERS = {
    ("v1", 40): ((10, 10, 2, 2), (16, 16, 4, 4)), ("v2", 40): ((10, 10, 2, 2), (16, 16, 4, 4)),
    ("v1", 48): ((10, 6, 2, 2, 2), (16, 16, 4, 4, 4)), ("v2", 48): ((12, 10, 2, 2), (24, 20, 4, 4)),
    ("v1", 32): ((10, 4, 2, 2, 2), (16, 16, 4, 4, 4)), ("v2", 32): ((10, 8, 2, 2), (20, 16, 4, 4)),
}  # fmt: skip
KINDS = [(version, rate, pitch) for version, rate in LADDERS for pitch in (True, False)]


@dataclass(frozen=True)
class Kind:
    """One kind of small model."""

    version: str = "v2"
    rate: int = 40
    pitch: bool = True

    @property
    def sizes(self) -> Sizes:
        """The official sizes."""
        rates, kernels = LADDERS[self.version, self.rate]
        return Sizes(self.version, self.pitch, 109, 1000 * self.rate, rates, kernels, 513 if self.rate == 32 else 1025)

    @property
    def small(self) -> Sizes:
        """The same network, thin: what takes 55 MB takes 300 kB."""
        return replace(self.sizes, speakers=3, inter=8, hidden=16, filter=24, first=32, gin=4)


def arrays(shapes: Mapping[str, tuple[int, ...]], dtype: str = "float16") -> dict[str, numpy.ndarray]:
    """Weights that differ from place to place, and cost next to nothing to make."""
    rule = numpy.random.default_rng(7).standard_normal(1 << 16).astype(dtype)
    made = {}
    for number, (key, shape) in enumerate(shapes.items()):
        if key.endswith("num_batches_tracked"):
            made[key] = numpy.array(number, numpy.int64)
        else:
            made[key] = numpy.resize(numpy.roll(rule, number), shape)
    return made


def small_model(sizes: Sizes, state: Mapping[str, numpy.ndarray] | None = None, **more: Any) -> dict[str, Any]:
    """What people share: weights in half precision, and what they were trained as."""
    told = sizes.as_config()
    found = {"weight": dict(state or arrays(expected(sizes))), "config": told["config"], "info": "200epoch",
             "sr": f"{sizes.sample_rate // 1000}k", "f0": int(sizes.has_pitch), "version": sizes.version}  # fmt: skip
    return {**found, **more}


def training(sizes: Sizes) -> dict[str, Any]:
    """A checkpoint of a training run: the posterior encoder and the optimizer are in it, a configuration is not."""
    state = arrays(expected(sizes), "float32")
    state["enc_q.pre.weight"] = numpy.zeros((4, sizes.spectrogram, 1), numpy.float32)
    return {"model": state, "iteration": 30, "optimizer": {"state": {0: {"step": 3, "exp_avg": state["emb_g.weight"]}},
            "param_groups": [{"lr": 1e-4, "betas": (0.8, 0.99), "params": [0]}]}, "learning_rate": 1e-4}  # fmt: skip


def parametrized(state: Mapping[str, numpy.ndarray]) -> dict[str, numpy.ndarray]:
    """Applio's way to spell weight norm."""
    return {
        key.replace(".weight_g", ".parametrizations.weight.original0").replace(".weight_v", ".parametrizations.weight.original1"): array
        for key, array in state.items()
    }


def full_size_voice() -> dict[str, Any]:
    """The official file of 55 MB, its weights by the rule of the parity cases."""
    case = json.loads((PARITY / "synth_v2_40k_f0" / "case.json").read_text())
    keys = json.loads((PARITY / "synth_v2_40k_f0" / "keys.json").read_text())
    state = fill_all([(key, shape, "float16") for key, shape, _ in keys], case["salt"], case["gains"])
    return {"weight": state, "config": case["config"], "info": "500epoch", "sr": case["sr"], "f0": 1, "version": "v2"}


def official(case: str, dtype: str = "float16") -> dict[str, numpy.ndarray]:
    """The official keys and shapes of a parity case."""
    keys = json.loads((PARITY / case / "keys.json").read_text())
    return arrays({key: tuple(shape) for key, shape, _ in keys}, dtype)


def content_encoder() -> dict[str, Any]:
    """hubert_base.pt: fairseq's own object lies in its state."""
    dictionary = name("fairseq.data.dictionary", "Dictionary") + b")\x81}(" + instructions("symbols") + instructions(["<s>"]) + b"ub"
    return {"args": None, "cfg": {"task": {"sample_rate": 16000}}, "model": official("hubert"),
            "task_state": {"dictionaries": [Raw(dictionary)]}}  # fmt: skip


def described(value: Any) -> Any:
    """A tree of arrays as the tree of specs that a reader makes of its file."""
    match value:
        case numpy.ndarray():
            return TensorSpec(value.dtype.name, value.shape)
        case dict():
            return {key: described(inner) for key, inner in value.items()}
        case list() | tuple():
            return type(value)(described(inner) for inner in value)
    return value


def skeleton(content: Any, label: str = "voice/Rainbow Dash.pth", container: str = "torch", **facts: Any) -> Skeleton:
    return Skeleton(label, container, 1, described(content), label, facts)


def index_skeleton(label: str, dimension: int = 768, kept: int = 100, kind: str = "IwFl") -> Skeleton:
    facts = {"kind": kind, "dimension": dimension, "metric": "l2", "trained": True, "lists": 4, "vectors": kept, "kept": kept}
    return Skeleton(label, "faiss", 1, None, label, facts if kind == "IwFl" else {"kind": kind})
