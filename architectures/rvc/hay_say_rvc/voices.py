"""One checkpoint as a voice: a small model as people share it, or the generator of a training run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hay_say_lab.plugin import Finding, Fix, Ignored, Problem, Skeleton, TensorSpec, Weights
from hay_say_rvc.checking import problems
from hay_say_rvc.generator import (
    FEATURES,
    TRAINING_ONLY,
    Sizes,
    expected,
    plain_name,
    rate_of,
    sizes_of_config,
    sizes_of_shapes,
)
from hay_say_rvc.manifest import MANIFEST

SIGN = "enc_p.emb_phone.weight"         # no other architecture has it
DECODERS = (None, "HiFi-GAN")
ENCODERS = (None, "", "contentvec", "hubert_base")
_NO_NAMES = re.compile(r"^(g_?\d*|model|weights?|voice|\d+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A checkpoint taken apart: where its weights lie, what else it says."""

    skeleton: Skeleton
    path: tuple[str, ...]
    keys: Mapping[str, str]             # plain name -> key in the file
    told: Mapping[str, Any]

    @property
    def state(self) -> dict[str, TensorSpec]:
        tensors = self.skeleton.tensors(*self.path)
        return {plain: tensors[key] for plain, key in self.keys.items()}


def recognise_voice(skeleton: Skeleton) -> Finding | Ignored | None:
    """The voice that a file is, why it is none although it looks like one, or None."""
    found = _taken_apart(skeleton)
    if found is not None:
        return _voice(found)
    trained = skeleton.tensors("model")
    if any(key.startswith("discriminators.") for key in trained):
        return Ignored(
            skeleton.name,
            "the discriminator of a training run (D_*.pth), which makes no sound: bring the generator (G_*.pth) or the small model",
        )
    return None


def _taken_apart(skeleton: Skeleton) -> Found | None:
    small = skeleton.inside("weight")
    for path in (("weight",), ("model",), ()):
        tensors = skeleton.tensors(*path)
        keys = {plain_name(key): key for key in tensors}
        cut_short = path == ("weight",) and "enc_p.encoder.norm_layers_1.0.gamma" in keys and skeleton.inside("config") is not None
        if SIGN in keys or cut_short:
            told = skeleton.content if small is not None and path == ("weight",) else {}
            return Found(skeleton, path, keys, told)
    return None


def _voice(found: Found) -> Finding:
    title, told, state = found.skeleton.title, found.told, found.state
    missing = list(_refused_kinds(title, told))
    sizes = _sizes(found, state)
    if sizes is None:
        missing.append(_no_sizes(title, told, state))
    else:
        missing += problems(title, state, expected(sizes), f"RVC voice ({sizes.version}, {sizes.sample_rate // 1000} kHz)")
    wanted = expected(sizes) if sizes is not None else {}
    weights = {plain: (*found.path, found.keys[plain]) for plain in wanted if plain in found.keys}
    name = _name(found)
    return Finding(
        "voice", MANIFEST.id, "small" if found.path == ("weight",) else "training", name, slug_of(name), {"weights": found.skeleton.name},
        facts=_facts(sizes, told),
        missing=tuple(missing),
        warnings=tuple(_warnings(title, told, sizes, state, wanted)),
        weights={"weights": Weights(found.skeleton.name, weights)},
        config=sizes.as_config() if sizes is not None else None,
    )  # fmt: skip


def _sizes(found: Found, state: Mapping[str, TensorSpec]) -> Sizes | None:
    """From the list in the file where there is one; the version and the pitch are what the weights say."""
    config = found.told.get("config")
    if config is None:
        return sizes_of_shapes(state)
    features = state[SIGN].shape[-1:] if SIGN in state else ()
    version = next((v for v, count in FEATURES.items() if (count,) == features), None) or _version(found.told)
    told_pitch = found.told.get("f0", 1)
    has_pitch = "enc_p.emb_pitch.weight" in state or bool(told_pitch)
    table = state.get("emb_g.weight")
    speakers = table.shape[0] if table is not None and len(table.shape) == 2 else 1
    if not isinstance(config, list | tuple):
        return None
    return sizes_of_config(config, version, has_pitch, speakers, rate_of(found.told.get("sr")))


