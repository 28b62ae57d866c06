"""Each effect does what it says, and each of its controls acts."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from hay_say_lab.audio.effects import EFFECTS, PRESETS, apply_chain, check_effects
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import Choice, Number
from tests.audio.finish.voices import voice

RATE = 48_000


def _tone(hertz: float, peak: float = 0.1, seconds: float = 1.0) -> Clip:
    count = round(seconds * RATE)
    return Clip((peak * numpy.sin(2 * numpy.pi * hertz * numpy.arange(count) / RATE)).astype(numpy.float32), RATE)


def _through(clip: Clip, effect: str, mix: float = 1.0, **settings: Any) -> numpy.ndarray:
    return apply_chain(clip, [{"effect": effect, "mix": mix, "settings": settings}], seed=1).samples


def _gain_db(clip: Clip, effect: str, **settings: Any) -> float:
    """What an effect does to a clip's level, in its second half, when all has settled."""
    half = len(clip.samples) // 2
    wet = _through(clip, effect, **settings)[: len(clip.samples)]
    return float(20 * numpy.log10(wet[half:].std() / clip.samples[half:].std()))


def _click(seconds: float = 1.0) -> Clip:
    samples = numpy.zeros(round(seconds * RATE), numpy.float32)
    samples[0] = 1.0
    return Clip(samples, RATE)


def _acting() -> list[tuple[str, str, Any, Any]]:
    """(effect, control, one value, another) for every control of every effect."""
    cases = []
    for effect in EFFECTS.values():
        for control in effect.controls:
            if isinstance(control, Number):
                low, high = control.low, control.high
                cases.append((effect.name, control.name, low + 0.2 * (high - low), low + 0.8 * (high - low)))
            elif isinstance(control, Choice):
                cases.append((effect.name, control.name, control.values[0], control.values[-1]))
    return [(name, control, *(_whole(name, control, value) for value in values)) for name, control, *values in cases]


def _whole(effect: str, name: str, value: Any) -> Any:
    control = next(control for control in EFFECTS[effect].controls if control.name == name)
    return round(value) if isinstance(control, Number) and control.whole else value


# What must be on for a control to matter: the eq's bands, a compressor that works, hiss to be found.
SURROUNDINGS: dict[str, dict[str, Any]] = {
    "eq": {"low_db": 6.0, "peak_db": 6.0, "high_db": 6.0},
    "compressor": {"threshold_db": -18.0, "ratio": 4.0},
    "de_esser": {"threshold_db": -30.0, "frequency_hz": 4000.0},
    "delay": {"time_seconds": 0.1, "feedback": 0.5},
}


@pytest.mark.parametrize(("effect", "control", "one", "other"), _acting())
def test_every_control_acts(effect: str, control: str, one: Any, other: Any) -> None:
    clip = Clip(voice(0.6, sample_rate=RATE, breath=2.0), RATE)
    around = SURROUNDINGS.get(effect, {})
    first, second = (_through(clip, effect, **{**around, control: value})[: len(clip.samples)] for value in (one, other))
    assert numpy.abs(first - second).max() > 1e-4


def test_gain_is_exact() -> None:
    assert _gain_db(_tone(440), "gain", gain_db=-6.0) == pytest.approx(-6.0, abs=0.001)


@pytest.mark.parametrize(
    ("hertz", "settings", "decibels"),
    [
        (30, {"low_db": 9.0, "low_hz": 300.0}, 9.0),                # well inside the shelf
        (300, {"low_db": 9.0, "low_hz": 300.0}, 4.5),               # half of it at its edge
        (6000, {"low_db": 9.0, "low_hz": 300.0}, 0.0),              # nothing above
        (2000, {"peak_db": -12.0, "peak_hz": 2000.0}, -12.0),       # the bell's middle
        (200, {"peak_db": -12.0, "peak_hz": 2000.0, "peak_q": 2.0}, 0.0),
        (18000, {"high_db": 6.0, "high_hz": 5000.0}, 6.0),
        (5000, {"high_db": 6.0, "high_hz": 5000.0}, 3.0),
        (200, {"high_db": 6.0, "high_hz": 5000.0}, 0.0),
    ],
)
def test_the_equaliser_raises_and_lowers_what_it_names(hertz: float, settings: dict[str, Any], decibels: float) -> None:
    assert _gain_db(_tone(hertz), "eq", **settings) == pytest.approx(decibels, abs=0.3)


@pytest.mark.parametrize(("effect", "octaves"), [("high_pass", -1), ("low_pass", 1)])
@pytest.mark.parametrize("slope", ["12", "24", "48"])
def test_a_pass_filter_falls_as_steeply_as_it_says(effect: str, octaves: int, slope: str) -> None:
    kept, edge, gone, further = (
        _gain_db(_tone(1000.0 * 2.0 ** (octaves * step)), effect, cutoff_hz=1000.0, slope_db=slope)
        for step in (-3, 0, 1, 2)
    )
    assert kept == pytest.approx(0.0, abs=0.2)
    assert edge == pytest.approx(-3.0, abs=0.1)
    assert gone - further == pytest.approx(float(slope), rel=0.1)


