"""Markup from a request to the timings of its result: what a voice lacks is warned of, and words stay where they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request, RequestText, Step
from tests.domain.json_patch import patched
from tests.engine.laboratory import POLLY, Laboratory, laboratory
from tests.engine.plugins import install

ESPEAK = "espeak_ng:en-us"
READER = """
MANIFEST = manifest("reader", (Offer(task="speak", text=PLAIN, needs=("phonemes",)),))

class Odd(Runtime):
    def speak(self, voice, text, settings, context):
        import json
        document = json.loads(context.inputs["phonemes"].read_bytes())
        heard = [text.body[w["first"] : w["first"] + w["length"]] for w in document["words"]]
        assert heard == [w["text"] for w in document["words"]], (text, heard)
        words = tuple(
            TimedWord(w["text"], w["first"], w["length"], 10 * n, 10 * n + 10) for n, w in enumerate(document["words"])
        )
        return Result(BEEP, {"timings": Timings(16000, words, ()).as_json()})
"""


def _request(body: str, voice: str = POLLY, **changes: Any) -> Request:
    return Request((Step("speak", voice),), text=RequestText(body, markup="ssml"), seed=7).evolve(**changes)


def _words(lab: Laboratory, job: Job, body: str) -> list[tuple[str, str]]:
    """(word, stretch of the body as typed), as the player gets them."""
    timings = json.loads(lab.objects.open_path(next(s.outputs["timings"] for s in job.stages if "timings" in s.outputs)).read_bytes())
    return [(word["text"], body[word["first"] : word["first"] + word["length"]]) for word in timings["words"]]


LACKED = (
    'one<break time="1s"/>two',
    'one <prosody rate="200%">two</prosody>',
    "one <emphasis>two</emphasis>",
    'one <say-as interpret-as="characters">two</say-as>',
    'one <say-as interpret-as="cardinal">2</say-as>',
    'one <phoneme ph="tuː">two</phoneme>',
    "<p>one two</p>",
    "<s>one two</s>",
)


async def test_each_element_that_a_plain_voice_lacks_is_one_warning_and_the_words_are_spoken(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        for content in LACKED:
            body = f"<speak>{content}</speak>"
            job = await lab.made(_request(body))
            assert job.state is State.SUCCEEDED
            (warning,) = job.warnings
            assert warning.message.startswith("This voice lacks <")
            assert [stretch for _, stretch in _words(lab, job, body)] == ["one", "2" if ">2<" in body else "two"]


async def test_tags_in_a_plain_text_are_warned_of_and_stop_nothing(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        plain = _request("", text=RequestText("  <speak>One.</speak>"))
        (warning,) = lab.engine.intake.warnings("ann", plain)
        assert warning.field == "text.markup"
        assert "tags are spoken" in warning.message
        mended = Request.from_json(patched(plain.as_json(), warning.fix.patch))
        assert mended.text == RequestText("  <speak>One.</speak>", markup="ssml")
        assert lab.engine.intake.problems("ann", plain) == []
        assert lab.engine.intake.warnings("ann", _request("<speak>One.</speak>")) == []
        assert lab.engine.intake.warnings("ann", plain.evolve(steps=())) == [], "nobody speaks it"


async def test_the_recipe_holds_the_text_as_typed_and_as_it_was_sent_and_a_replay_is_the_same(tmp_path: Path) -> None:
    body = '<speak>In <sub alias="Los Angeles">LA</sub>.</speak>'
    async with laboratory(tmp_path) as lab:
        job = await lab.made(_request(body))
        assert job.warnings == (), "any voice says the words of <sub>"
        assert job.recipe is not None
        recipe = lab.store.recipe(job.recipe, "ann").document
        assert recipe["request"]["text"] == {"body": body, "language": None, "markup": "ssml"}
        assert recipe["stages"][0]["text"] == {"body": "In Los Angeles.", "language": None, "markup": "plain"}
        assert _words(lab, job, body) == [("In", "In"), ("LA", '<sub alias="Los Angeles">LA</sub>')]
        again = await lab.made(Request.from_json({**recipe["request"], "fresh": True}))
        assert (again.artifact, again.recipe) == (job.artifact, job.recipe)
        plain = await lab.made(_request("In Los Angeles.", text=RequestText("In Los Angeles.")))
        assert plain.artifact == job.artifact, "it says the very same"
        assert plain.stages[0].outputs["timings"] != job.stages[0].outputs["timings"], "but its words stand elsewhere"
        assert "text" not in lab.store.recipe(str(plain.recipe), "ann").document["stages"][0]


async def test_a_marked_up_text_is_kept_under_all_that_shapes_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        first, again, other = [
            await lab.made(_request(body)) for body in ("<speak>one</speak>", "<speak>one</speak>", "<speak> one</speak>")
        ]
        assert [job.stages[0].cached for job in (first, again, other)] == [False, True, False]


async def test_a_voice_that_compiles_ssml_gets_what_it_knows_and_is_warned_of_the_rest(tmp_path: Path) -> None:
    body = (
        '<speak>One <break time="900ms"/> <mark name="m"/> two <prosody pitch="+3st">three</prosody></speak>',
        '<speak>One <break time="900ms"/> the <say-as interpret-as="ordinal">3rd</say-as> &amp; last</speak>',
    )
    async with laboratory(tmp_path) as lab:
        its_own = await lab.made(_request(body[0], ESPEAK))
        assert its_own.state is State.SUCCEEDED, its_own.error
        assert its_own.warnings == ()
        assert its_own.artifact is not None
        assert read_clip(lab.objects.open_path(its_own.artifact)).seconds > 1.5
        assert [word for word, _ in _words(lab, its_own, body[0])] == ["One", "two", "three"]

        lowered = await lab.made(_request(body[1], ESPEAK))
        assert lowered.state is State.SUCCEEDED, lowered.error
        (warning,) = lowered.warnings
        assert "<say-as> (ordinal)" in warning.message
        assert _words(lab, lowered, body[1]) == [("One", "One"), ("the", "the"), ("3rd", "3rd"), ("&", "&amp;"), ("last", "last")]
        recipe = lab.store.recipe(str(lowered.recipe), "ann").document
        assert recipe["stages"][0]["text"]["body"] == '<speak>One <break time="900ms"/> the 3rd &amp; last</speak>'


async def test_who_works_for_a_voice_reads_the_text_that_the_voice_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phonemes of a plain voice stand in its plain text, whatever markup their maker would read."""
    install(tmp_path / "site", "reader", READER, monkeypatch)
    body = '<speak>AT&amp;T <emphasis>is</emphasis> in <sub alias="Los Angeles">LA</sub></speak>'
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.made(_request(body, "reader:one"))
        assert job.state is State.SUCCEEDED, job.error
        assert [stage.task for stage in job.stages] == ["phonemes", "speak", "finish"]
        assert [word for word, _ in _words(lab, job, body)] == ["AT&T", "is", "in", "LA"]
