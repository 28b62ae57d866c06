"""RVC's generator by its keys: which it must have, in which shapes, and what its sizes are where nobody wrote them down."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hay_say_lab.plugin import TensorSpec

Shapes = dict[str, tuple[int, ...]]

FEATURES = {"v1": 256, "v2": 768}
FLOWS, FLOW_LAYERS, FLOW_KERNEL = (0, 2, 4, 6), 3, 5
WINDOW = 10                     # of relative positions, each side
PITCHES = 256
OUTER_KERNEL = 7
TRAINING_ONLY = "enc_q."

# Upsampling kernels -> (rates, sample rate, bins of the spectrogram), where they tell them; five stages need another look.
LADDERS: dict[tuple[int, ...], tuple[tuple[int, ...], int, int]] = {
    (16, 16, 4, 4): ((10, 10, 2, 2), 40_000, 1025),
    (24, 20, 4, 4): ((12, 10, 2, 2), 48_000, 1025),
    (20, 16, 4, 4): ((10, 8, 2, 2), 32_000, 513),
}
FIVE_STAGES = (16, 16, 4, 4, 4)
FIVE_BY_NOISE_WIDTH = {64: ((10, 4, 2, 2, 2), 32_000, 513), 96: ((10, 6, 2, 2, 2), 48_000, 1025)}


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the network is built from; the names are those of the file's list."""

    version: str
    has_pitch: bool
    speakers: int
    sample_rate: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    spectrogram: int = 1025
    inter: int = 192
    hidden: int = 192
    filter: int = 768
    heads: int = 2
    layers: int = 6
    kernel: int = 3
    block_kernels: tuple[int, ...] = (3, 7, 11)
    block_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5),) * 3
    first: int = 512
    gin: int = 256

    def as_config(self) -> dict[str, Any]:
        """What is kept beside the weights: the list as RVC writes it, with the number of speakers that is true."""
        return {
            "version": self.version,
            "f0": self.has_pitch,
            "config": [
                self.spectrogram, 32, self.inter, self.hidden, self.filter, self.heads, self.layers, self.kernel, 0, "1",
                list(self.block_kernels), [list(steps) for steps in self.block_dilations], list(self.rates), self.first,
                list(self.kernels), self.speakers, self.gin, self.sample_rate,
            ],
        }  # fmt: skip


def plain_name(key: str) -> str:
    """A key with the older of the two ways to spell weight norm."""
    return key.replace(".parametrizations.weight.original0", ".weight_g").replace(".parametrizations.weight.original1", ".weight_v")


def sizes_of_config(config: Sequence[Any], version: str, has_pitch: bool, speakers: int, told_rate: int | None) -> Sizes | None:
    """The list in a small model, of 18 entries, or 17 without the sample rate; None where it is no such list."""
    try:
        numbers = [_number(config[index]) for index in (0, 2, 3, 4, 5, 6, 7, 13, 16)]
        block_kernels, rates, kernels = (_numbers(config[index]) for index in (10, 12, 14))
        dilations = tuple(_numbers(steps) for steps in config[11])
        rate = _rate(config[17]) if len(config) > 17 else told_rate or 100 * math.prod(rates)
    except (IndexError, TypeError, ValueError):
        return None
    spectrogram, inter, hidden, inner, heads, layers, kernel, first, gin = numbers
    fits = len(rates) == len(kernels) and len(block_kernels) == len(dilations) and hidden % heads == 0 and layers <= 64
    if not fits or first % (1 << len(rates)) or str(config[9]) != "1":
        return None
    return Sizes(
        version, has_pitch, speakers, rate, rates, kernels, spectrogram, inter, hidden, inner, heads, layers, kernel,
        block_kernels, dilations, first, gin,
    )  # fmt: skip


def _number(entry: Any) -> int:
    """A size that a network can have."""
    if type(entry) is not int or not 0 < entry <= 8192:
        raise ValueError("no size")
    return entry


def _numbers(entries: Any) -> tuple[int, ...]:
    if not isinstance(entries, list | tuple) or not 1 <= len(entries) <= 8:
        raise ValueError("no sizes")
    return tuple(_number(entry) for entry in entries)


def _rate(entry: Any) -> int:
    """'40k' and 40000 are the same."""
    rate = rate_of(entry)
    if rate is None:
        raise ValueError("no rate")
    return rate


def rate_of(entry: Any) -> int | None:
    if isinstance(entry, str) and entry[:-1].isdigit() and entry.endswith("k") and len(entry) < 5:
        return 1000 * int(entry[:-1])
    return entry if type(entry) is int and 8000 <= entry <= 96_000 else None


def sizes_of_shapes(state: Mapping[str, TensorSpec]) -> Sizes | None:
    """Sizes of a generator of which there is nothing but its weights; None where they do not tell them."""
    try:
        kernels = tuple(spec.shape[2] for spec in _row(state, "dec.ups.{}.weight_v"))
        ladder = LADDERS.get(kernels) or (_five_stages(state) if kernels == FIVE_STAGES else None)
        if ladder is None:
            return None
        rates, sample_rate, spectrogram = ladder
        inner = state["enc_p.encoder.ffn_layers.0.conv_1.weight"].shape
        hidden, features = state["enc_p.emb_phone.weight"].shape
        blocks = list(_row(state, "dec.resblocks.{}.convs1.0.weight_v"))
        per_stage = len(blocks) // len(kernels)
        return Sizes(
            version=next(version for version, count in FEATURES.items() if count == features),
            has_pitch="enc_p.emb_pitch.weight" in state,
            speakers=state["emb_g.weight"].shape[0],
            sample_rate=sample_rate,
            rates=rates,
            kernels=kernels,
            spectrogram=spectrogram,
            inter=state["enc_p.proj.weight"].shape[0] // 2,
            hidden=hidden,
            filter=inner[0],
            heads=hidden // state["enc_p.encoder.attn_layers.0.emb_rel_k"].shape[2],
            layers=len(list(_row(state, "enc_p.encoder.attn_layers.{}.conv_q.weight"))),
            kernel=inner[2],
            block_kernels=tuple(spec.shape[2] for spec in blocks[:per_stage]),
            block_dilations=((1, 3, 5),) * per_stage,
            first=state["dec.conv_pre.weight"].shape[0],
            gin=state["emb_g.weight"].shape[1],
        )
    except (KeyError, IndexError, ValueError, StopIteration, ZeroDivisionError):
        return None


