"""CREPE in the measuring worker: its decoding by itself, its network against torchcrepe's, and its way to a person."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy
import pytest

from conftest import TORCH_PYTHON
from hay_say_lab.domain.measure import MeasureOrder
from hay_say_lab.engine.measuring import Clips
from hay_say_lab.engine.patience import PATIENCE
from hay_say_lab.errors import TooLarge, Unavailable
from hay_say_lab.worker import crepe
from tests.audio.prepare.speech import SAMPLE_RATE, speech
from tests.engine.laboratory import laboratory
from tests.house.source import core

REPOSITORY = Path(__file__).parents[2]


def activations(*bins: int, sure: float = 0.9) -> numpy.ndarray:
    """One bump a frame, as the network makes them."""
    places = numpy.arange(crepe.BINS)[None, :] - numpy.array(bins)[:, None]
    return (sure * numpy.exp(-(places**2) / 6.0)).astype(numpy.float32)


def in_torch(script: str) -> str:
    """Standard output of Python code or of a file in the second environment."""
    words = [script] if script.endswith(".py") else ["-c", script]
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    ended = subprocess.run([str(TORCH_PYTHON), *words], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_path_follows_what_is_heard_and_passes_over_a_slip_of_one_frame() -> None:
    decoded = crepe.decode(activations(100, 101, 102, 220, 104, 105), 60.0, 800.0)
    assert decoded.bins.tolist()[:3] == [100, 101, 102]
    assert abs(decoded.bins[3] - 103) <= 11
    assert decoded.confidence[3] < 0.01


def test_a_path_keeps_within_its_range() -> None:
    decoded = crepe.decode(activations(20, 20, 20), 60.0, 800.0)
    assert decoded.bins.min() >= 55       # of 60 Hz


def test_a_bump_between_two_bins_is_heard_between_them() -> None:
    one, next_one = activations(100), activations(101)
    hertz = crepe.hertz_at((one + next_one) / 2, numpy.array([100]))
    cents = 1200 * numpy.log2(hertz[0] / 10) - crepe.LOWEST_CENTS
    assert cents / crepe.CENTS_PER_BIN == pytest.approx(100.5, abs=0.05)


def test_windows_are_centred_on_their_hops() -> None:
    samples = numpy.zeros(1600, numpy.float32)
    samples[800] = 1.0
    windows = crepe.windows_of(samples)
    assert windows.shape == (11, crepe.WINDOW)
    assert windows[5].argmax() == crepe.WINDOW // 2


def test_an_hour_is_not_traced() -> None:
    from hay_say_lab.audio.progress import unwatched
    from hay_say_lab.domain.clip import Clip

    with pytest.raises(TooLarge):
        crepe.contour_of(Clip(numpy.zeros(601_000, numpy.float32), 1000), {}, "crepe", 60.0, 800.0, unwatched)


def test_the_rooms_of_the_audio_worker_never_import_torch() -> None:
    rooms = ("audio", "text", "domain")
    guilty = [m.place for m in core() if m.room in rooms for found in m.imports() if found.target.startswith("torch")]
    named = [m.place for m in core() if m.room in rooms and '"torch' in m.path.read_text(encoding="utf-8")]
    assert not guilty + named


async def test_without_torch_the_answer_names_what_installs_it(tmp_path: Path) -> None:
    """The tests' own environment has no torch: the worker runs in it, and says so."""
    async with laboratory(tmp_path / "home") as lab:
        clip = await lab.clip(speech(2.0, 120.0).samples, SAMPLE_RATE)
        order = MeasureOrder(clip, ("f0",), f0_method="crepe-tiny")
        with pytest.raises(Unavailable) as refused:
            await lab.measuring.answer(order, Clips(lab.store.clip("ann", clip)), 60.0)
        assert "hay-say-lab[crepe]" in refused.value.problems[0].fix.label


@pytest.mark.torch
async def test_with_torch_a_contour_comes_from_a_worker_of_its_own(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home", patience=PATIENCE) as lab:     # importing torch takes seconds
        environment = lab.home.environment("measuring")
        environment.parent.mkdir(parents=True)
        environment.symlink_to(TORCH_PYTHON.parents[1])
        clip = await lab.clip(speech(2.0, 120.0).samples, SAMPLE_RATE)
        order = MeasureOrder(clip, ("f0", "lufs"), f0_method="crepe-tiny")

        answer = await lab.measuring.answer(order, Clips(lab.store.clip("ann", clip)), 120.0)

        assert answer.ready
        assert answer.values["f0"]["method"] == "crepe-tiny"
        assert answer.values["f0"]["median_hz"] == pytest.approx(120.0, rel=0.03)
        assert {worker["worker"] for worker in lab.pool.described()} == {"audio", "measuring"}


@pytest.mark.torch
def test_our_network_and_decoding_are_torchcrepes() -> None:
    for capacity, told in json.loads(in_torch("tests/worker/crepe_reference.py")).items():
        assert told["activations_apart"] < 1e-5, capacity
        assert told["bins_apart"] == 0, capacity
        assert told["confidence_apart"] < 1e-5, capacity
        assert told["voiced_where_silent"] == 0, capacity
        assert told["heard_share"] > 0.7, capacity
        assert told["cents_off"] < 10.0, capacity


@pytest.mark.torch
def test_the_audio_worker_measures_everything_without_importing_torch_where_it_could() -> None:
    code = """
import sys, tempfile, numpy, pathlib
from hay_say_lab.audio.objects import write_clip
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.measure import MEASURES
from hay_say_lab.worker.audio import AudioRuntime

class Context:
    inputs = {}
    def checkpoint(self, fraction, message=""): pass

clip = Clip((0.1 * numpy.sin(numpy.arange(16000) * 0.05)).astype(numpy.float32), 16000)
context = Context()
with tempfile.TemporaryDirectory() as folder:
    context.out = pathlib.Path(folder)
    context.inputs = {"against": context.out / "clip.w64"}
    write_clip(context.inputs["against"], clip)
    settings = {"measures": list(MEASURES), "f0_method": "harvest", "align": True}
    assert set(AudioRuntime().measure("", clip, settings, context).documents) == set(MEASURES)
AudioRuntime().fingerprint()
import importlib.util
print(importlib.util.find_spec("torch") is not None, "torch" in sys.modules)
"""
    assert in_torch(code).split() == ["True", "False"]
