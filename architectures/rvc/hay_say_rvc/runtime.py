"""`rvc` in the worker: the only file here that knows devices, files and voices together."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from hay_say_shared.hubert import Hubert
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
_PROJECTION = 256           # what voices of version 1 take; some files of the encoder lack it
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
            speakers=len(state["emb_g.weight"]),
        )  # fmt: skip
        network = synthesizer(state, sizes).to(device)
        index = _index(files.get(INDEX), sizes.features)
        shared = self._shared(files, device)
        if LAYERS[config["version"]][1] and shared.content.final is None:
            raise InvalidRequest(
                "Voices of version 1 need the last layer of the content encoder, which the one in the library lacks.",
                field="voice",
                fix="Add hubert_base.pt to the library.",
            )
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
            state = hubert_state(_tensors(files[CONTENT_ENCODER], "the content encoder"))
            content = Hubert(projection=_PROJECTION if "final.weight" in state else None)
            load(content, state, "the content encoder")
            pitch = None
            if F0_NETWORK in files:
                pitch = Rmvpe()
                load(pitch, rmvpe_state(_tensors(files[F0_NETWORK], "the pitch network")), "the pitch network")
                pitch.to(device, memory_format=torch.channels_last)
            self._listeners[name] = Listeners(content.to(device), pitch)
        return self._listeners[name]


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
