"""Our code on the parity cases of RVC: what `make parity` runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy
import torch
from torch import Tensor, nn

from hay_say_rvc import level, pitch_curve, retrieval
from hay_say_rvc.configuration import sizes_of
from hay_say_rvc.parity_pipeline import pipeline_chunking
from hay_say_rvc.synthesizer import Prior, Synthesizer, stretched, synthesizer
from hay_say_shared.faiss_file import read_index
from hay_say_shared.hifigan_blocks import BlockDecoder
from hay_say_shared.hubert import Hubert
from hay_say_shared.hubert_keys import hubert_state
from hay_say_shared.mel import log_mel
from hay_say_shared.parity_case import Arrays, Case, Performer
from hay_say_shared.rmvpe import MULTIPLE, Rmvpe, rmvpe_state
from hay_say_shared.rmvpe_blocks import pitch
from hay_say_shared.salience import pitch_of
from hay_say_shared.weights import load

SMALL_BLOCKS = (9, 5, 3, 2, 2)      # frames: cases are short, and their sound is to cross the joins of blocks


@torch.inference_mode()
def _hubert(case: Case) -> Arrays:
    network = Hubert()
    load(network, hubert_state(_tensors(case)), "the content encoder")
    network.to(case.device)
    sound = _to(case, "audio")[None]
    front = network.front(sound)
    ninth = network(sound, 9)
    final = network.final(ninth) if network.final is not None else ninth
    return _arrays(
        conv_features_ch0_32=front[:, :32], layer0_in=network.enter(front), layer9=ninth, v1_features=final,
        v2_features=network(sound, 12),
    )  # fmt: skip


@torch.inference_mode()
def _rmvpe(case: Case) -> Arrays:
    network = Rmvpe()
    load(network, rmvpe_state(_tensors(case)), "the pitch network")
    network.to(case.device, memory_format=torch.channels_last)
    sound = _to(case, "audio")
    mel = log_mel(sound[None])
    seen: dict[str, Tensor] = {}
    picture = network.picture
    for index, layer in enumerate(picture.down):
        _watch(layer, seen, f"enc{index}_skip_ch0_2", 2)
    for index, rise in enumerate(picture.rises):
        _watch(rise, seen, f"dec{index}_ch0_2", 2)
    _watch(picture.bottom, seen, "inter_out_ch0_8", 8)
    _watch(picture.cnn, seen, "cnn_out", 3)
    cues = picture(torch.nn.functional.pad(mel, (0, -mel.shape[2] % MULTIPLE)))
    hidden = network.reader.hidden(cues)
    seen["enc_out_ch0_8"] = _entering(picture.bottom, network, mel)[:, :8]
    return _arrays(mel=mel, hidden=network(mel), gru_out=hidden, **seen) | {"f0": pitch(network, sound)}


def _entering(layer: nn.Module, network: Rmvpe, mel: Tensor) -> Tensor:
    """What goes into a layer when the network sees mel."""
    found: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda module, given: found.append(given[0]))
    network(mel)
    handle.remove()
    return found[0]


def _rmvpe_decode(case: Case) -> Arrays:
    return {"f0": pitch_of(case.inputs["salience"])}


def _f0_post(case: Case) -> Arrays:
    raw, key = case.inputs["f0_raw"], float(case.document["f0_up_key"])
    modern = pitch_curve.shifted(pitch_curve.filled(raw), key)
    classic = pitch_curve.shifted(raw, key)
    return {
        "f0_2026": modern, "coarse_2026": pitch_curve.coarse(modern),
        "f0_classic": classic, "coarse_classic": pitch_curve.coarse(classic),
    }  # fmt: skip


def _pre_post(case: Case) -> Arrays:
    audio, converted = case.inputs["audio"], case.inputs["converted"]
    filtered = level.high_passed(audio, numpy.empty(len(audio), dtype=numpy.float64))
    mixed = converted.astype(numpy.float64)
    envelopes = level.envelope(filtered, level.SAMPLE_RATE), level.envelope(converted, 40_000)
    for first, gain in level.gains(*envelopes, float(case.document["rms_mix_rate"]), len(mixed)):
        mixed[first : first + len(gain)] *= gain
    return {"filtered": filtered, "mixed": mixed} | {
        name: _as_int16(mixed * gain) for name, gain in (("int16_loud", 5.0), ("int16_quiet", 0.5))
    }


def _as_int16(sound: numpy.ndarray) -> numpy.ndarray:
    peak = float(numpy.abs(sound).max()) / 0.99
    return (sound * (32768.0 / max(peak, 1.0))).astype(numpy.int16)


def _retrieval(case: Case) -> Arrays:
    index = read_index(case.folder / case.document["index_file"])
    features, f0_hz = case.inputs["feats"], case.inputs["pitchf"]
    found = retrieval.search(index, features)
    drawn = retrieval.retrieved(index, found)
    blended = retrieval.doubled(retrieval.blend(features, drawn, float(case.document["index_rate"])))
    frames = min(len(blended), f0_hz.shape[1])
    cut = f0_hz[:, :frames]
    phone = retrieval.protected(
        blended[:frames], retrieval.doubled(features)[:frames], cut[0], float(case.document["protect"])
    )
    return {
        "score": found.distances, "ids": found.ids, "vectors_in_id_order": index.by_id(), "retrieved": drawn,
        "phone": phone[None], "length": numpy.array(frames), "pitchf_cut": cut,
        "pitch_cut": case.inputs["pitch"][:, :frames],
    }  # fmt: skip


@torch.inference_mode()
def _synthesizer(case: Case) -> Arrays:
    document, state = case.document, _tensors(case)
    sizes = sizes_of(
        document["config"], version=document["version"], has_pitch=bool(document["f0"]),
        speakers=state["emb_g.weight"].shape[0],
    )  # fmt: skip
    network = synthesizer(state, sizes).to(case.device)
    seen: dict[str, Tensor] = {}
    _watch(network.enc_p.encoder.norm_layers_2[0], seen, "enc_layer0")
    _watch(network.enc_p.encoder, seen, "enc_out")
    pitch = _to(case, "pitch") if sizes.has_pitch else None
    prior = network.enc_p(_to(case, "phone"), pitch, _to(case, "phone_lengths"))
    sound = _rendered(case, network, prior, seen)
    if "return_length2" in case.inputs or "return_length" in case.inputs:
        prior = prior.part(max(0, int(case.inputs["skip_head"]) - network.flow.reach))
    return _arrays(m_p=prior.mean, logs_p=prior.log_scale, audio=sound, **seen)


def _rendered(case: Case, network: Synthesizer, prior: Prior, seen: dict[str, Tensor]) -> Tensor:
    """The prior of all frames to sound: cut, given noise, through the flow, stretched, and decoded in blocks."""
    sizes, inputs, frames = network.sizes, case.inputs, prior.mean.shape[2]
    start = int(inputs.get("skip_head", 0))
    count = int(inputs.get("return_length", frames - start))
    before = min(start, network.flow.reach)
    cut = prior.part(start - before)
    condition = network.speaker(_to(case, "sid"))
    noise = _to(case, "noise_z") if "noise_z" in inputs else torch.zeros_like(cut.mean)
    seen["z_p"] = (cut.mean + torch.exp(cut.log_scale) * noise * 0.66666) * cut.mask
    z = network.latent(cut, noise, condition)[:, :, before : before + count]
    seen["z"], seen["x_mask"] = z, cut.mask[:, :, before : before + count]
    excitation = None
    if sizes.has_pitch:
        f0_hz = _to(case, "pitchf")[:, start : start + count]
        length = count * sizes.samples_per_frame
        source = _to(case, "noise_source")[:, :, 0] if "noise_source" in inputs else z.new_zeros((1, length))
        excitation = network.excitation(f0_hz, source)
        assert excitation is not None
        seen["excitation"] = excitation.transpose(1, 2)
    if "return_length2" in inputs:
        frames = int(inputs["return_length2"])
        z = stretched(z, frames)
        if excitation is not None:
            excitation = stretched(excitation, frames * sizes.samples_per_frame)
    _watch_decoder(network, seen)
    network.dec(z, excitation, condition)               # at once, for what lies between the stages
    return BlockDecoder(network.dec, SMALL_BLOCKS).decode(z, excitation, condition, 0, z.shape[2])


def _watch_decoder(network: Synthesizer, seen: dict[str, Tensor]) -> None:
    for index, stage in enumerate(network.dec.stages):
        _watch(stage.up, seen, f"dec_up{index}_out_ch0_4", 4, once=True)
    _watch(network.dec.conv_post, seen, "dec_pre_tanh", once=True)


def _watch(layer: nn.Module, seen: dict[str, Tensor], name: str, channels: int | None = None, *, once: bool = False) -> None:
    """Keep what comes out of a layer (its first channels) each time that it runs, or the first time."""

    def keep(module: nn.Module, given: tuple[Tensor, ...], found: Tensor) -> None:
        if not (once and name in seen):
            part = found[:, :channels]
            seen[name] = (part[:, :, 0] if once else part).clone()

    layer.register_forward_hook(keep)


def _tensors(case: Case) -> dict[str, Tensor]:
    return {key: torch.from_numpy(value) for key, value in case.state().items()}


def _to(case: Case, name: str) -> Tensor:
    return torch.from_numpy(case.inputs[name]).to(case.device)


def _arrays(**tensors: Tensor) -> dict[str, numpy.ndarray]:
    return {name: tensor.float().cpu().numpy() for name, tensor in tensors.items()}


KINDS: Mapping[str, Performer] = {
    "rvc.hubert": _hubert,
    "rvc.pipeline_chunking": pipeline_chunking,
    "rvc.rmvpe": _rmvpe,
    "rvc.rmvpe_decode": _rmvpe_decode,
    "rvc.f0_post": _f0_post,
    "rvc.pre_post": _pre_post,
    "rvc.retrieval": _retrieval,
    "rvc.synthesizer": _synthesizer,
}
