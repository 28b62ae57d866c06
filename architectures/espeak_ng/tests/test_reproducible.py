"""The same request makes the same samples: again, in another process, after other requests, after an interruption."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable

import numpy
import pytest

from hay_say_espeak_ng.catalogue import VARIANTS
from hay_say_espeak_ng.library import Order
from hay_say_espeak_ng.manifest import CONTROLS
from hay_say_espeak_ng.nursery import Nursery
from hay_say_espeak_ng.runtime import EspeakRuntime, folded
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import RequestText

SETTINGS = {"rate": 175, "pitch": 50, "range": 50, "volume": 100, "gap": 0}
A = "The birch canoe slid on the smooth planks."
B = "Glue the sheet to the dark blue background, in 1999!"
LONG = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. " * 40


def digest(samples: numpy.ndarray) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()


@pytest.mark.parametrize("variant", ["none", "f2", "whisper", "klatt"])
def test_a_then_b_then_a_gives_a_twice(say: Callable, variant: str) -> None:
    first, between, again = (say(text, variant=variant) for text in (A, B, A))
    assert digest(first.clip.samples) == digest(again.clip.samples)
    assert first.documents == again.documents
    assert digest(first.clip.samples) != digest(between.clip.samples)


IN_ANOTHER_PROCESS = f"""
import hashlib, sys, types
from hay_say_espeak_ng.manifest import CONTROLS
from hay_say_espeak_ng.runtime import EspeakRuntime
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import RequestText
stage = types.SimpleNamespace(
    seed=7, checkpoint=lambda *_: None, kept=lambda piece: None, keep=lambda piece, arrays: None
)
result = EspeakRuntime().speak(
    "espeak_ng:en-us", RequestText({A!r}), with_defaults(CONTROLS, {{"variant": "whisper"}}), stage
)
print(hashlib.sha256(result.clip.samples.tobytes()).hexdigest())
"""


def test_another_process_gives_the_same_samples(say: Callable) -> None:
    other = subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(say(A, variant="whisper").clip.samples)


def test_every_variant_is_the_same_in_two_nurses_whatever_they_said_before() -> None:
    one, two = Nursery(), Nursery()
    names = [f"gmw/en-US+{variant.file}" for variant in VARIANTS]
    forwards = {name: one.utter(Order(A, name, SETTINGS, seed=3)).samples for name in names}
    backwards = {name: two.utter(Order(A, name, SETTINGS, seed=3)).samples for name in reversed(names)}
    assert [name for name in names if forwards[name] != backwards[name]] == []
    one.close()
    two.close()


def test_every_variant_sounds_different_from_the_plain_voice() -> None:
    # 'fast' is the plain voice with other tables for fast speech, so all are compared at a fast rate.
    nursery = Nursery()
    fast = SETTINGS | {"rate": 400}
    plain = nursery.utter(Order(A, "gmw/en-US", fast, seed=0)).samples
    same = [v.name for v in VARIANTS if nursery.utter(Order(A, f"gmw/en-US+{v.file}", fast, 0)).samples == plain]
    assert same == []
    nursery.close()


@pytest.mark.parametrize("variant", ["f2", "whisper"])
def test_a_voice_with_breath_takes_its_noise_from_the_seed(say: Callable, variant: str) -> None:
    one, same, other = (digest(say(A, seed=seed, variant=variant).clip.samples) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_the_smallest_and_the_largest_seed_are_taken(say: Callable, seed: int) -> None:
    assert len(say(A, seed=seed, variant="whisper").clip.samples) > 0


def test_seeds_that_differ_in_any_bit_are_told_apart() -> None:
    base = 0x0123_4567_89AB_CDEF
    assert len({folded(base ^ 1 << bit) for bit in range(63)} | {folded(base)}) >= 62
    assert all(0 <= folded(base ^ 1 << bit) < 2**31 for bit in range(63))


def test_a_retry_goes_on_behind_the_finished_pieces_and_gives_the_same_samples(
    runtime: EspeakRuntime, context: Callable
) -> None:
    request = ("espeak_ng:en-us", RequestText(LONG), with_defaults(CONTROLS, {"variant": "f2"}))
    undisturbed = context("undisturbed")
    whole = runtime.speak(*request, undisturbed)

    stopped = context("disturbed", stops_at=2)
    with pytest.raises(InterruptedError):
        runtime.speak(*request, stopped)
    retry = context("disturbed")
    result = runtime.speak(*request, retry)

    assert stopped.kept_pieces == [0, 1]
    assert [*stopped.kept_pieces, *retry.kept_pieces] == undisturbed.kept_pieces
    assert digest(result.clip.samples) == digest(whole.clip.samples)
    assert result.documents == whole.documents


def test_a_stage_that_finds_all_pieces_kept_speaks_none(runtime: EspeakRuntime, context: Callable) -> None:
    request = ("espeak_ng:en-us", RequestText(LONG), with_defaults(CONTROLS, {}))
    first = runtime.speak(*request, context("stage"))
    again_stage = context("stage")
    again = runtime.speak(*request, again_stage)
    assert again_stage.kept_pieces == []
    assert digest(first.clip.samples) == digest(again.clip.samples)