def _row(state: Mapping[str, TensorSpec], pattern: str) -> Iterator[TensorSpec]:
    for number in range(256):
        spec = state.get(pattern.format(number))
        if spec is None:
            return
        yield spec


def _five_stages(state: Mapping[str, TensorSpec]) -> tuple[tuple[int, ...], int, int] | None:
    """Kernels of five stages are those of 32 and of 48 kHz; the source branch or the spectrogram tells which."""
    noise = state.get("dec.noise_convs.0.weight")
    if noise is not None:
        return FIVE_BY_NOISE_WIDTH.get(noise.shape[2])
    spectrogram = state.get("enc_q.pre.weight")
    return next((ladder for ladder in FIVE_BY_NOISE_WIDTH.values() if spectrogram and spectrogram.shape[1] == ladder[2]), None)


def expected(sizes: Sizes) -> Shapes:
    """Every key of the generator, without what training alone needs, and its shape."""
    return _text_encoder(sizes) | _flow(sizes) | _decoder(sizes) | {"emb_g.weight": (sizes.speakers, sizes.gin)}


def _biased(name: str, *shape: int) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _normed(name: str, *shape: int, bias: int) -> Shapes:
    return {f"{name}.weight_g": (shape[0], 1, 1), f"{name}.weight_v": shape, f"{name}.bias": (bias,)}


def _text_encoder(sizes: Sizes) -> Shapes:
    hidden, found = sizes.hidden, _biased("enc_p.emb_phone", sizes.hidden, FEATURES[sizes.version])
    if sizes.has_pitch:
        found["enc_p.emb_pitch.weight"] = (PITCHES, hidden)
    for layer in range(sizes.layers):
        attention, inner = f"enc_p.encoder.attn_layers.{layer}", f"enc_p.encoder.ffn_layers.{layer}"
        found |= dict.fromkeys((f"{attention}.emb_rel_k", f"{attention}.emb_rel_v"), (1, 2 * WINDOW + 1, hidden // sizes.heads))
        for name in ("conv_q", "conv_k", "conv_v", "conv_o"):
            found |= _biased(f"{attention}.{name}", hidden, hidden, 1)
        for norm in ("norm_layers_1", "norm_layers_2"):
            found |= dict.fromkeys((f"enc_p.encoder.{norm}.{layer}.gamma", f"enc_p.encoder.{norm}.{layer}.beta"), (hidden,))
        found |= _biased(f"{inner}.conv_1", sizes.filter, hidden, sizes.kernel)
        found |= _biased(f"{inner}.conv_2", hidden, sizes.filter, sizes.kernel)
    return found | _biased("enc_p.proj", 2 * sizes.inter, hidden, 1)


def _flow(sizes: Sizes) -> Shapes:
    hidden, half = sizes.hidden, sizes.inter // 2
    found: Shapes = {}
    for number in FLOWS:
        name = f"flow.flows.{number}"
        found |= _biased(f"{name}.pre", hidden, half, 1)
        for layer in range(FLOW_LAYERS):
            out = hidden if layer == FLOW_LAYERS - 1 else 2 * hidden
            found |= _normed(f"{name}.enc.in_layers.{layer}", 2 * hidden, hidden, FLOW_KERNEL, bias=2 * hidden)
            found |= _normed(f"{name}.enc.res_skip_layers.{layer}", out, hidden, 1, bias=out)
        every = 2 * hidden * FLOW_LAYERS
        found |= _normed(f"{name}.enc.cond_layer", every, sizes.gin, 1, bias=every)
        found |= _biased(f"{name}.post", half, hidden, 1)
    return found


def _decoder(sizes: Sizes) -> Shapes:
    found = _biased("dec.conv_pre", sizes.first, sizes.inter, OUTER_KERNEL) | _biased("dec.cond", sizes.first, sizes.gin, 1)
    if sizes.has_pitch:
        found |= _biased("dec.m_source.l_linear", 1, 1)
    channels, block = sizes.first, 0
    for stage, kernel in enumerate(sizes.kernels):
        found |= _normed(f"dec.ups.{stage}", channels, channels // 2, kernel, bias=channels // 2)
        channels //= 2
        if sizes.has_pitch:
            later = math.prod(sizes.rates[stage + 1 :])
            found |= _biased(f"dec.noise_convs.{stage}", channels, 1, 2 * later if stage < len(sizes.kernels) - 1 else 1)
        for width, steps in zip(sizes.block_kernels, sizes.block_dilations, strict=True):
            for row in ("convs1", "convs2"):
                for step in range(len(steps)):
                    found |= _normed(f"dec.resblocks.{block}.{row}.{step}", channels, channels, width, bias=channels)
            block += 1
    return found | {"dec.conv_post.weight": (1, channels, OUTER_KERNEL)}
