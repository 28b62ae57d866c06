"""The files that all voices share, by their keys: the content encoder in its two spellings, and the pitch network."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hay_say_lab.plugin import Finding, Fix, Ignored, Problem, Skeleton, TensorSpec, Weights
from hay_say_rvc.checking import problems
from hay_say_rvc.manifest import CONTENT_ENCODER, F0_NETWORK, MANIFEST

Shapes = dict[str, tuple[int, ...]]

HIDDEN, INNER, LAYERS, PROJECTED, WIDTH = 768, 3072, 12, 256, 512
_KERNELS = (10, 3, 3, 3, 3, 2, 2)
_GROUPS, _POSITION_KERNEL = 16, 128
_PREFIX = re.compile(r"^(?:hubert\.|model\.|w2v_model\.)+")
_NOT_NEEDED = ("label_embs_concat", "mask_emb", "masked_spec_embed")

# transformers' spelling -> fairseq's
_SPELLINGS = tuple(
    (re.compile(pattern), fairseq)
    for pattern, fairseq in (
        (r"^feature_extractor\.conv_layers\.(\d+)\.conv\.", r"feature_extractor.conv_layers.\1.0."),
        (r"^feature_extractor\.conv_layers\.0\.layer_norm\.", "feature_extractor.conv_layers.0.2."),
        (r"^feature_projection\.layer_norm\.", "layer_norm."),
        (r"^feature_projection\.projection\.", "post_extract_proj."),
        (r"^encoder\.pos_conv_embed\.conv\.", "encoder.pos_conv.0."),
        (r"^encoder\.layers\.(\d+)\.attention\.", r"encoder.layers.\1.self_attn."),
        (r"^encoder\.layers\.(\d+)\.layer_norm\.", r"encoder.layers.\1.self_attn_layer_norm."),
        (r"^encoder\.layers\.(\d+)\.feed_forward\.intermediate_dense\.", r"encoder.layers.\1.fc1."),
        (r"^encoder\.layers\.(\d+)\.feed_forward\.output_dense\.", r"encoder.layers.\1.fc2."),
        (r"\.parametrizations\.weight\.original0$", ".weight_g"),
        (r"\.parametrizations\.weight\.original1$", ".weight_v"),
    )
)


def recognise_asset(skeleton: Skeleton) -> Finding | Ignored | None:
    """The asset that a file is, or None."""
    for path in ((), ("model",), ("state_dict",)):
        state = skeleton.tensors(*path)
        plain = {_fairseq_name(key): key for key in state}
        if "feature_extractor.conv_layers.0.0.weight" in plain and "post_extract_proj.weight" in plain:
            return _content_encoder(skeleton, path, {name: state[key] for name, key in plain.items()}, plain)
        if "unet.encoder.bn.weight" in state and "cnn.weight" in state:
            return _pitch_network(skeleton, path, state)
    if skeleton.container == "onnx" and "rmvpe" in skeleton.title.lower():
        return Ignored(skeleton.name, "RMVPE as ONNX; the same network as rmvpe.pt is what is used here")
    return None


def _fairseq_name(key: str) -> str:
    plain = _PREFIX.sub("", key)
    for pattern, fairseq in _SPELLINGS:
        plain = pattern.sub(fairseq, plain)
    return plain


def _content_encoder(skeleton: Skeleton, path: tuple[str, ...], state: dict[str, TensorSpec], keys: dict[str, str]) -> Finding:
    wanted = content_encoder_shapes()
    final = {"final_proj.weight", "final_proj.bias"}
    for_second = {name: shape for name, shape in wanted.items() if name not in final}
    warnings: tuple[Problem, ...] = ()
    if not final <= state.keys():
        message = f"{skeleton.title} has no final projection, so that voices of version 1 cannot use it."
        warnings = (Problem(skeleton.title, message, Fix("Bring hubert_base.pt for those.")),)
    else:
        for_second = wanted
    kept = {key: (*path, key) for name, key in keys.items() if name not in _NOT_NEEDED}
    return Finding(
        "asset", MANIFEST.id, CONTENT_ENCODER, "Content encoder (HuBERT base, ContentVec)", "content-encoder",
        {"weights": skeleton.name},
        facts={"layers": LAYERS, "hidden": HIDDEN, "projection": final <= state.keys()},
        missing=tuple(problems(skeleton.title, state, for_second, "content encoder (HuBERT base)")),
        warnings=warnings,
        weights={"weights": Weights(skeleton.name, kept)},
    )  # fmt: skip


def _pitch_network(skeleton: Skeleton, path: tuple[str, ...], state: dict[str, TensorSpec]) -> Finding:
    wanted = pitch_network_shapes()
    return Finding(
        "asset", MANIFEST.id, F0_NETWORK, "Pitch network (RMVPE)", "rmvpe", {"weights": skeleton.name},
        missing=tuple(problems(skeleton.title, state, wanted, "pitch network (RMVPE)")),
        weights={"weights": Weights(skeleton.name, {key: (*path, key) for key in wanted if key in state})},
    )  # fmt: skip


def content_encoder_shapes() -> Shapes:
    """HuBERT base in fairseq's spelling, with the projection of version 1."""
    found: Shapes = {}
    for number, kernel in enumerate(_KERNELS):
        found[f"feature_extractor.conv_layers.{number}.0.weight"] = (WIDTH, WIDTH if number else 1, kernel)
    found |= dict.fromkeys(("feature_extractor.conv_layers.0.2.weight", "feature_extractor.conv_layers.0.2.bias"), (WIDTH,))
    found |= _linear("post_extract_proj", HIDDEN, WIDTH) | _norm("layer_norm", WIDTH) | _norm("encoder.layer_norm", HIDDEN)
    found |= {
        "encoder.pos_conv.0.bias": (HIDDEN,),
        "encoder.pos_conv.0.weight_g": (1, 1, _POSITION_KERNEL),
        "encoder.pos_conv.0.weight_v": (HIDDEN, HIDDEN // _GROUPS, _POSITION_KERNEL),
    }
    for layer in range(LAYERS):
        name = f"encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            found |= _linear(f"{name}.self_attn.{part}", HIDDEN, HIDDEN)
        found |= _norm(f"{name}.self_attn_layer_norm", HIDDEN) | _norm(f"{name}.final_layer_norm", HIDDEN)
        found |= _linear(f"{name}.fc1", INNER, HIDDEN) | _linear(f"{name}.fc2", HIDDEN, INNER)
    return found | _linear("final_proj", PROJECTED, HIDDEN)


def pitch_network_shapes() -> Shapes:
    """RMVPE: a U-net over (time, mel) with five levels, a recurrent layer and a linear one."""
    found = _batch_norm("unet.encoder.bn", 1)
    widths = (16, 32, 64, 128, 256)
    before = 1
    for level, width in enumerate(widths):
        found |= _blocks(f"unet.encoder.layers.{level}.conv", before, width)
        before = width
    for level in range(4):
        found |= _blocks(f"unet.intermediate.layers.{level}.conv", 512 if level else 256, 512)
    for level, width in enumerate(reversed(widths)):
        name = f"unet.decoder.layers.{level}"
        found |= {f"{name}.conv1.0.weight": (2 * width, width, 3, 3)} | _batch_norm(f"{name}.conv1.1", width)
        found |= _blocks(f"{name}.conv2", 2 * width, width)
    found |= {"cnn.weight": (3, 16, 3, 3), "cnn.bias": (3,)}
    for way in ("", "_reverse"):
        found |= {f"fc.0.gru.weight_ih_l0{way}": (768, 384), f"fc.0.gru.weight_hh_l0{way}": (768, 256)}
        found |= dict.fromkeys((f"fc.0.gru.bias_ih_l0{way}", f"fc.0.gru.bias_hh_l0{way}"), (768,))
    return found | _linear("fc.1", 360, 512)


def _blocks(name: str, before: int, width: int) -> Shapes:
    found: Shapes = {}
    for number in range(4):
        found |= {f"{name}.{number}.conv.0.weight": (width, before, 3, 3), f"{name}.{number}.conv.3.weight": (width, width, 3, 3)}
        found |= _batch_norm(f"{name}.{number}.conv.1", width) | _batch_norm(f"{name}.{number}.conv.4", width)
        if before != width:
            found |= {f"{name}.{number}.shortcut.weight": (width, before, 1, 1), f"{name}.{number}.shortcut.bias": (width,)}
        before = width
    return found


def _batch_norm(name: str, width: int) -> Shapes:
    found: Shapes = dict.fromkeys((f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var")), (width,))
    return found | {f"{name}.num_batches_tracked": ()}


def _linear(name: str, out: int, into: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def companions(skeletons: list[Skeleton], found: Finding) -> Iterator[Ignored]:
    """Documents that lie beside the content encoder in transformers' way, and of which nothing is needed."""
    place = found.files["weights"].rpartition("/")[0]
    for skeleton in skeletons:
        if skeleton.container == "json" and skeleton.name.rpartition("/")[0] == place:
            yield Ignored(skeleton.name, "goes with the content encoder; nothing of it is needed")
