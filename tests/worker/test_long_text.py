"""A text longer than its voice reads: in passages there, one sound back, and every word where it stands and is heard."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.request import RequestText
from hay_say_lab.errors import InvalidRequest, WorkerFailed
from hay_say_lab.plugin import Clip, Context, Result, Runtime
from hay_say_lab.worker.context import Stopped
from hay_say_lab.worker.long_text import Back, Reading
from tests.worker.stage import LIMITS, Stage

RATE = 8000
SHORT = LIMITS | {"longest_characters": 40, "piece_characters": 40}
BODY = "One two three. Four five six seven. Eight nine. " * 6
WORD = re.compile(r"\w+")


class Reader(Runtime):
    """A tone for each word, as long as the word, and all it can tell of it."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.seeds: list[int] = []
        self.given: list[list[str]] = []

    def speak(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        self.read.append(text.body)
        self.seeds.append(context.seed)
        if "phonemes" in context.inputs:
            told = json.loads(context.inputs["phonemes"].read_bytes())["words"]
            self.given.append([text.body[word["first"] :][: word["length"]] for word in told])
        context.checkpoint(0.5, "half")
        words, phonemes, at = [], [], 0
        for index, found in enumerate(WORD.finditer(text.body)):
            end = at + 100 * len(found[0])
            words.append({"text": found[0], "first": found.start(), "length": len(found[0]), "start": at, "end": end})
            phonemes.append({"ipa": found[0][0], "word": index, "start": at, "end": end})
            at = end
        phonemes.append({"ipa": "", "word": -1, "start": at, "end": at + 50})
        samples = numpy.arange(at + 50, dtype=numpy.float32) / 10_000
        timings = {"sample_rate": RATE, "words": words, "phonemes": phonemes}
        return Result(Clip(samples, RATE), documents={"timings": timings, "report": {"words": len(words)}})

    def phonemes(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        words = [
            {"text": found[0], "first": found.start(), "length": len(found[0]), "ipa": found[0].lower()}
            for found in WORD.finditer(text.body)
        ]
        return Result(documents={"phonemes": {"words": words}})


def made(
    folder: Path,
    runtime: Runtime,
    body: str = BODY,
    task: str = "speak",
    limits: Mapping[str, Any] = SHORT,
    back: Back = dict,
    **stage: Any,
) -> Stage:
    context = Stage(folder, **stage)
    Reading(runtime, task, "reader:one", {}, context, back).of(RequestText(body, "en"), limits)
    return context


def document(stage: Stage, role: str) -> dict[str, Any]:
    return json.loads((stage.out / f"{role}.json").read_bytes())


def test_words_are_timed_in_the_whole_sound_and_stand_in_the_whole_text(tmp_path: Path) -> None:
    reader = Reader()
    stage = made(tmp_path, reader)

    assert "".join(reader.read) == BODY
    assert max(map(len, reader.read)) <= 40
    sound = read_clip(stage.out / "clip.w64").samples
    timings = document(stage, "timings")
    assert timings["sample_rate"] == RATE
    assert [BODY[word["first"] :][: word["length"]] for word in timings["words"]] == WORD.findall(BODY)
    starts = [word["start"] for word in timings["words"]]
    assert starts == sorted(starts)
    for index, word in enumerate(timings["words"]):
        assert word["end"] - word["start"] == 100 * word["length"]
        told = [phoneme for phoneme in timings["phonemes"] if phoneme["word"] == index]
        assert [(phoneme["ipa"], phoneme["start"], phoneme["end"]) for phoneme in told] == [
            (word["text"][0], word["start"], word["end"])
        ]
    assert sum(phoneme["word"] == -1 for phoneme in timings["phonemes"]) == len(reader.read)
    assert timings["phonemes"][-1]["end"] == len(sound)


def test_passages_follow_each_other_with_the_pause_that_the_offer_asks_for(tmp_path: Path) -> None:
    (tmp_path / "paused").mkdir()
    reader = Reader()
    sound = read_clip(made(tmp_path, reader).out / "clip.w64").samples
    stage = made(tmp_path / "paused", Reader(), limits=SHORT | {"pause_seconds": 0.25})
    paused = read_clip(stage.out / "clip.w64").samples

    count = len(reader.read)
    assert len(paused) == len(sound) + (count - 1) * RATE // 4
    for piece in document(stage, "report")["pieces"]:
        assert paused[piece["start"]] == 0.0
        assert numpy.array_equal(
            paused[piece["start"] : piece["end"]], numpy.arange(piece["end"] - piece["start"], dtype=numpy.float32) / 10_000
        )


def test_the_report_tells_what_each_passage_holds_and_where_it_is_heard(tmp_path: Path) -> None:
    reader = Reader()
    pieces = document(made(tmp_path, reader), "report")["pieces"]
    assert [BODY[piece["first"] :][: piece["length"]] for piece in pieces] == reader.read
    assert [piece["seed"] for piece in pieces] == reader.seeds
    assert [piece["report"]["words"] for piece in pieces] == [len(WORD.findall(body)) for body in reader.read]
    assert [piece["start"] for piece in pieces] == [0, *(piece["end"] for piece in pieces[:-1])]


def test_what_was_spoken_is_not_spoken_again(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    expected = Reader()
    sound = (made(whole, expected).out / "clip.w64").read_bytes()
    with pytest.raises(Stopped):
        made(tmp_path, Reader(), stops_at="piece 3 of")

    second = Reader()
    stage = made(tmp_path, second)

    assert second.read == expected.read[2:]
    assert (stage.out / "clip.w64").read_bytes() == sound
    assert document(stage, "timings") == document(Stage(whole), "timings")


def test_a_text_that_fits_is_read_at_once(tmp_path: Path) -> None:
    reader = Reader()
    stage = made(tmp_path, reader, limits=LIMITS | {"longest_characters": len(BODY), "piece_characters": len(BODY)})
    assert reader.read == [BODY]
    assert reader.seeds == [7]
    assert list(stage.out.iterdir()) == [], "the result is the runtime's own"


def test_phonemes_of_a_long_text_are_those_of_its_passages(tmp_path: Path) -> None:
    stage = made(tmp_path, Reader(), task="phonemes")
    words = document(stage, "phonemes")["words"]
    assert [(word["text"], BODY[word["first"] :][: word["length"]]) for word in words] == [
        (word, word) for word in WORD.findall(BODY)
    ]
    assert not (stage.out / "clip.w64").exists()


def test_a_voice_that_needs_phonemes_gets_those_of_each_passage(tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    told = made(tmp_path / "others", Reader(), task="phonemes").out / "phonemes.json"
    reader = Reader()
    made(tmp_path, reader, phonemes=told)
    assert reader.given == [WORD.findall(body) for body in reader.read]


class Odd(Reader):
    """Its third passage is not like the others."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def speak(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        result = super().speak(voice, text, settings, context)
        if len(self.read) < 3 or result.clip is None:
            return result
        match self.fault:
            case "another rate":
                return Result(Clip(result.clip.samples, 44_100))
            case "no sound":
                return Result(documents=result.documents)
            case "timings at another rate":
                return Result(result.clip, documents={"timings": result.documents["timings"] | {"sample_rate": 16_000}})
        return Result(Clip(numpy.full_like(result.clip.samples, numpy.inf), RATE))


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("another rate", WorkerFailed, "several sample rates"),
        ("no sound", WorkerFailed, "no sound"),
        ("timings at another rate", WorkerFailed, "several rates"),
        ("infinite", InvalidRequest, "not numbers"),
    ],
)
def test_a_passage_that_cannot_be_joined_fails_the_stage_and_leaves_no_sound(
    fault: str, kind: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=words):
        made(tmp_path, Odd(fault))
    assert not (tmp_path / "out" / "clip.w64").exists()
