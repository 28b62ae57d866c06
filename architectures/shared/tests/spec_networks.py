"""The fast ways of the networks against slow, obvious ones, with small seeded sizes."""

from __future__ import annotations

import math
import types

import numpy
import pytest
import torch
from torch import Tensor
from torch.nn.utils.parametrizations import weight_norm

from hay_say_lab.plugin import InvalidRequest
from hay_say_shared import attention, hubert, rmvpe, rmvpe_blocks
from hay_say_shared.attention import BandedAttention, RelativeEncoder
from hay_say_shared.excitation import AMPLITUDE, UNVOICED_NOISE, phase_after, sine_and_noise
from hay_say_shared.flow import CouplingFlow
from hay_say_shared.hifigan import Decoder, Shape, decoder_state
from hay_say_shared.hifigan_blocks import BlockDecoder, windows
from hay_say_shared.hubert import Hubert
from hay_say_shared.hubert_frames import feature_count
from hay_say_shared.hubert_keys import hubert_state
from hay_say_shared.mel import log_mel
from hay_say_shared.rmvpe import MULTIPLE, Rmvpe
from hay_say_shared.weights import folded, load

# Rates and kernels of every configuration that people have, with few channels.
CONFIGURATIONS = {
    "40k": ((10, 10, 2, 2), (16, 16, 4, 4)),
    "v1 48k": ((10, 6, 2, 2, 2), (16, 16, 4, 4, 4)),
    "v2 48k": ((12, 10, 2, 2), (24, 20, 4, 4)),
    "v1 32k": ((10, 4, 2, 2, 2), (16, 16, 4, 4, 4)),
    "v2 32k": ((10, 8, 2, 2), (20, 16, 4, 4)),
}


@pytest.fixture(autouse=True)
def without_gradients() -> object:
    torch.manual_seed(5)
    with torch.inference_mode():
        yield


def shape(name: str, *, has_source: bool = True) -> Shape:
    rates, kernels = CONFIGURATIONS[name]
    return Shape(4, 3, 32, rates, kernels, has_source=has_source)


def shouted(network: torch.nn.Module) -> torch.nn.Module:
    """Larger weights than a fresh network has, so that a difference anywhere is heard at the end."""
    for parameter in network.parameters():
        parameter.copy_(torch.randn_like(parameter) * (1.5 / max(1.0, math.sqrt(parameter[0].numel()))))
    return network


# ------------------------------------------------------------------------------------------------------ attention


def slow_attention(network: BandedAttention, x: Tensor, mask: Tensor) -> Tensor:
    """By the definition, entry by entry."""
    batch, _channels, frames = x.shape
    made = torch.zeros_like(x)
    query, key, value = network.conv_q(x), network.conv_k(x), network.conv_v(x)
    for b in range(batch):
        for head in range(network.heads):
            part = slice(head * network.size, (head + 1) * network.size)
            q, k, v = (whole[b, part].T for whole in (query, key, value))
            scores = q @ k.T / math.sqrt(network.size)
            for i in range(frames):
                for j in range(max(0, i - network.window), min(frames, i + network.window + 1)):
                    scores[i, j] += q[i] @ network.emb_rel_k[0, j - i + network.window] / math.sqrt(network.size)
            scores[(mask[b, 0][:, None] * mask[b, 0][None, :]) == 0] = -1e4
            weights = scores.softmax(dim=1)
            heard = weights @ v
            for i in range(frames):
                for j in range(max(0, i - network.window), min(frames, i + network.window + 1)):
                    heard[i] += weights[i, j] * network.emb_rel_v[0, j - i + network.window]
            made[b, part] = heard.T
    return network.conv_o(made)


