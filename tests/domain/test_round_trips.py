"""What is written as JSON is read back as the same noun."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hay_say_lab.domain.asset import Asset
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.request import LARGEST_SEED, EffectLink, Request, RequestText, Step
from hay_say_lab.domain.timings import TimedPhoneme, TimedWord, Timings
from hay_say_lab.domain.voice import Approval, Provenance, Voice, VoiceFile, is_slug
from hay_say_lab.errors import Fix, JobMissing, LabError, Problem, family, from_json

REQUESTS = [
    Request((Step("speak"),), text=RequestText("Hello.")),                      # all defaults
    Request((Step("convert", "w:x", {"pitch": -3.5}),), clip="a" * 64, seed=0, lane="batch", group="g"),
    Request(
        (Step("speak", "e:en", {"rate": 170, "flat": True, "tune": "ä\n", "none": None}), Step("convert", "w:x")),
        text=RequestText("Grüße 🦜 \u202ework", "de-AT", "ssml"),
        prepare={"a": 1},
        finish={"b": False},
        effects=(EffectLink("reverb", {"size": 0.5}), EffectLink("gate", mix=0.25)),
        seed=LARGEST_SEED,
        fresh=True,
    ),
    Request(()),                                                                # nothing to do, but a request
]  # fmt: skip


def _through_json(document: Any) -> Any:
    return json.loads(json.dumps(document, allow_nan=False))


@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_a_request_survives_json(request_: Request) -> None:
    assert Request.from_json(_through_json(request_.as_json())) == request_


def test_a_request_written_without_its_defaults_is_the_same_request() -> None:
    short = {"steps": [{"task": "speak"}], "text": {"body": "Hello."}}
    assert Request.from_json(short) == Request((Step("speak"),), text=RequestText("Hello."))


def test_timings_survive_json() -> None:
    timings = Timings(
        22050,
        (TimedWord("Grüße", 0, 5, 0, 11025), TimedWord("🦜", 6, 1, 11025, 22050)),
        (TimedPhoneme("ɡ", 0, 0, 500), TimedPhoneme("", -1, 500, 600)),
    )
    assert Timings.from_json(_through_json(timings.as_json())) == timings


@pytest.mark.parametrize(
    "voice",
    [
        Voice("a:b", "a", "B", "f" * 64, builtin=True),
        Voice(
            "world:demo",
            "world",
            "Ä demo",
            "0" * 64,
            builtin=False,
            languages=("en-US", "de"),
            files={"reference": VoiceFile("reference.w64", "1" * 64, 12), "model": VoiceFile("m.npz", "2" * 64, 0)},
            provenance=Provenance("a book", "Somebody", "CC0-1.0", "tests", "an hour", "given", "in writing"),
            created_at="2026-11-20T00:00:00.000Z",
            notes={"median_hz": 110.5},
            imported_by="ann",
            origin={"address": "a folder", "level": "full"},
            approval=Approval("bob", "2026-11-20T00:00:00.000Z", "I know the speaker"),
        ),
    ],
    ids=["builtin", "made"],
)
def test_a_voice_survives_json(voice: Voice) -> None:
    assert Voice.from_json(_through_json(voice.as_json())) == voice


def test_clip_facts_survive_json() -> None:
    facts = ClipFacts("a" * 64, "WAV", "PCM_16", 44100, 2, 44100, 0.5, 0.1, True, "a name.wav")
    assert ClipFacts.from_json(_through_json(facts.as_json())) == facts
    assert facts.seconds == 1.0


@pytest.mark.parametrize("slug", ["a", "0", "en-us", "en-us+f3", "a.b_c", "x" * 64])
def test_a_voice_may_have_this_name(slug: str) -> None:
    assert is_slug(slug)


@pytest.mark.parametrize(
    "slug",
    ["", ".", "..", "-a", "a-", "A", "a b", "a/b", "a\\b", "a:b", "a\n", "ä", "x" * 65, "../a", "a\0", "con ", "+"],
)
def test_no_voice_has_a_name_that_could_be_a_path_or_a_trick(slug: str) -> None:
    assert not is_slug(slug)


@pytest.mark.parametrize("kind", sorted(family().values(), key=lambda kind: kind.code), ids=lambda kind: kind.code)
def test_an_error_that_travelled_is_the_same_error(kind: type[LabError]) -> None:
    problems = (Problem("steps.0", "One.", Fix("Mend it", ({"op": "remove", "path": "/a"},))), Problem("b", "Two.", Fix("")))
    error = kind("Both went wrong.", problems=problems, error_id="X1", retry_after_seconds=2.5)

    back = from_json(_through_json(error.as_json()))

    assert type(back) is kind
    assert back.as_json() == error.as_json()
    assert back.problems == problems


def test_an_error_of_an_unknown_kind_is_still_an_error() -> None:
    error = from_json({"code": "from_the_future", "message": "Something new."})
    assert type(error) is LabError
    assert str(error) == "Something new."


def test_a_person_reads_the_message_once_then_what_else_is_known() -> None:
    one = JobMissing("There is no such job.", field="job", fix="List yours.")
    two = LabError("It failed.", problems=[Problem("a", "First.", Fix("Do this")), Problem("b", "Second.", Fix(""))])

    assert str(one).splitlines() == ["There is no such job.", "  Fix: (List yours.)"]
    assert str(two).splitlines() == ["It failed.", "  a: First. (Do this)", "  b: Second."]


def test_an_asset_survives_json() -> None:
    files = {"weights": VoiceFile("weights.safetensors", "a" * 64, 12)}
    provenance = Provenance("s", "a", "MIT", "any", "", "not_needed", "a network")
    asset = Asset("rmvpe", "f0_network", "RMVPE", "b" * 64, files, provenance, "2026-11-20T00:00:00.000Z", "ann", {"address": "x"})
    assert Asset.from_json(_through_json(asset.as_json())) == asset
