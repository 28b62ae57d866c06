"""The runtime with files: good ones, and those of strangers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import small
import torch
from safetensors.torch import save_file

from hay_say_lab.plugin import Clip, InvalidRequest, LabError, VoiceFiles
from hay_say_rvc.runtime import RvcRuntime
from tests.worker.stage import Stage

NETWORK = small.network()
SETTINGS = {"f0_method": "autocorrelation"}


def voice_files(folder: Path, **config: Any) -> dict[str, Path]:
    found = small.files(folder, NETWORK, **config)
    save_file(small.fairseq_state(), folder / "content_encoder.safetensors")
    return found | {"content_encoder": folder / "content_encoder.safetensors"}


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
    "mixed versions": (_of_another_version, "takes features of 24 numbers; those of v2 have 64"),
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

