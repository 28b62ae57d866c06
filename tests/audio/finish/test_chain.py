"""A chain of effects: its order, its mix, its problems."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from hay_say_lab.audio.effects import EFFECTS, LONGEST_CHAIN, apply_chain, check_effects
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest, Problem
from tests.audio.finish.voices import SAMPLE_RATE, voice

CLIP = Clip(voice(0.5), SAMPLE_RATE)


def _link(effect: str, **settings: Any) -> dict[str, Any]:
    return {"effect": effect, "settings": settings}


def test_nothing_in_the_chain_gives_the_same_clip() -> None:
    assert apply_chain(CLIP, [], 1) is CLIP


@pytest.mark.parametrize("effect", EFFECTS)
def test_mix_0_of_any_effect_gives_the_same_clip(effect: str) -> None:
    assert apply_chain(CLIP, [{"effect": effect, "mix": 0.0}, {"effect": effect, "mix": 0}], 1) is CLIP


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_mix_goes_from_dry_to_wet(effect: str) -> None:
    settings = {"gain": {"gain_db": -6.0}, "eq": {"peak_db": 9.0}}.get(effect, {})
    wet, half = (
        apply_chain(CLIP, [{"effect": effect, "mix": mix, "settings": settings}], 1).samples.astype(float)
        for mix in (1.0, 0.5)
    )
    dry = numpy.zeros(len(wet))
    dry[: len(CLIP.samples)] = CLIP.samples
    assert len(half) == len(wet) >= len(CLIP.samples)
    assert half == pytest.approx((wet + dry) / 2, abs=1e-6)


def test_the_order_matters() -> None:
    compressor, gain = _link("compressor", threshold_db=-30.0, ratio=10.0), _link("gain", gain_db=12.0)
    one, other = (apply_chain(CLIP, chain, 1).samples for chain in ([compressor, gain], [gain, compressor]))
    assert one.std() > 2 * other.std()


def test_effects_are_applied_one_after_the_other() -> None:
    chain = [_link("high_pass", cutoff_hz=300.0), _link("gain", gain_db=-3.0)]
    step_by_step = apply_chain(apply_chain(CLIP, chain[:1], 1), chain[1:], 1)
    assert numpy.array_equal(apply_chain(CLIP, chain, 1).samples, step_by_step.samples)


def test_the_same_seed_is_the_same_sound_and_a_chorus_hears_another_seed() -> None:
    chain = [_link("chorus"), _link("reverb"), _link("delay")]
    one, again, other = (apply_chain(CLIP, chain, seed).samples.tobytes() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_blocks_leave_no_seam() -> None:
    # given a sound longer than two blocks, and a chain of what works block by block
    sound = Clip(numpy.resize(CLIP.samples, 600_000), SAMPLE_RATE)
    chain = [
        _link("high_pass"), _link("de_esser", threshold_db=-40.0), _link("compressor", threshold_db=-40.0), _link("chorus"),
    ]  # fmt: skip
    # when it is cut off in the first block, that block is the same
    whole = apply_chain(sound, chain, 1).samples
    part = apply_chain(Clip(sound.samples[:270_000], SAMPLE_RATE), chain, 1).samples
    assert numpy.allclose(whole[:269_000], part[:269_000], atol=1e-6)
    # and no step at a block's edge is larger than the sound's own
    assert abs(whole[262_144] - whole[262_143]) <= numpy.abs(numpy.diff(whole)).max() * 0.99


def _patched(chain: list[Any], problem: Problem) -> list[Any]:
    """The chain after one click: RFC 6902, add and remove."""
    import copy

    document: Any = {"effects": copy.deepcopy(chain)}
    for step in problem.fix.patch:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        place = document
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        key = int(last) if isinstance(place, list) else last
        if step["op"] == "remove":
            del place[key]
        else:
            place[key] = step["value"]
    return document["effects"]


BROKEN: list[tuple[Any, str, str]] = [
    # (link, field, what the message says)
    ({"effect": "flanger"}, "effects.0.effect", "no effect 'flanger'"),
    ({"settings": {}}, "effects.0.effect", "no effect None"),
    ({"effect": ["gain"]}, "effects.0.effect", "no effect"),
    ("gain", "effects.0", "is an object"),
    (None, "effects.0", "is an object"),
    ({"effect": "gain", "settings": {"gain_db": 99}}, "effects.0.settings.gain_db", "it goes from"),
    ({"effect": "gain", "settings": {"gain_db": "loud"}}, "effects.0.settings.gain_db", "must be a number"),
    ({"effect": "gain", "settings": {"gain_db": float("nan")}}, "effects.0.settings.gain_db", "must be a number"),
    ({"effect": "gain", "settings": {"volume/~": 1}}, "effects.0.settings.volume/~", "no setting"),
    ({"effect": "gain", "settings": [1]}, "effects.0.settings", "are an object"),
    ({"effect": "gain", "mix": 1.5}, "effects.0.mix", "it goes from"),
    ({"effect": "gain", "mix": None}, "effects.0.mix", "must be a number"),
    ({"effect": "gain", "wet/~dry": 1}, "effects.0.wet/~dry", "no 'wet/~dry'"),
    ({"effect": "chorus", "settings": {"voices": 2.5}}, "effects.0.settings.voices", "whole number"),
    ({"effect": "low_pass", "settings": {"slope_db": 12}}, "effects.0.settings.slope_db", "cannot be 12"),
]


@pytest.mark.parametrize(("link", "field", "says"), BROKEN)
def test_what_cannot_be_applied_is_told_with_its_place_and_mended_by_one_click(link: Any, field: str, says: str) -> None:
    (problem,) = check_effects([link], "effects")
    assert problem.field == field
    assert says in problem.message
    assert check_effects(_patched([link], problem), "effects") == []


def test_all_problems_come_at_once() -> None:
    chain = [link for link, _, _ in BROKEN]
    assert len(check_effects(chain, "effects")) == len(BROKEN)
    with pytest.raises(InvalidRequest) as refused:
        apply_chain(CLIP, chain, 1)
    assert len(refused.value.problems) == len(BROKEN)


@pytest.mark.parametrize("chain", [{}, "gain", None, 7, [{"effect": "gain"}] * (LONGEST_CHAIN + 1)])
def test_what_is_no_chain_is_mended_by_one_click(chain: Any) -> None:
    (problem,) = check_effects(chain, "effects")
    assert check_effects(problem.fix.patch[0]["value"], "effects") == []


def test_a_hostile_chain_gets_a_short_answer() -> None:
    chain = [{"effect": "gain", "settings": {f"x{number}": 1 for number in range(10_000)}}] * 16
    assert len(check_effects(chain, "effects")) <= 100