def test_the_compressor_follows_its_curve() -> None:
    settings = {"threshold_db": -30.0, "ratio": 4.0, "knee_db": 0.0, "attack_ms": 1.0, "release_ms": 200.0}
    quiet, loud = _tone(1000, peak=0.01), _tone(1000, peak=1.0)
    assert _gain_db(quiet, "compressor", **settings) == pytest.approx(0.0, abs=0.1)
    assert _gain_db(loud, "compressor", **settings) == pytest.approx(-22.5, abs=0.6)
    assert _gain_db(quiet, "compressor", **settings, makeup_db=6.0) == pytest.approx(6.0, abs=0.1)


def test_the_compressors_attack_and_release_take_their_time() -> None:
    burst = numpy.concatenate([_tone(1000, 0.01).samples, _tone(1000, 1.0).samples, _tone(1000, 0.01).samples])
    settings = {"threshold_db": -30.0, "ratio": 20.0, "attack_ms": 100.0, "release_ms": 300.0}
    wet = _through(Clip(burst, RATE), "compressor", **settings)
    gain = numpy.array([wet[at : at + 480].std() / burst[at : at + 480].std() for at in range(0, len(burst), 480)])
    assert gain[101] > 0.5, "10 ms into the loud part it has hardly begun"
    assert gain[190] < 0.1, "at its end it holds"
    assert gain[205] < 0.3, "50 ms into the quiet part it still holds"
    assert gain[299] > 0.6, "a second later it has let go"


def test_the_de_esser_takes_hiss_down_and_leaves_vowels() -> None:
    rng = numpy.random.default_rng(0)
    noise = Clip((0.1 * rng.standard_normal(RATE)).astype(numpy.float32), RATE)
    hiss = Clip(_through(noise, "high_pass", cutoff_hz=6000.0, slope_db="48"), RATE)
    vowel = Clip(voice(1.0, sample_rate=RATE, breath=0.1), RATE)
    assert _gain_db(hiss, "de_esser", reduction_db=10.0) == pytest.approx(-10.0, abs=1.0)
    assert _gain_db(vowel, "de_esser", reduction_db=10.0) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("seconds", [0.3, 1.2, 4.0])
def test_the_reverb_falls_by_60_db_in_the_time_it_says(seconds: float) -> None:
    room = _through(_click(), "reverb", decay_seconds=seconds, damping_hz=16000.0)
    wet = _through(Clip(room, RATE), "low_pass", cutoff_hz=1000.0).astype(float)      # what the walls do not swallow
    fallen = 10 * numpy.log10(numpy.cumsum(wet[::-1] ** 2)[::-1] / (wet**2).sum())      # Schroeder's integral
    early, late = (int(numpy.argmax(fallen < level)) for level in (-5.0, -25.0))
    assert 3 * (late - early) / RATE == pytest.approx(seconds, rel=0.15)
    assert len(room) == pytest.approx((1.0 + 0.015 + seconds) * RATE, abs=2)


def test_the_reverb_waits_for_its_first_echo_and_is_not_louder_when_it_is_longer() -> None:
    late = _through(_click(), "reverb", predelay_ms=100.0)
    assert not late[: RATE // 10].any()
    speech = Clip(voice(1.0, sample_rate=RATE), RATE)
    short, long = (_through(speech, "reverb", decay_seconds=seconds)[:RATE].std() for seconds in (0.3, 6.0))
    assert 0.4 < long / short < 2.0


def test_echoes_come_at_their_time_each_weaker() -> None:
    wet = _through(_click(), "delay", time_seconds=0.25, feedback=0.5, damping_hz=16000.0)
    peaks = [float(numpy.abs(wet[at - 10 : at + 200]).sum()) for at in (RATE // 4, RATE // 2, 3 * RATE // 4)]
    assert wet[RATE // 4] == 1.0
    assert not wet[: RATE // 4].any()
    assert peaks[1] / peaks[0] == pytest.approx(0.5, rel=0.1)
    assert peaks[2] / peaks[1] == pytest.approx(0.5, rel=0.1)


def test_a_chorus_sways_around_the_pitch() -> None:
    still, swaying = (
        numpy.abs(numpy.fft.rfft(_through(_tone(1000), "chorus", rate_hz=4.0, depth_ms=depth)[RATE // 10 :]))
        for depth in (0.0, 3.0)
    )
    width = [(spectrum > 0.01 * spectrum.max()).sum() for spectrum in (still, swaying)]
    assert width[1] > 3 * width[0]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_is_a_chain_that_can_be_applied_and_is_heard(preset: Any) -> None:
    clip = Clip(voice(0.5), 24_000)
    assert check_effects(list(preset.chain), "effects") == []
    assert preset.sounds_like.endswith(".")
    heard = apply_chain(clip, preset.chain, seed=1).samples
    assert numpy.isfinite(heard).all()
    assert 0.05 < heard[: len(clip.samples)].std() / clip.samples.std() < 4.0
    assert not numpy.array_equal(heard[: len(clip.samples)], clip.samples)


def test_the_telephone_sounds_like_one() -> None:
    wet = [
        20 * numpy.log10(141 * apply_chain(_tone(hertz, 0.01), PRESETS["telephone"].chain, 1).samples[RATE // 2 :].std())
        for hertz in (100, 1000, 8000)
    ]
    assert wet[1] > 0
    assert wet[0] < -25
    assert wet[2] < -40
