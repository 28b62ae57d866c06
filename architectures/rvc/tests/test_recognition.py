"""RVC's files told by their keys and shapes: every kind that people share, and what is wrong with those that are not whole."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy
import pytest

from architectures.rvc.tests.rule_files import (
    KINDS,
    PARITY,
    Kind,
    arrays,
    content_encoder,
    index_skeleton,
    official,
    parametrized,
    skeleton,
    small_model,
    training,
)
from hay_say_lab.domain.voice import is_slug
from hay_say_lab.plugin import Finding
from hay_say_rvc.generator import expected
from hay_say_rvc.recognition import recognise
from hay_say_rvc.shared_files import content_encoder_shapes, pitch_network_shapes
from hay_say_rvc.voices import slug_of

SIZES = Kind().small


def _one(content: Any, **more: Any) -> Finding:
    (finding,) = recognise([skeleton(content, **more)]).sets
    return finding


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("synth_v2_40k_f0", Kind("v2", 40, True)),
        ("synth_v1_40k_f0", Kind("v1", 40, True)),
        ("synth_v2_32k_nof0", Kind("v2", 32, False)),
    ],
)
def test_the_keys_and_shapes_of_a_generator_are_the_official_ones(case: str, kind: Kind) -> None:
    path = PARITY / case / "keys.json"
    if not path.exists():
        pytest.skip("this case lies outside of the repository")
    assert expected(kind.sizes) == {key: tuple(shape) for key, shape, _ in json.loads(path.read_text())}


def test_the_keys_and_shapes_of_the_assets_are_the_official_ones() -> None:
    for case, shapes in (("hubert", content_encoder_shapes()), ("rmvpe", pitch_network_shapes())):
        keys = {key: tuple(shape) for key, shape, _ in json.loads((PARITY / case / "keys.json").read_text())}
        assert {key: keys.get(key) for key in shapes} == shapes
        assert keys.keys() - shapes.keys() <= {"label_embs_concat", "mask_emb"}


@pytest.mark.parametrize(("version", "rate", "pitch"), KINDS)
def test_every_kind_of_small_model_is_a_voice(version: str, rate: int, pitch: bool) -> None:
    sizes = Kind(version, rate, pitch).small
    finding = _one(small_model(sizes))
    assert (finding.missing, finding.warnings) == ((), ())
    assert finding.kind == "small"
    assert finding.facts == {"version": version, "pitch": pitch, "sample_rate": 1000 * rate, "speakers": 3, "info": "200epoch"}
    assert finding.config == sizes.as_config()
    assert finding.weights["weights"].tensors.keys() == expected(sizes).keys()
    assert (finding.title, finding.slug) == ("Rainbow Dash", "rainbow-dash")


@pytest.mark.parametrize(("version", "rate", "pitch"), KINDS)
def test_of_a_training_checkpoint_everything_is_found_in_its_shapes(version: str, rate: int, pitch: bool) -> None:
    kind = Kind(version, rate, pitch)
    sizes = replace(kind.small, spectrogram=kind.sizes.spectrogram)
    finding = _one(training(sizes), label="logs/mi-test/G_2333333.pth")
    assert (finding.missing, finding.warnings) == ((), ())
    assert finding.kind == "training"
    assert finding.config == sizes.as_config()
    assert not [key for key in finding.weights["weights"].tensors if key.startswith("enc_q.")]
    assert finding.title == "mi-test"


def test_the_list_of_old_models_has_no_rate_and_the_text_beside_it_tells_it() -> None:
    sizes = Kind("v1", 40, False).small
    for rate in ("40k", 40_000, None):
        model = small_model(sizes, sr=rate)
        model["config"] = model["config"][:17]
        assert _one(model).facts["sample_rate"] == 40_000
    model["config"] = [*model["config"], "40k"]
    assert _one(model).facts["sample_rate"] == 40_000


def test_what_is_not_said_is_of_the_first_version_and_follows_the_pitch() -> None:
    model = small_model(Kind("v1").small)
    for key in ("version", "f0", "sr", "info"):
        del model[key]
    finding = _one(model)
    assert finding.missing == ()
    assert (finding.facts["version"], finding.facts["pitch"]) == ("v1", True)


def test_applios_files_are_read_in_their_own_spelling_with_what_they_add() -> None:
    state = parametrized(arrays(expected(SIZES)))
    finding = _one(small_model(SIZES, state, f0=True, sr=40_000, model_name="Applejack \x1b[1m", author="somebody", epoch=300,
                               step=9000, speakers_id=1, vocoder="HiFi-GAN", embedder_model="contentvec"))  # fmt: skip
    assert (finding.missing, finding.warnings) == ((), ())
    tensors = finding.weights["weights"].tensors
    assert tensors["dec.ups.0.weight_g"] == ("weight", "dec.ups.0.parametrizations.weight.original0")
    assert tensors.keys() == expected(SIZES).keys()
    assert finding.title == "Applejack  [1m"
    assert (finding.facts["author"], finding.facts["epoch"]) == ("somebody", 300)


def test_another_decoder_is_refused_by_its_name() -> None:
    (problem,) = _one(small_model(SIZES, vocoder="RefineGAN")).missing
    assert "'RefineGAN'" in problem.message


def test_features_of_another_encoder_are_a_warning() -> None:
    (warning,) = _one(small_model(SIZES, embedder_model="spin")).warnings
    assert "'spin'" in warning.message
    assert "noise" in warning.message


def _without(key: str) -> dict[str, Any]:
    model = small_model(SIZES)
    del model["weight"][key]
    return model


def _with(key: str, shape: tuple[int, ...], dtype: str = "float16") -> dict[str, Any]:
    model = small_model(SIZES)
    model["weight"][key] = numpy.zeros(shape, dtype)
    return model


def _config(index: int, value: Any) -> dict[str, Any]:
    model = small_model(SIZES)
    model["config"][index] = value
    return model


INCOMPLETE: dict[str, tuple[dict[str, Any], str]] = {
    "a weight is missing": (_without("dec.conv_post.weight"), "1 of its 457 weights are missing (dec.conv_post.weight)"),
    "the features are missing": (_without("enc_p.emb_phone.weight"), "missing (enc_p.emb_phone.weight)"),
    "a weight has another shape": (_with("dec.ups.1.weight_v", (3, 3, 16)), "dec.ups.1.weight_v is 3x3x16 and should be 16x8x16"),
    "pitch is told and its weights are missing": (_without("enc_p.emb_pitch.weight"), "enc_p.emb_pitch.weight"),
    "weights of whole numbers": (_with("enc_p.proj.bias", (16,), "int64"), "the type int64"),
    "a huge size": (_config(3, 10**12), "a configuration that no RVC network has"),
    "a huge rate": (_config(12, [10**9, 10, 2, 2]), "a configuration that no RVC network has"),
    "a million layers": (_config(6, 1_000_000), "a configuration that no RVC network has"),
    "a list of lists": (_config(10, [[3], [7], [11]]), "a configuration that no RVC network has"),
    "text for a size": (_config(2, "192"), "a configuration that no RVC network has"),
    "another kind of block": (_config(9, "2"), "a configuration that no RVC network has"),
    "no list at all": (small_model(SIZES, config={"a": 1}), "a configuration that no RVC network has"),
    "sizes of another network": (_config(12, [10, 8, 2, 2]), "dec.noise_convs.0.weight is 16x1x80 and should be 16x1x64"),
}


@pytest.mark.parametrize("what", INCOMPLETE)
def test_a_file_that_is_not_whole_says_which_weights_are_missing_or_wrong(what: str) -> None:
    model, words = INCOMPLETE[what]
    finding = _one(model)
    assert words in " ".join(problem.message for problem in finding.missing)
    assert all(problem.field == "voice/Rainbow Dash.pth" and problem.fix.label for problem in finding.missing)
    assert json.dumps(finding.as_json())


def test_the_weights_are_right_where_the_labels_are_wrong() -> None:
    finding = _one(small_model(SIZES, version="v1", f0=0))
    assert finding.missing == ()
    assert (finding.facts["version"], finding.facts["pitch"]) == ("v2", True)
    assert len(finding.warnings) == 2


def test_five_stages_without_pitch_and_without_their_training_part_do_not_tell_their_rate() -> None:
    content = training(Kind("v1", 48, False).small)
    del content["model"]["enc_q.pre.weight"]
    (problem,) = _one(content).missing
    assert "does not tell its sample rate" in problem.message


def test_a_discriminator_is_no_voice_and_told_by_its_keys() -> None:
    content = {"model": arrays({"discriminators.0.convs.0.weight_g": (4, 1, 1)}), "iteration": 1}
    recognised = recognise([skeleton(content, label="D_2333333.pth")])
    assert recognised.sets == ()
    assert "discriminator" in recognised.ignored[0].why


# Files of other architectures, by the keys that tell them.
OTHERS: dict[str, Any] = {
    "so-vits-svc 3.0": {"model": arrays({"enc_p_.pre.weight": (4, 4), "dec.conv_pre.weight": (4, 4, 7), "emb_g.weight": (2, 4)})},
    "so-vits-svc 4.x": {"model": arrays({"pre.weight": (4, 4), "emb_uv.weight": (2, 4), "f0_decoder.proj.weight": (1, 4)})},
    "so-vits-svc 5.0": {"model_g": arrays({"enc_p.pre.weight": (4, 4)}), "model_d": {}, "optim_g": {}},
    "StyleTTS 2": {"net": {"bert": arrays({"module.embeddings.word_embeddings.weight": (4, 4)})}, "optimizer": {}, "iters": 1},
    "GPT-SoVITS s1": {"weight": arrays({"model.ar_text_embedding.word_embeddings.weight": (4, 4)}), "config": {}, "info": "GPT-e10"},
    "GPT-SoVITS s2": {"weight": arrays({"enc_p.ssl_proj.weight": (4, 4, 1), "dec.conv_pre.weight": (4, 4, 7)}), "config": {}},
    "HiFi-GAN of TalkNet": {"generator": arrays({"conv_pre.weight_g": (4, 1, 1)})},
    "a list": [1, 2, 3],
    "nothing": None,
}


@pytest.mark.parametrize("what", OTHERS)
def test_files_of_other_architectures_are_left_alone_whatever_they_are_called(what: str) -> None:
    assert recognise([skeleton(OTHERS[what], label="rvc/voice.pth")]) == recognise([])


def _voices(*titles: str) -> list[Any]:
    return [skeleton(small_model(SIZES), label=title) for title in titles]


def _paired(*indexes: Any, voices: list[Any]) -> dict[str, str | None]:
    return {finding.title: finding.files.get("index") for finding in recognise([*voices, *indexes]).sets}


def test_an_index_goes_with_the_only_voice() -> None:
    found = _paired(index_skeleton("elsewhere/added_IVF9_Flat_nprobe_1_v2.index"), voices=_voices("a/Dash.pth"))
    assert found == {"Dash": "elsewhere/added_IVF9_Flat_nprobe_1_v2.index"}


def test_of_several_voices_an_index_goes_with_the_one_of_its_name_or_of_its_folder() -> None:
    by_name = "added_IVF9_Flat_nprobe_1_Dash_v2.index"
    assert _paired(index_skeleton(by_name), voices=_voices("Rarity.pth", "Dash.pth")) == {"Rarity": None, "Dash": by_name}
    by_folder = "two/added_IVF9_Flat_nprobe_1_v2.index"
    assert _paired(index_skeleton(by_folder), voices=_voices("one/x1.pth", "two/x2.pth")) == {"x1": None, "x2": by_folder}
    both = [index_skeleton("added_IVF9_Flat_nprobe_1_Dash_v2.index"), index_skeleton("added_IVF9_Flat_nprobe_1_Rarity_v2.index")]
    assert _paired(*both, voices=_voices("Rarity.pth", "Dash.pth")) == {"Rarity": both[1].name, "Dash": both[0].name}


def test_an_index_that_could_be_anybodys_is_nobodys() -> None:
    recognised = recognise([*_voices("Rarity.pth", "Dash.pth"), index_skeleton("added_IVF9_Flat_nprobe_1_v2.index")])
    assert all("index" not in finding.files for finding in recognised.sets)
    assert "several" in recognised.ignored[0].why


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (index_skeleton("trained_IVF9_Flat_nprobe_1_Dash_v2.index", kept=0), "without a vector"),
        (index_skeleton("added_Dash.index", dimension=1024), "1024 dimensions"),
        (index_skeleton("added_Dash.index", kind="IHNf"), "another kind"),
        (index_skeleton("added_Dash.index", dimension=256), "another version"),
    ],
)
def test_an_index_that_is_of_no_use_says_why_and_the_voice_is_kept(index: Any, words: str) -> None:
    recognised = recognise([*_voices("Dash.pth"), index])
    (finding,) = recognised.sets
    assert "index" not in finding.files
    assert finding.missing == ()
    assert words in recognised.ignored[0].why
    assert bool(finding.warnings) == ("version" in words)


def test_voices_of_one_import_have_names_of_their_own() -> None:
    found = recognise(_voices("a/Dash.pth", "b/Dash.pth", "c/G_100.pth", "model.pth", "\u7075\u5973.pth"))
    slugs = [finding.slug for finding in found.sets]
    assert slugs == ["dash", "dash-2", "c", "model", "voice"]
    assert all(is_slug(slug) for slug in slugs)
    assert is_slug(slug_of("x" * 200))


def test_the_content_encoder_is_told_in_both_spellings() -> None:
    fairseq = _one(content_encoder(), label="hubert_base.pt")
    assert (fairseq.what, fairseq.kind, fairseq.missing, fairseq.warnings) == ("asset", "content_encoder", (), ())
    assert "label_embs_concat" not in fairseq.weights["weights"].tensors
    state = {_transformers(key): array for key, array in official("hubert").items() if key != "label_embs_concat"}
    files = [skeleton(state, label="hubert_base/pytorch_model.bin"), skeleton({}, label="hubert_base/config.json", container="json")]
    recognised = recognise(files)
    (finding,) = recognised.sets
    assert (finding.kind, finding.missing) == ("content_encoder", ())
    assert [ignored.name for ignored in recognised.ignored] == ["hubert_base/config.json"]


def _transformers(key: str) -> str:
    for fairseq, other in (
        ("encoder.pos_conv.0.", "encoder.pos_conv_embed.conv."), ("conv_layers.0.2.", "conv_layers.0.layer_norm."), (".0.weight", ".conv.weight"), ("post_extract_proj", "feature_projection.projection"),
        ("self_attn_layer_norm", "layer_norm"), ("self_attn.", "attention."),
        ("fc1", "feed_forward.intermediate_dense"), ("fc2", "feed_forward.output_dense"), ("weight_g", "parametrizations.weight.original0"),
        ("weight_v", "parametrizations.weight.original1"), ("mask_emb", "masked_spec_embed"),
    ):  # fmt: skip
        key = key.replace(fairseq, other)
    return "feature_projection." + key if key.startswith("layer_norm") else key


def test_an_encoder_of_another_size_is_named_as_wrong() -> None:
    state = official("hubert")
    state["encoder.layers.3.fc1.weight"] = numpy.zeros((4096, 1024), numpy.float16)
    (problem,) = _one({"model": state}, label="hubert_large.pt").missing
    assert "encoder.layers.3.fc1.weight is 4096x1024 and should be 3072x768" in problem.message


def test_the_pitch_network_is_told_by_its_keys_and_its_twin_is_not_taken() -> None:
    finding = _one(official("rmvpe"), label="rmvpe.pt")
    assert (finding.what, finding.kind, finding.missing) == ("asset", "f0_network", ())
    assert len(finding.weights["weights"].tensors) == 741
    recognised = recognise([skeleton(None, label="rmvpe.onnx", container="onnx")])
    assert "ONNX" in recognised.ignored[0].why
