"""A dictionary from its name in a request to the words of the result; a recipe needs no dictionary any more."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.pronunciation import Pronunciation
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine import vocabulary
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.storage.rows import now
from hay_say_lab.text.given import given
from hay_say_lab.text.pronunciation import Entry, pronunciations
from tests.domain.json_patch import patched
from tests.engine.laboratory import POLLY, Laboratory, laboratory

ESPEAK = "espeak_ng:en-us"
BODY = "I live in LA."
LA = Entry("LA", alias="Los Angeles", case="exact")
OTHER = Entry("Leicester", alias="Lester")


def _request(body: str = BODY, voice: str = POLLY, dictionary: str | None = "names", **text: Any) -> Request:
    return Request((Step("speak", voice),), text=RequestText(body, dictionary=dictionary, **text), seed=7)


def _put(lab: Laboratory, *entries: Entry, owner: str = "ann") -> str:
    return lab.dictionaries.put(owner, "names", pronunciations(entries), now()).newest.id


def _words(lab: Laboratory, job: Job) -> list[str]:
    timings = json.loads(lab.objects.open_path(job.stages[0].outputs["timings"]).read_bytes())
    body = str(job.request.text and job.request.text.body)
    assert all(word["text"] == body[word["first"] : word["first"] + word["length"]] for word in timings["words"])
    return [word["text"] for word in timings["words"]]


async def test_words_are_said_as_the_dictionary_wants_and_shown_as_they_were_typed(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        version = _put(lab, LA, OTHER)
        job = await lab.made(_request())
        assert job.state is State.SUCCEEDED, job.error
        assert _words(lab, job) == ["I", "live", "in", "LA"]
        recipe = lab.store.recipe(str(job.recipe), "ann").document
        assert recipe["request"]["text"] == {
            "body": BODY, "language": None, "markup": "plain", "dictionary": f"names@{version}",
            "pronunciations": [{"word": "LA", "alias": "Los Angeles", "case": "exact"}],
        }  # fmt: skip
        assert recipe["stages"][0]["text"] == {"body": "I live in Los Angeles.", "language": None, "markup": "plain"}
        spoken = await lab.made(_request("I live in Los Angeles.", dictionary=None))
        assert spoken.artifact == job.artifact


async def test_a_replay_is_the_same_without_the_dictionary(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        _put(lab, LA)
        job = await lab.made(_request())
        nothing_used = await lab.made(_request("One two."))
        _put(lab, Entry("LA", alias="Louisiana"))
        lab.dictionaries.remove("ann", "names")
        for made in (job, nothing_used):
            recipe = lab.store.recipe(str(made.recipe), "ann").document
            again = await lab.made(Request.from_json({**recipe["request"], "fresh": True}))
            assert (again.artifact, again.recipe) == (made.artifact, made.recipe)


async def test_a_change_that_the_text_does_not_need_makes_nothing_anew_and_one_that_it_needs_does(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        older = _put(lab, LA)
        first = await lab.made(_request())
        _put(lab, LA, OTHER)
        unchanged = await lab.made(_request())
        _put(lab, Entry("LA", alias="Louisiana"))
        changed = await lab.made(_request())
        back = await lab.made(_request(dictionary=f"names@{older[:8]}"))
        assert [job.stages[0].cached for job in (first, unchanged, changed, back)] == [False, True, False, True]
        assert first.artifact == unchanged.artifact == back.artifact != changed.artifact


async def test_sounds_that_a_voice_cannot_take_are_a_warning_for_each_entry_and_the_word_is_spoken(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        _put(lab, Entry("Nguyen", ipa="ŋwiən"), Entry("Siobhan", alias="Shivawn", ipa="ʃɪˈvɔːn"), OTHER)
        job = await lab.made(_request("Nguyen met Nguyen and Siobhan."))
        (warning,) = job.warnings
        assert "'Nguyen' (2 times" in warning.message
        assert _words(lab, job) == ["Nguyen", "met", "Nguyen", "and", "Siobhan"]


async def test_entries_of_another_language_do_not_count_and_the_voices_counts_where_the_text_tells_none(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        _put(lab, Entry("chat", alias="cat", language="fr"), Entry("gift", alias="present", language="en"))
        job = await lab.made(_request("chat gift", voice=ESPEAK))
        assert job.request.text is not None
        assert [one.word for one in job.request.text.pronunciations or ()] == ["gift"]


async def test_a_dictionary_that_is_not_there_or_not_yours_is_told_before_anything_is_queued(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        version = _put(lab, LA)
        for dictionary, owner in (("nobody", "ann"), ("names", "bob"), ("names@123456", "ann"), (f"names@{version}", "bob")):
            request = _request(dictionary=dictionary)
            (problem,) = lab.engine.intake.problems(owner, request)
            assert problem.field == "text.dictionary"
            assert lab.engine.intake.problems(owner, Request.from_json(patched(request.as_json(), problem.fix.patch))) == []
            with pytest.raises(InvalidRequest):
                await lab.submit(request, owner)


async def test_pronunciations_may_come_with_the_request_and_are_judged_all_at_once(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(_request(dictionary=None, pronunciations=(Pronunciation("LA", alias="Los Angeles"),)))
        assert _words(lab, job) == ["I", "live", "in", "LA"]
        assert job.stages[0].outputs["clip"] != (await lab.made(_request(dictionary=None))).stages[0].outputs["clip"]
        wrong = (Pronunciation("", alias="x"), Pronunciation("b"), Pronunciation("c", ipa="7"), Pronunciation("d", alias="D"))
        problems = lab.engine.intake.problems("ann", _request(dictionary=None, pronunciations=wrong))
        assert [problem.field for problem in problems] == [f"text.pronunciations.{number}" for number in range(3)]


async def test_a_text_that_needs_more_words_than_travel_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "LARGEST_EXCERPT_BYTES", 100)
    async with laboratory(tmp_path) as lab:
        _put(lab, *(Entry(f"word{number}", alias="x" * 20) for number in range(9)))
        assert lab.engine.intake.problems("ann", _request("word1 word2")) == []
        (problem,) = lab.engine.intake.problems("ann", _request(" ".join(f"word{number}" for number in range(9))))
        assert (problem.field, problem.fix.label) == ("text.body", "Send the text in parts.")


async def test_the_same_key_and_name_is_the_same_job_whatever_the_dictionary_became(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        _put(lab, LA)
        first, _ = await lab.engine.submit("ann", _request(), "key")
        _put(lab, OTHER)
        again, created = await lab.engine.submit("ann", _request(), "key")
        assert (again.id, created) == (first.id, False)


async def test_a_request_without_words_of_its_own_has_the_hash_that_it_always_had(tmp_path: Path) -> None:
    plain = _request(dictionary=None)
    assert plain.text is not None
    assert set(plain.text.as_json()) == {"body", "language", "markup"}
    assert content_id(plain.as_json()) != content_id(plain.evolve(text=replace(plain.text, dictionary="names")).as_json())


async def test_a_long_text_is_read_beside_the_loop_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        _put(lab, LA, *(Entry(f"word{number}", alias="x") for number in range(2000)))
        request = _request("I live in LA. " * 8000, voice=ESPEAK)
        reading = asyncio.create_task(lab.engine.vocabulary.considered("ann", request))
        turns = 0
        while not reading.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert turns > 5
        before = given.cache_info().misses
        assert lab.engine.intake.problems("ann", request) == []
        assert lab.engine.intake.warnings("ann", request) == []
        assert given.cache_info().misses == before, "what was read is remembered"