@pytest.mark.parametrize("frames", [1, 3, 9, 20])
@pytest.mark.parametrize("rows", [4, 512])
def test_attention_in_a_band_is_attention_by_the_definition(monkeypatch: pytest.MonkeyPatch, frames: int, rows: int) -> None:
    monkeypatch.setattr(attention, "_ROWS", rows)
    network = shouted(BandedAttention(8, 2, 4))
    x, mask = torch.randn(2, 8, frames), torch.ones(2, 1, frames)
    mask[1, :, frames // 2 + 1 :] = 0
    torch.testing.assert_close(network(x, mask), slow_attention(network, x, mask), atol=2e-6, rtol=1e-5)


def test_frames_behind_the_length_of_a_clip_are_silent_and_change_nothing_before_them() -> None:
    network = shouted(RelativeEncoder(8, 16, 2, 2, 3, window=4))
    x, mask = torch.randn(1, 8, 12), torch.ones(1, 1, 12)
    mask[:, :, 9:] = 0
    other = x.clone()
    other[:, :, 9:] = 100.0
    assert torch.equal(network(x, mask), network(other, mask))
    assert network(x, mask)[:, :, 9:].abs().max() == 0


def test_a_flow_reaches_24_frames_far() -> None:
    network = shouted(CouplingFlow(6, 8, 3))
    z, mask, condition = torch.randn(1, 6, 90), torch.ones(1, 1, 90), torch.randn(1, 3, 1)
    assert network.reach == 24
    whole, part = network(z, mask, condition), network(z[:, :, 10:80], mask[:, :, 10:80], condition)
    torch.testing.assert_close(whole[:, :, 34:56], part[:, :, 24:46], atol=1e-6, rtol=1e-6)


# -------------------------------------------------------------------------------------------------------- decoder


@pytest.mark.parametrize("frames", [(9, 5, 3, 2, 2), (50,), (4,)])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_decoder_in_blocks_gives_the_samples_of_the_whole(name: str, frames: tuple[int, ...]) -> None:
    network = shouted(Decoder(shape(name)).double())
    count = 37
    z, condition = torch.randn(1, 4, count).double(), torch.randn(1, 3, 1).double()
    excitation = torch.randn(1, 1, count * network.shape.samples_per_frame).double()
    whole = network(z, excitation, condition)
    assert whole.std() > 0.05

    blocks = BlockDecoder(network, frames)

    torch.testing.assert_close(blocks.decode(z, excitation, condition, 0, count), whole, atol=1e-6, rtol=0)
    part = whole[:, :, 11 * network.shape.samples_per_frame : 29 * network.shape.samples_per_frame]
    torch.testing.assert_close(blocks.decode(z, excitation, condition, 11, 29), part, atol=1e-6, rtol=0)


def test_a_decoder_without_a_source_takes_no_excitation() -> None:
    network = shouted(Decoder(shape("v2 32k", has_source=False)).double())
    z, condition = torch.randn(2, 4, 20).double(), torch.randn(2, 3, 1).double()
    torch.testing.assert_close(
        BlockDecoder(network, (6,)).decode(z, None, condition, 0, 20), network(z, None, condition), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize(("start", "stop", "size", "margin", "length"), [(0, 100, 10, 3, 100), (5, 93, 16, 7, 100), (0, 9, 50, 3, 9)])
def test_all_windows_have_one_length_and_their_margins_or_the_end(start: int, stop: int, size: int, margin: int, length: int) -> None:
    found = list(windows(start, stop, size, margin, length))
    assert len({cut.right - cut.left for cut in found}) == 1
    assert [cut.start for cut in found] == list(range(start, stop, size))
    assert found[-1].stop == stop
    for cut in found:
        assert 0 <= cut.left <= max(0, cut.start - margin)
        assert min(length, cut.stop + margin) <= cut.right <= length


def test_official_names_of_a_decoder_are_ours() -> None:
    network = Decoder(shape("40k"))
    official = {}
    for key, value in network.state_dict().items():
        words = key.split(".")
        flat = value[:, :, 0] if value.dim() == 4 else value
        if words[0] != "stages":
            official[f"dec.{key}"] = flat
        elif words[2] == "blocks":
            official[f"dec.resblocks.{3 * int(words[1]) + int(words[3])}.{'.'.join(words[4:])}"] = flat
        else:
            official[f"dec.{'ups' if words[2] == 'up' else 'noise_convs'}.{words[1]}.{words[3]}"] = flat
    official["dec.m_source.l_linear.weight"] = torch.zeros(1, 1)
    load(Decoder(shape("40k")), decoder_state(official, "dec.", network.shape), "it")


# ----------------------------------------------------------------------------------------------------- excitation


def test_the_source_is_a_sine_whose_phase_is_the_sum_of_all_steps_before() -> None:
    f0_hz = torch.tensor([[0.0, 220.0, 233.3, 1000.0, 0.0, 110.0]])
    samples, rate = 400, 40_000
    turns = torch.repeat_interleave(f0_hz[0].double() / rate, samples).cumsum(0)
    voiced = torch.repeat_interleave(f0_hz[0] > 0, samples)
    wanted = AMPLITUDE * torch.sin(2 * math.pi * turns) * voiced
    made = sine_and_noise(f0_hz, torch.zeros(1, 6 * samples), rate)
    torch.testing.assert_close(made[0].double(), wanted, atol=1e-7, rtol=0)


def test_the_phase_goes_on_from_one_part_to_the_next_even_an_hour_later() -> None:
    f0_hz = 100.0 + 50.0 * torch.rand(1, 1000)
    whole = sine_and_noise(f0_hz, torch.zeros(1, 100_000), 10_000)
    later = sine_and_noise(f0_hz[:, 700:], torch.zeros(1, 30_000), 10_000, first_phase=phase_after(f0_hz[:, :700], 100, 10_000))
    torch.testing.assert_close(whole[:, 70_000:], later, atol=1e-6, rtol=0)


def test_unvoiced_frames_are_noise_alone() -> None:
    drawn = torch.randn(1, 800)
    torch.testing.assert_close(sine_and_noise(torch.zeros(1, 2), drawn, 40_000), drawn * UNVOICED_NOISE)


# --------------------------------------------------------------------------------------------------- listening


def test_convolutions_in_blocks_hear_what_they_hear_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Hubert(hidden=32, inner=32, heads=2, layers=1, projection=None)
    sound = torch.randn(1, 400 + 320 * 33 + 17)
    at_once = sound[:, None]
    for index, convolution in enumerate(network.convolutions):
        at_once = convolution(at_once)
        at_once = torch.nn.functional.gelu(network.group_norm(at_once) if index == 0 else at_once)
    monkeypatch.setattr(hubert, "_BLOCK", 7)
    assert network.front(sound).shape[2] == feature_count(sound.shape[1]) == 34
    torch.testing.assert_close(network.front(sound), at_once, atol=1e-6, rtol=1e-4)


def test_the_three_spellings_of_hubert_are_one_network() -> None:
    state = {key: torch.randn(3) for key in Hubert(hidden=32, inner=32, heads=2, layers=2, projection=4).state_dict()}
    fairseq = {
        "layer_norm.weight": "front_norm.weight", "post_extract_proj.bias": "project.bias",
        "feature_extractor.conv_layers.3.0.weight": "convolutions.3.weight",
        "feature_extractor.conv_layers.0.2.bias": "group_norm.bias", "encoder.pos_conv.0.bias": "position.bias",
        "encoder.layer_norm.weight": "entry_norm.weight", "encoder.layers.1.self_attn.k_proj.bias": "layers.1.key.bias",
        "encoder.layers.1.self_attn_layer_norm.bias": "layers.1.attention_norm.bias",
        "encoder.layers.0.fc1.weight": "layers.0.inner.weight", "encoder.layers.0.fc2.weight": "layers.0.outer.weight",
        "encoder.layers.0.final_layer_norm.weight": "layers.0.final_norm.weight", "final_proj.weight": "final.weight",
    }  # fmt: skip
    transformers = {
        "hubert.feature_projection.layer_norm.weight": "front_norm.weight",
        "feature_projection.projection.bias": "project.bias",
        "feature_extractor.conv_layers.3.conv.weight": "convolutions.3.weight",
        "feature_extractor.conv_layers.0.layer_norm.bias": "group_norm.bias",
        "encoder.pos_conv_embed.conv.bias": "position.bias", "encoder.layer_norm.weight": "entry_norm.weight",
        "encoder.layers.1.attention.k_proj.bias": "layers.1.key.bias",
        "encoder.layers.1.layer_norm.bias": "layers.1.attention_norm.bias",
        "encoder.layers.0.feed_forward.intermediate_dense.weight": "layers.0.inner.weight",
        "encoder.layers.0.feed_forward.output_dense.weight": "layers.0.outer.weight",
    }  # fmt: skip
    torchaudio = {
        "encoder.feature_projection.layer_norm.weight": "front_norm.weight",
        "encoder.feature_projection.projection.bias": "project.bias",
        "encoder.transformer.pos_conv_embed.conv.bias": "position.bias",
        "encoder.transformer.layer_norm.weight": "entry_norm.weight",
        "encoder.transformer.layers.1.attention.q_proj.bias": "layers.1.query.bias",
        "encoder.transformer.layers.0.final_layer_norm.weight": "layers.0.final_norm.weight",
    }  # fmt: skip
    for spelling in (fairseq, transformers, torchaudio):
        assert set(spelling.values()) <= set(state)
        assert {key: next(iter(hubert_state({key: torch.zeros(1)}))) for key in spelling} == spelling
    assert hubert_state({"mask_emb": torch.zeros(1), "label_embs_concat": torch.zeros(1)}) == {}


def test_a_picture_depends_on_no_frame_farther_away_than_its_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rmvpe, "FIRST_CHANNELS", 2)     # as deep, and not as wide
    network = shouted(rmvpe.Rmvpe()).eval()
    frames = rmvpe_blocks.MARGIN + 2 * MULTIPLE
    mel = torch.randn(1, 128, frames)
    whole = network.picture(mel)
    for changed, untouched in ((0, slice(rmvpe_blocks.MARGIN, None)), (frames - 1, slice(0, frames - rmvpe_blocks.MARGIN))):
        other = mel.clone()
        other[:, :, changed] += 10.0
        made = network.picture(other)
        assert not torch.equal(made, whole)
        assert torch.equal(made[:, untouched], whole[:, untouched])


def test_pictures_in_blocks_are_laid_where_they_belong(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in that looks one frame to each side, and margins of as many."""

    def picture(mel: Tensor, tell: object = None) -> Tensor:
        sums = torch.nn.functional.avg_pool1d(mel, 3, 1, padding=1)
        return torch.cat([sums] * 3, dim=1).transpose(1, 2)

    network = types.SimpleNamespace(picture=picture)
    monkeypatch.setattr(rmvpe_blocks, "MARGIN", MULTIPLE)
    mel = torch.randn(1, 128, 9 * MULTIPLE + 3)
    told: list[float] = []

    made = rmvpe_blocks.all_cues(network, mel, block=2 * MULTIPLE, tell=told.append)

    wanted = picture(torch.nn.functional.pad(mel, (0, MULTIPLE - 3)))
    torch.testing.assert_close(made, wanted, atol=1e-6, rtol=0)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_reading_in_steps_both_ways_is_reading_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Rmvpe().eval()
    mel = torch.randn(1, 128, 2 * MULTIPLE + 5)
    wanted = network(mel)[0].numpy()
    monkeypatch.setattr(rmvpe_blocks, "_STEP", 20)
    monkeypatch.setattr(rmvpe_blocks, "pitch_of", lambda salience, threshold: salience[:, 7].astype(numpy.float64))
    cues = rmvpe_blocks.all_cues(network, mel)
    found = rmvpe_blocks.read(network, cues, mel.shape[2], 0.03, lambda share: None)
    numpy.testing.assert_allclose(found, wanted[:, 7], atol=1e-6)


@pytest.mark.parametrize("samples", [1, 300, 512, 5000])
def test_a_mel_picture_has_a_frame_every_160_samples_however_short_the_sound(samples: int) -> None:
    assert log_mel(torch.randn(1, samples)).shape == (1, 128, samples // 160 + 1)


# -------------------------------------------------------------------------------------------------------- weights


def test_folding_is_what_torchs_weight_norm_computes_in_both_spellings() -> None:
    with torch.inference_mode(False):
        layer = weight_norm(torch.nn.ConvTranspose1d(4, 6, 5))
        plain = {key: value.detach().clone() for key, value in layer.state_dict().items()}
        weight = layer.weight.detach().clone()
    old = {
        "bias": plain["bias"], "weight_g": plain["parametrizations.weight.original0"],
        "weight_v": plain["parametrizations.weight.original1"],
    }  # fmt: skip
    for state in (plain, old):
        made = folded({f"up.{key}": value for key, value in state.items()})
        assert set(made) == {"up.bias", "up.weight"}
        torch.testing.assert_close(made["up.weight"], weight, atol=1e-6, rtol=1e-6)


def test_half_precision_is_made_whole_before_it_is_folded() -> None:
    made = folded({"a.weight_g": torch.ones(2, 1).half(), "a.weight_v": torch.ones(2, 3).half()})
    torch.testing.assert_close(made["a.weight"], torch.full((2, 3), 3**-0.5))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bias": None}, "lacks 1 of its weights: bias"),
        ({"other": torch.zeros(1)}, "has unknown 1 of its weights: other"),
        ({"bias": torch.zeros(3)}, "'bias' is (3,) and should be (2,)"),
        ({"bias": torch.tensor([1.0, math.nan])}, "not numbers"),
    ],
)
def test_weights_that_do_not_fit_are_named(change: dict[str, Tensor | None], words: str) -> None:
    network = torch.nn.Linear(2, 2)
    state = {key: value for key, value in (network.state_dict() | change).items() if value is not None}
    with pytest.raises(InvalidRequest) as refused:
        load(network, state, "the voice")
    assert words in str(refused.value)
