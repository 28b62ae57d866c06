"""Finding voices: by what is said and noted of them, without opening a file; and a sample of each, when there is time."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.engine.discovery import Discovery, Wish
from hay_say_lab.engine.samples import OWNER, Samples
from hay_say_lab.errors import Conflict, InvalidRequest, StorageFailed, Unavailable
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.documents import SCHEMA, open_documents
from hay_say_lab.registry.marks import MOST_TAGS, NONE, Mark, Marks
from hay_say_lab.registry.voices import Voices
from tests.engine.laboratory import laboratory, say

VOICES = 2000
LICENCES = ("CC0-1.0", "CC-BY-NC-4.0", "ask me")
LANGUAGES = ("en", "de-AT", "ja")


def _voice(number: int) -> Voice:
    known = Provenance(source=f"book {number}", author=f"Author {number % 7}", licence=LICENCES[number % 3], consent="given")
    return Voice(
        f"parrot:v{number}", "parrot", f"Voice {number}", f"{number:064x}", builtin=False,
        languages=(LANGUAGES[number % 3],), provenance=known,
    )  # fmt: skip


@pytest.fixture(scope="module")
def discovery(tmp_path_factory: pytest.TempPathFactory) -> Discovery:
    folder = tmp_path_factory.mktemp("registry")
    table = {str(number + 1): _voice(number).as_json() for number in range(VOICES)}
    (folder / "voices.json").write_text(json.dumps({"schema": SCHEMA, "tables": {"voices": table}}))
    architectures = Architectures()
    marks = Marks(open_documents(folder / "marks.json"))
    marks.put("ann", "parrot:v7", Mark(("warm", "old  man"), favourite=True))
    marks.put("bob", "parrot:v8", Mark(favourite=True))
    return Discovery(Voices(open_documents(folder / "voices.json"), architectures), marks, architectures)


_opened: list[str] = []
_counting = [False]


def _count(event: str, arguments: object) -> None:
    if _counting[0] and event == "open":
        _opened.append(str(arguments))


sys.addaudithook(_count)


def test_listing_two_thousand_voices_opens_no_file(discovery: Discovery) -> None:
    _counting[0] = True
    try:
        found = discovery.find("ann", Wish())
        some = discovery.find("ann", Wish(words="author 3", language="en", commercial_use="yes"))
        documents = [voice.as_json() for voice in found]
    finally:
        _counting[0] = False
    assert sum(not document["builtin"] for document in documents) == VOICES
    assert some
    assert _opened == []


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(words="VOICE 1999"), ["parrot:v1999"]),                       # words of the title, in any case
        (Wish(words="man warm"), ["parrot:v7"]),                            # one's own tags are among the words
        (Wish(tag="old man"), ["parrot:v7"]),                               # blanks were put right
        (Wish(favourite=True), ["parrot:v7"]),                              # bob's are bob's
        (Wish(words="voice 1999", language="de"), ["parrot:v1999"]),        # 1999 % 3 == 1: de-AT
        (Wish(words="voice 1999", language="en-US"), []),
        (Wish(words="voice 1998", language="en-US"), ["parrot:v1998"]),     # en serves en-US
        (Wish(words="voice 1999", commercial_use="no"), ["parrot:v1999"]),
        (Wish(words="voice 1999", task="separate"), []),
        (Wish(words="voice 1999", task="speak"), ["parrot:v1999"]),
        (Wish(words="nothing like it"), []),
    ],
)
def test_a_wish_finds_what_fits_all_of_it(wish: Wish, expected: list[str], discovery: Discovery) -> None:
    assert [voice.id for voice in discovery.find("ann", wish)] == expected


def test_marks_last_and_none_of_them_leaves_nothing(tmp_path: Path) -> None:
    with open_documents(tmp_path / "marks.json") as documents:
        marks = Marks(documents)
        marks.put("ann", "a:b", Mark(("x", "x", "y"), favourite=True))
        assert Marks(documents).get("ann", "a:b") == Mark(("x", "y"), favourite=True)
        marks.put("ann", "a:b", NONE)
        assert len(documents.table("marks")) == 0
        assert Marks(documents).get("ann", "a:b") == NONE
        for tags in (("",), ("x" * 41,), ("a\x07",), tuple(map(str, range(MOST_TAGS + 1)))):
            with pytest.raises(InvalidRequest):
                marks.put("ann", "a:b", Mark(tags))


def test_marks_are_bounded_and_damage_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hay_say_lab.registry.marks.MOST_MARKED", 2)
    with open_documents(tmp_path / "marks.json") as documents:
        marks = Marks(documents)
        for name in ("a:b", "a:c"):
            marks.put("ann", name, Mark(("x",)))
        with pytest.raises(Conflict):
            marks.put("ann", "a:d", Mark(("x",)))
        documents.table("marks").insert({"owner": "ann", "voice": "a:e"})
        with pytest.raises(StorageFailed, match="a:e"):
            Marks(documents)


async def test_a_made_voice_gets_one_sample_when_the_host_is_idle(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.voices.add(replace(_voice(0), id="parrot:mine", languages=("en",)))
        samples = Samples(lab.engine, lab.voices)
        busy = await lab.submit(say(seconds_of_work=600))
        assert await samples.look() is None, "somebody waits for something else"
        await lab.engine.cancel(busy.id)
        await lab.ended(busy)

        job = await samples.look()

        assert job is not None
        assert (job.owner, job.request.lane, job.request.steps[0].voice) == (OWNER, "maintenance", "parrot:mine")
        done = await lab.ended(job)
        assert done.state is State.SUCCEEDED
        assert await samples.look() is None, "it is there"
        assert lab.store.job(job.id).pinned_at is not None, "and stays"
        assert await samples.artifact("parrot:mine") == done.artifact


async def test_a_built_in_voice_is_sampled_when_somebody_asks(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        samples = Samples(lab.engine, lab.voices)
        assert await samples.look() is None
        with pytest.raises(Unavailable) as coming:
            await samples.artifact("parrot:polly")
        assert coming.value.retry_after_seconds
        (job,) = lab.store.jobs(OWNER)
        artifact = await samples.soon("parrot:polly", 30.0)
        assert artifact == (await lab.ended(job)).artifact
        assert len(lab.store.jobs(OWNER)) == 1
