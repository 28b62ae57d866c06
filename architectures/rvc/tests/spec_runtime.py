"""The runtime with files: good ones, and those of strangers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import small
import torch
from safetensors.torch import save_file

from hay_say_lab.plugin import Clip, InvalidRequest, LabError, VoiceFiles
from hay_say_rvc import runtime as module
from hay_say_rvc.runtime import RvcRuntime
from hay_say_shared.hubert import Hubert
from tests.worker.stage import Stage

NETWORK = small.network()
SETTINGS = {"f0_method": "autocorrelation"}


@pytest.fixture(autouse=True)
def small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The content encoder and the voices' features are small; all else is as it is."""
    monkeypatch.setattr(module, "Hubert", lambda projection: Hubert(hidden=small.FEATURES, inner=32, heads=2, layers=2, projection=projection))
    real = module.sizes_of
    monkeypatch.setattr(module, "sizes_of", lambda *given, **named: replace(real(*given, **named), features=small.FEATURES))


def voice_files(folder: Path, **config: Any) -> dict[str, Path]:
    found = small.files(folder, NETWORK, **config)
    content = {_fairseq(key): value.clone() for key, value in small.listeners().content.state_dict().items()}
    save_file(content, folder / "content_encoder.safetensors")
    return found | {"content_encoder": folder / "content_encoder.safetensors"}


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


def loaded(files: dict[str, Path]) -> RvcRuntime:
    made = RvcRuntime()
    made.load(VoiceFiles("rvc:small", files))
    return made


def test_a_voice_from_files_sounds_as_the_network_in_memory(tmp_path: Path) -> None:
    runtime = loaded(voice_files(tmp_path))
    clip = Clip(small.sung(0.6, 22_050), 22_050)

    result = runtime.convert("rvc:small", clip, SETTINGS, Stage(tmp_path))

    assert result.clip is not None
    assert result.clip.sample_rate == small.SAMPLE_RATE
    assert len(result.clip.samples) == round(0.6 * small.SAMPLE_RATE)
    assert json.dumps(result.documents["report"])
    state = runtime._voices["rvc:small"][0].network.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in NETWORK.state_dict().items())
    assert {"torch", "numpy"} <= set(runtime.fingerprint())


def test_two_voices_share_the_content_encoder(tmp_path: Path) -> None:
    files = voice_files(tmp_path)
    runtime = loaded(files)
    runtime.load(VoiceFiles("rvc:other", files))
    (one, first), (two, second) = runtime._voices.values()
    assert first is second
    assert one is not two
    runtime.unload("rvc:other")
    with pytest.raises(LabError, match="not loaded"):
        runtime.convert("rvc:other", Clip(small.sung(0.3), 16_000), SETTINGS, Stage(tmp_path))


def test_an_index_is_used(tmp_path: Path) -> None:
    files = voice_files(tmp_path)
    path = tmp_path / "added.index"
    path.write_bytes(small.index_bytes(numpy.random.default_rng(2).standard_normal((30, small.FEATURES))))
    clip = Clip(small.sung(0.6), 16_000)
    without = loaded(files).convert("rvc:small", clip, SETTINGS, Stage(tmp_path)).clip
    (tmp_path / "second").mkdir()
    within = loaded(files | {"index": path}).convert("rvc:small", clip, SETTINGS, Stage(tmp_path / "second"))
    assert within.documents["report"]["index"] == 30
    assert without is not None
    assert within.clip is not None
    assert not numpy.array_equal(without.samples, within.clip.samples)


def _without_speakers(state: dict[str, torch.Tensor]) -> None:
    del state["emb_g.weight"]


def _another_size(state: dict[str, torch.Tensor]) -> None:
    state["enc_p.proj.weight"] = torch.zeros(5, 16, 1)


def _not_a_number(state: dict[str, torch.Tensor]) -> None:
    state["flow.flows.0.pre.bias"][0] = float("nan")


def _of_another_version(state: dict[str, torch.Tensor]) -> None:
    """Features of version 1 in a voice that says 2."""
    state["enc_p.emb_phone.weight"] = torch.zeros(16, 24)


BAD_WEIGHTS: dict[str, tuple[Callable[[dict[str, torch.Tensor]], None], str]] = {
    "no speakers": (_without_speakers, "no generator"),
    "a wrong shape": (_another_size, "another shape"),
    "NaN": (_not_a_number, "not numbers"),
    "mixed versions": (_of_another_version, "'enc_p.emb_phone.weight' is (16, 24)"),
}


@pytest.mark.parametrize("name", BAD_WEIGHTS)
def test_weights_that_do_not_fit_are_refused_in_one_sentence_with_the_way_out(tmp_path: Path, name: str) -> None:
    change, words = BAD_WEIGHTS[name]
    files = voice_files(tmp_path)
    state = small.official(NETWORK)
    change(state)
    save_file(state, files["weights"])
    with pytest.raises(InvalidRequest) as refused:
        loaded(files)
    assert words in refused.value.message
    assert refused.value.problems[0].fix.label


def test_truncated_files_are_refused(tmp_path: Path) -> None:
    for role in ("weights", "content_encoder"):
        files = voice_files(tmp_path)
        files[role].write_bytes(files[role].read_bytes()[:-40])
        with pytest.raises(InvalidRequest, match="cannot be read"):
            loaded(files)
    files = voice_files(tmp_path)
    files["config"].write_text("{")
    with pytest.raises(InvalidRequest, match=r"config\.json"):
        loaded(files)
    with pytest.raises(InvalidRequest, match="no known version"):
        loaded(voice_files(tmp_path, version="v3"))


@pytest.mark.parametrize(("vectors", "words"), [((5, 24), "vectors of 24 numbers"), ((0, small.FEATURES), "no vectors")])
def test_an_index_that_does_not_fit_is_refused(tmp_path: Path, vectors: tuple[int, int], words: str) -> None:
    path = tmp_path / "added.index"
    path.write_bytes(small.index_bytes(numpy.zeros(vectors)))
    with pytest.raises(InvalidRequest) as refused:
        loaded(voice_files(tmp_path) | {"index": path})
    assert words in refused.value.message


def test_a_missing_content_encoder_is_named_with_how_to_add_it(tmp_path: Path) -> None:
    files = voice_files(tmp_path)
    del files["content_encoder"]
    with pytest.raises(InvalidRequest, match="content_encoder") as refused:
        loaded(files)
    assert "hubert_base.pt" in refused.value.problems[0].fix.label


def test_a_voice_of_version_1_says_what_an_encoder_without_its_last_layer_lacks(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="version 1 need the last layer"):
        loaded(voice_files(tmp_path, version="v1"))


@pytest.mark.parametrize(
    "samples", [numpy.zeros(10, numpy.float32), numpy.zeros((2, 16_000), numpy.float32), numpy.full(16_000, numpy.nan, numpy.float32)]
)
def test_a_clip_that_is_none_is_refused(tmp_path: Path, samples: numpy.ndarray) -> None:
    runtime = loaded(voice_files(tmp_path))
    with pytest.raises(InvalidRequest) as refused:
        runtime.convert("rvc:small", Clip(samples, 16_000), SETTINGS, Stage(tmp_path))
    assert refused.value.problems[0].field == "clip"

