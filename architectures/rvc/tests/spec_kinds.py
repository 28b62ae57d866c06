"""Every kind of voice that people share, as an import leaves it, becomes a network that sounds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.numpy import save_file

from architectures.rvc.tests.rule_files import KINDS, Kind, arrays
from hay_say_rvc.configuration import sizes_of
from hay_say_rvc.generator import expected
from hay_say_rvc.runtime import _config, _tensors
from hay_say_rvc.synthesizer import synthesizer
from hay_say_shared.hifigan_blocks import BlockDecoder

FRAMES = 12


@pytest.mark.parametrize(("version", "rate", "pitch"), KINDS)
def test_a_voice_of_this_kind_is_built_from_its_files_and_sounds(tmp_path: Path, version: str, rate: int, pitch: bool) -> None:
    sizes = Kind(version, rate, pitch).small
    state = {key: (array * 0.2).astype(array.dtype) for key, array in arrays(expected(sizes)).items()}
    save_file(state, tmp_path / "weights.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(sizes.as_config()))

    config = _config(tmp_path / "config.json")
    read = _tensors(tmp_path / "weights.safetensors", "the voice")
    ours = sizes_of(config["config"], version=config["version"], has_pitch=config["f0"], speakers=len(read["emb_g.weight"]))
    network = synthesizer(read, ours)

    assert (ours.sample_rate, ours.has_pitch, ours.speakers) == (1000 * rate, pitch, 3)
    assert ours.samples_per_frame == 10 * rate
    with torch.inference_mode():
        features = torch.randn(1, FRAMES, 256 if version == "v1" else 768)
        steps = torch.full((1, FRAMES), 80) if pitch else None
        prior = network.enc_p(features, steps, torch.tensor([FRAMES]))
        condition = network.speaker(torch.tensor([2]))
        z = network.latent(prior, torch.randn(prior.mean.shape), condition)
        excitation = network.excitation(torch.full((1, FRAMES), 220.0), torch.randn(1, FRAMES * 10 * rate))
        whole = network.dec(z, excitation, condition)
        made = BlockDecoder(network.dec, (5, 3, 2)).decode(z, excitation, condition, 0, FRAMES)
    assert (excitation is None) is not pitch
    assert made.shape == (1, 1, FRAMES * 10 * rate)
    assert torch.isfinite(made).all()
    torch.testing.assert_close(made, whole, atol=1e-5, rtol=0)
