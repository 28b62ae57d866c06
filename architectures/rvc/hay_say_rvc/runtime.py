"""`rvc` in the worker: the only file here that knows devices, files and voices together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors.torch import load_file
from torch import Tensor

from hay_say_lab.plugin import Clip, Context, InvalidRequest, LabError, Result, Runtime, VoiceFiles
from hay_say_rvc.configuration import sizes_of
from hay_say_rvc.conversion import Conversion
from hay_say_rvc.settings import Settings
from hay_say_rvc.source import Shelf, heard
from hay_say_rvc.synthesizer import synthesizer
from hay_say_rvc.voice import LAYERS, Listeners, Voice
from hay_say_shared.faiss_file import VectorIndex, read_index
from hay_say_shared.hubert import hubert
from hay_say_shared.hubert_keys import hubert_state
from hay_say_shared.rmvpe import Rmvpe, rmvpe_state
from hay_say_shared.weights import load

# The roles of a voice's files. The last two are assets, the same for many voices.
WEIGHTS, CONFIG, INDEX, CONTENT_ENCODER, F0_NETWORK = "weights", "config", "index", "content_encoder", "f0_network"
_NEEDED = {
    WEIGHTS: "Import the voice again.",
    CONFIG: "Import the voice again.",
    CONTENT_ENCODER: "Add hubert_base.pt, or a transformers folder of it, to the library.",
}
_SHORTEST_SECONDS = 0.1


class RvcRuntime(Runtime):
    """Voices by id, the networks that they share by file, and what was heard of the last clips."""

    def __init__(self) -> None:
        self._voices: dict[str, tuple[Voice, Listeners]] = {}
        self._listeners: dict[tuple[Path | None, ...], Listeners] = {}
        self._shelf = Shelf()

    def load(self, voice: VoiceFiles) -> None:
        """Read a voice, and the shared networks where they are not in memory yet. Raises InvalidRequest for bad files."""
        for role, fix in _NEEDED.items():
            if role not in voice.files:
                raise InvalidRequest(f"The voice '{voice.id}' has no file '{role}'.", field="voice", fix=fix)
        files, device = voice.files, torch.device(voice.device)
        state = _tensors(files[WEIGHTS], "the voice")
        config = _config(files[CONFIG])
        if "emb_g.weight" not in state:
            raise InvalidRequest("The voice has no table of speakers: this is no generator.", field="voice", fix=_NEEDED[WEIGHTS])
        sizes = sizes_of(
            config["config"], version=config["version"], has_pitch=bool(config.get("f0", True)),
            speakers=len(state["emb_g.weight"]), features=_width(state),
        )  # fmt: skip
        network = synthesizer(state, sizes).to(device)
        index = _index(files.get(INDEX), sizes.features)
        shared = self._shared(files, device)
        _check_width(shared.width(config["version"]), sizes.features, config["version"])
        self._voices[voice.id] = (Voice(voice.id, config["version"], network, index), shared)

    def unload(self, voice_id: str) -> None:
        self._voices.pop(voice_id, None)
        self._shelf.forget(voice_id)

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """Clip -> clip at the voice's rate, exactly as long, and a 'report' of what was done."""
        if voice not in self._voices:
            raise LabError(f"The voice '{voice}' is not loaded.")
        loaded, listeners = self._voices[voice]
        samples = _checked(clip)
        chosen = Settings.from_mapping(settings)
        context.checkpoint(0.0, "reading the clip")
        source = heard(samples, clip.sample_rate, context.samples)
        work = Conversion(source, loaded, listeners, chosen, self._shelf, len(samples), clip.sample_rate)
        sound = work.perform(context)
        return Result(clip=Clip(sound, work.rate), documents={"report": work.report()})

    def fingerprint(self) -> dict[str, str]:
        found = {}
        for name in ("torch", "numpy", "scipy", "soxr", "pyworld-prebuilt", "torchcrepe"):
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue        # an extra that is not installed shapes nothing
        return found

    def _shared(self, files: Mapping[str, Path], device: torch.device) -> Listeners:
        name = (files[CONTENT_ENCODER], files.get(F0_NETWORK))
        if name not in self._listeners:
            content = hubert(hubert_state(_tensors(files[CONTENT_ENCODER], "the content encoder")))
            pitch = partial(_pitch_network, files[F0_NETWORK], device) if F0_NETWORK in files else None
            self._listeners[name] = Listeners(content.to(device), pitch)
        return self._listeners[name]


def _pitch_network(path: Path, device: torch.device) -> Rmvpe:
    network = Rmvpe()
    load(network, rmvpe_state(_tensors(path, "the pitch network")), "the pitch network")
    return network.to(device, memory_format=torch.channels_last)


def _width(state: Mapping[str, Tensor]) -> int | None:
    """The features' width that the weights take."""
    table = state.get("enc_p.emb_phone.weight")
    return int(table.shape[1]) if table is not None and table.dim() == 2 else None


def _check_width(given: int | None, taken: int, version: str) -> None:
    """Raises InvalidRequest where the content encoder does not give what a voice takes."""
    if given is None:
        raise InvalidRequest(
            "Voices of version 1 need the last layer of the content encoder, which the one in the library lacks.",
            field="voice",
            fix="Add hubert_base.pt to the library.",
        )
    if given != taken:
        raise InvalidRequest(
            f"This voice calls itself {version} and takes features of {taken} numbers; those of {version} have {given}.",
            field="voice",
            fix="Import the voice again, from the file as RVC or Applio wrote it.",
        )


def _tensors(path: Path, what: str) -> dict[str, Tensor]:
    """Raises InvalidRequest where the file is none of safetensors, or cut off."""
    from safetensors import SafetensorError

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InvalidRequest(
            f"The weights of {what} cannot be read: {error}.", field="voice", fix="Import the file again."
        ) from error


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        known = config["version"] in LAYERS and len(config["config"]) >= 17
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequest("The voice's config.json cannot be read.", field="voice", fix=_NEEDED[CONFIG]) from error
    if not known:
        raise InvalidRequest("The voice's config.json tells of no known version.", field="voice", fix=_NEEDED[CONFIG])
    return dict(config)


def _index(path: Path | None, features: int) -> VectorIndex | None:
    if path is None:
        return None
    index = read_index(path)
    if index.dimension != features:
        raise InvalidRequest(
            f"The index has vectors of {index.dimension} numbers; this voice has features of {features}.",
            field="voice",
            fix="Use the index that was made with this voice, or the voice without one.",
        )
    return index


def _checked(clip: Clip) -> numpy.ndarray:
    """The samples (N,); raises InvalidRequest where they are none that can be converted."""
    samples = numpy.asarray(clip.samples)
    if samples.ndim != 1 or not numpy.issubdtype(samples.dtype, numpy.floating) or clip.seconds < _SHORTEST_SECONDS:
        raise InvalidRequest(
            f"The clip is no mono sound of at least {_SHORTEST_SECONDS:g} s.", field="clip", fix="Choose another clip."
        )
    for first in range(0, len(samples), 1 << 18):
        if not numpy.isfinite(samples[first : first + (1 << 18)]).all():
            raise InvalidRequest(
                "The clip holds samples that are not numbers (NaN or infinite).", field="clip", fix="Export it again, as PCM."
            )
    return samples
