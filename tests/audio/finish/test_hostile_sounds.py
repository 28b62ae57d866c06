"""Whatever the sound, finishing ends with numbers."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from hay_say_lab.audio.effects import EFFECTS
from hay_say_lab.audio.finish import finish
from hay_say_lab.domain.clip import Clip
from tests.audio.finish.voices import voice


def _noise(count: int) -> numpy.ndarray:
    return numpy.random.default_rng(1).standard_normal(count).astype(numpy.float32)


SOUNDS = {
    "no sample": Clip(numpy.zeros(0, numpy.float32), 16_000),
    "one sample": Clip(numpy.ones(1, numpy.float32), 16_000),
    "two samples": Clip(numpy.array([1, -1], numpy.float32), 48_000),
    "20 ms": Clip(voice(0.02, sample_rate=16_000), 16_000),
    "silence": Clip(numpy.zeros(8_000, numpy.float32), 16_000),
    "DC": Clip(numpy.full(8_000, 0.5, numpy.float32), 16_000),
    "clipped": Clip(numpy.clip(20 * voice(0.4), -1, 1), 24_000),
    "noise": Clip(_noise(8_000), 16_000),
    "a click": Clip(numpy.eye(1, 8_000, 4_000, dtype=numpy.float32)[0], 16_000),
    "square wave at Nyquist": Clip(numpy.resize([1.0, -1.0], 8_000).astype(numpy.float32), 16_000),
    "8 kHz": Clip(voice(0.4, sample_rate=8_000), 8_000),
    "192 kHz": Clip(voice(0.15, sample_rate=192_000), 192_000),
    "the quietest": Clip(numpy.float32(1e-40) * _noise(6_000), 16_000),
    "the loudest": Clip(numpy.float32(3e37) * voice(0.3), 24_000),
}
EVERY_EFFECT: list[dict[str, Any]] = [{"effect": name} for name in EFFECTS]
OPTIONS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "metallic": ({"metallic": 1.0}, []),
    "auto-tune": ({"auto_tune_key": "c"}, []),
    "slow": ({"speed": 0.25}, []),
    "fast": ({"speed": 4.0}, []),
    "fades": ({"fade_in_seconds": 1.0, "fade_out_seconds": 1.0}, []),
    "loudness": ({"loudness_lufs": -16.0}, []),
    "every effect": ({}, EVERY_EFFECT),
}


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("clip", SOUNDS.values(), ids=SOUNDS)
@pytest.mark.filterwarnings("error")
def test_every_option_ends_with_numbers(clip: Clip, option: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    settings, chain = option

    finished, _ = finish(clip, settings, chain, seed=1)

    assert finished.samples.dtype == numpy.float32
    assert finished.sample_rate == clip.sample_rate
    assert numpy.isfinite(finished.samples).all()
    if not chain:
        count = len(clip.samples)
        assert len(finished.samples) == (max(1, round(count / settings.get("speed", 1.0))) if count else 0)


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("sample_rate", [8_000, 192_000])
def test_every_effect_takes_its_bounds_at_any_rate(effect: str, sample_rate: int) -> None:
    clip = Clip(voice(0.1, sample_rate=sample_rate), sample_rate)
    for bound in ("low", "high"):
        settings = {
            control.name: getattr(control, bound) for control in EFFECTS[effect].controls if hasattr(control, bound)
        }
        finished, _ = finish(clip, {}, [{"effect": effect, "mix": 1.0, "settings": settings}], seed=1)
        assert numpy.isfinite(finished.samples).all()
        assert numpy.abs(finished.samples).max() < 100
