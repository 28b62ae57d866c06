"""From a request to an artifact: a voice on the shelf, the files that it shares, and a worker in an interpreter with torch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy
import pytest

from conftest import TORCH_PYTHON
from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.request import Request, Step
from hay_say_lab.engine.patience import PATIENCE
from hay_say_lab.errors import InvalidRequest
from tests.engine.laboratory import Laboratory, laboratory
from tests.engine.shelves import brought, brought_asset

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
RATE = 22_050
SETTINGS = {"f0_method": "autocorrelation", "envelope_mix": 1.0}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small voice's files; and workers find our packages as they lie here."""
    places = [REPOSITORY, *sorted((REPOSITORY / "architectures").iterdir())]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, places)))
    folder = tmp_path / "made"
    folder.mkdir()
    subprocess.run([str(TORCH_PYTHON), str(HERE / "make_small.py"), str(folder)], check=True)
    return folder


def glide(seconds: float) -> numpy.ndarray:
    moments = numpy.arange(round(seconds * RATE)) / RATE
    return (0.3 * numpy.sin(2 * numpy.pi * (180 * moments + 20 * moments**2))).astype(numpy.float32)


async def _settle(lab: Laboratory, made: Path) -> None:
    files = {"weights": made / "weights.safetensors", "config": made / "config.json"}
    await lab.shelf.settle(*brought(lab.home.root, "rvc:small", {role: path.read_bytes() for role, path in files.items()}))
    content = (made / "content_encoder.safetensors").read_bytes()
    await lab.shelf.settle_asset(*brought_asset(lab.home.root, weights=content))


@pytest.mark.torch
async def test_a_voice_converts_once_all_that_it_needs_is_there(tmp_path: Path, made: Path) -> None:
    """Given a voice without its pitch network, it is named; with all in place it converts, to the sample and the seed."""
    async with laboratory(tmp_path / "home", patience=PATIENCE) as lab:     # importing torch takes seconds
        environment = lab.home.environment("rvc")
        environment.parent.mkdir(parents=True)
        environment.symlink_to(TORCH_PYTHON.parents[1])
        await _settle(lab, made)
        clip = await lab.clip(glide(1.3), RATE)
        asked = Request((Step("convert", "rvc:small", SETTINGS),), clip=clip, seed=5)
        with pytest.raises(InvalidRequest) as refused:
            await lab.engine.submit("ann", asked)
        assert "rmvpe.pt" in refused.value.problems[0].fix.label

        await lab.shelf.settle_asset(*brought_asset(lab.home.root, "pitch", "f0_network"))      # nobody reads it here
        job = await lab.ended(await lab.submit(asked), 100.0)
        again = await lab.made(asked.evolve(fresh=True))
        other = await lab.made(asked.evolve(seed=6))

        assert [one.state for one in (job, again, other)] == ["succeeded"] * 3
        sound = read_clip(lab.objects.path(job.stages[-1].outputs["clip"]))
        assert len(sound.samples) == round(round(1.3 * RATE) * sound.sample_rate / RATE)
        assert numpy.abs(sound.samples).max() > 0.01
        converted = [next(stage for stage in one.stages if stage.task == "convert").outputs["clip"] for one in (job, again, other)]
        assert converted[0] == converted[1] != converted[2]