def _version(told: Mapping[str, Any]) -> str:
    return "v2" if told.get("version") == "v2" else "v1"


def _refused_kinds(title: str, told: Mapping[str, Any]) -> Iterator[Problem]:
    decoder = told.get("vocoder")
    if decoder not in DECODERS:
        message = f"{title} was trained with the decoder '{str(decoder)[:40]}', which is another network than RVC's own."
        yield Problem(title, message, Fix("Bring a voice that was trained with HiFi-GAN, Applio's default."))


def _no_sizes(title: str, told: Mapping[str, Any], state: Mapping[str, TensorSpec]) -> Problem:
    if "config" in told:
        message = f"{title} holds a configuration that no RVC network has."
        return Problem(title, message, Fix("Bring the file as RVC or Applio wrote it."))
    kernels = [spec.shape for key, spec in state.items() if key.startswith("dec.ups.") and key.endswith(".weight_v")]
    message = f"{title} does not tell its sample rate: its {len(kernels)} upsampling stages are of no known model."
    return Problem(title, message, Fix("Bring the small model that was extracted from it: it holds its configuration."))


def _warnings(
    title: str, told: Mapping[str, Any], sizes: Sizes | None, state: Mapping[str, TensorSpec], wanted: Mapping[str, Any]
) -> Iterator[Problem]:
    encoder = told.get("embedder_model")
    if encoder not in ENCODERS:
        message = f"{title} was trained on features of '{str(encoder)[:60]}': with ContentVec's it will sound like noise."
        yield Problem(title, message, Fix("Bring a voice that was trained on ContentVec."))
    if sizes is None:
        return
    if told.get("version") in FEATURES and told["version"] != sizes.version:
        message = f"{title} calls itself {told['version']}, and its weights are those of {sizes.version}; the weights are right."
        yield Problem(title, message, Fix("Nothing needs to be done."))
    if told and bool(told.get("f0", 1)) != ("enc_p.emb_pitch.weight" in state):
        message = f"{title} tells the opposite of its weights about following the pitch; the weights are right."
        yield Problem(title, message, Fix("Nothing needs to be done."))
    unknown = [key for key in state if key not in wanted and not key.startswith(TRAINING_ONLY)]
    if unknown:
        shown = ", ".join(key[:60] for key in unknown[:3])
        yield Problem(title, f"{title} holds {len(unknown)} weights that RVC does not know ({shown}); they are left out.", Fix(""))


def _facts(sizes: Sizes | None, told: Mapping[str, Any]) -> dict[str, Any]:
    """What people may want to know of a voice; text is cut, and taken at nobody's word."""
    facts: dict[str, Any] = {}
    if sizes is not None:
        facts = {
            "version": sizes.version, "pitch": sizes.has_pitch, "sample_rate": sizes.sample_rate, "speakers": sizes.speakers,
        }  # fmt: skip
    for name in ("info", "author", "model_name", "embedder_model", "creation_date", "dataset_length"):
        value = told.get(name)
        if isinstance(value, str) and value:
            facts[name] = _plain(value)[:200]
    for name in ("epoch", "step"):
        if type(told.get(name)) is int:
            facts[name] = told[name]
    return facts


def _plain(text: str) -> str:
    return "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)


def _name(found: Found) -> str:
    """What a voice is called: as Applio says, as its file, or as the folder or archive that it lay in."""
    told = found.told.get("model_name")
    if isinstance(told, str) and _plain(told).strip():
        return _plain(told).strip()[:120]
    parts = [part for part in found.skeleton.title.split("/") if part]
    stems = [re.sub(r"\.(pth|pt|safetensors|zip|7z|tar|gz|xz|bz2)$", "", part, flags=re.IGNORECASE) for part in reversed(parts)]
    stems = [re.sub(r"\.(tar)$", "", stem) for stem in stems]
    return next((stem for stem in stems if not _NO_NAMES.match(stem)), stems[0])[:120]


def slug_of(title: str) -> str:
    """A name that can stand in a voice's id."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or "voice"
