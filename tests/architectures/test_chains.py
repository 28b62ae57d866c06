"""Steps behind each other: whichever way they are asked for, the sound is the same."""

from __future__ import annotations

from hay_say_lab import Lab
from hay_say_lab.domain.request import Step

SETTINGS = {"pitch_semitones": 2.0}


def test_two_requests_give_the_artifact_of_one_request_with_two_steps(lab: Lab) -> None:
    spoken = lab.say("First one, then the other.", seed=1).result()
    apart = lab.convert(spoken, seed=1, **SETTINGS).result()

    together = lab.say("First one, then the other.", seed=1, then=Step("convert", None, SETTINGS)).result()

    assert apart.artifact == together.artifact
    assert apart.recipe_id != together.recipe_id
    assert apart.recipe()["request"]["clip"] == spoken.artifact


def test_words_keep_their_times_through_a_conversion(lab: Lab) -> None:
    spoken = lab.say("First one, then the other.", seed=1).result()
    converted = lab.say("First one, then the other.", seed=1, then=Step("convert", None, SETTINGS)).result()

    assert converted.timings() == spoken.timings()
