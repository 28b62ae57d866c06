"""Files that torch itself wrote, in both of its ways: our own machine describes them as torch loads them, and they are converted."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import TORCH_PYTHON
from hay_say_lab.domain.finding import Finding, Weights
from hay_say_lab.library.containers import skeleton
from tests.library.reading import librarian

# Writes both files, and tells what torch knows of every tensor in them.
SCRIPT = """
import hashlib, json, sys
import numpy, torch

def told(tensor):
    bits = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return [str(tensor.dtype).removeprefix("torch."), list(tensor.shape), hashlib.sha256(bits).hexdigest()]

torch.manual_seed(1)
layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(3, 4, 5))
optimizer = torch.optim.AdamW(layer.parameters())
layer(torch.randn(1, 3, 9)).sum().backward()
optimizer.step()
large = torch.randn(4, 6)
tensors = {
    **layer.state_dict(), "half": torch.randn(3).half(), "brain": torch.randn(3).bfloat16(), "whole": torch.tensor(3),
    "switch": torch.tensor([True, False]), "large": large, "view": large.t()[1:3], "parameter": torch.nn.Parameter(torch.randn(2)),
    "empty": torch.zeros(0, 3), "spread": torch.randn(5, 1).expand(5, 4),
}
content = {"model": tensors, "optimizer": optimizer.state_dict(), "iteration": 3, "learning_rate": numpy.float64(1e-4)}
torch.save(content, sys.argv[1] + "/new.pth")
torch.save(content, sys.argv[1] + "/old.pth", _use_new_zipfile_serialization=False)
print(json.dumps({name: told(tensor) for name, tensor in tensors.items()}))
"""


def _written(folder: Path) -> dict[str, list[Any]]:
    command = [str(TORCH_PYTHON), "-c", SCRIPT, str(folder)]
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True, timeout=240).stdout))


def _kept(path: Path) -> dict[str, list[Any]]:
    """The same of a safetensors file, by its header and its bytes."""
    content = path.read_bytes()
    first = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:first])
    described = skeleton(path, path.name).tensors()
    return {
        name: [spec.dtype, list(spec.shape), hashlib.sha256(content[first + begin : first + end]).hexdigest()]
        for name, spec in described.items()
        for begin, end in [header[name]["data_offsets"]]
    }


@pytest.mark.torch
def test_what_torch_wrote_is_described_as_torch_knows_it_and_converted_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAY_SAY_TORCH_PYTHON", str(TORCH_PYTHON))
    folder = tmp_path / "files"
    folder.mkdir()
    written = _written(folder)

    for name in ("new", "old"):
        found = skeleton(folder / f"{name}.pth", f"{name}.pth")
        described = {key: [spec.dtype, list(spec.shape)] for key, spec in found.tensors("model").items()}
        assert described == {key: told[:2] for key, told in written.items()}
        assert found.inside("learning_rate") == 1e-4
        assert found.inside("optimizer", "state") is not None

    weights = {name: Weights(f"{name}.pth", {key: ("model", key) for key in written}) for name in ("new", "old")}
    finding = Finding("voice", "any", "any", "A", "a", {name: f"{name}.pth" for name in weights}, weights=weights)
    with librarian(tmp_path / "home") as (desk, _):
        asyncio.run(desk.convert(finding, folder, tmp_path / "out"))
    for name in weights:
        assert _kept(tmp_path / "out" / f"{name}.safetensors") == written
