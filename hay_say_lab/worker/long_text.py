"""A text that is longer than its voice reads at once: cut at the ends of sentences, read in passages, put in a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from hay_say_lab.audio.clip_writer import ClipWriter
from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.domain.request import RequestText
from hay_say_lab.plugin import Result, Runtime
from hay_say_lab.text.passages import Passage, passages
from hay_say_lab.worker.context import StageContext
from hay_say_lab.worker.joined_documents import Documents, Place, join_documents
from hay_say_lab.worker.piecewise import PieceContext, Piecework, piece_seed

Inputs = list[Mapping[str, Path]]       # of each passage, by task
Back = Callable[[Mapping[str, Any]], Mapping[str, Any]]
WORDED = ("timings", "phonemes")        # documents that tell of words: where they stand in the text


@dataclass(frozen=True, slots=True)
class Reading:
    """A runtime that reads a text for a task: 'speak' (sound, with timings) or 'phonemes' (documents alone).

    `back` gives documents whose words stand in the text as typed for those whose words stand in the text as it is read.
    """

    runtime: Runtime
    task: str
    voice: str
    settings: Mapping[str, Any]
    context: StageContext
    back: Back

    def of(self, text: RequestText, limits: Mapping[str, Any]) -> Result:
        """Read a text, in passages where it is longer than `limits` (as `Offer.limits` tells them) and can be cut."""
        found = _cut(text, limits)
        if not found or found[0].text is text:
            result = getattr(self.runtime, self.task)(self.voice, text, self.settings, self.context)
            return replace(result, documents=self.back(result.documents))
        work = Piecework(self.context, len(found))
        if self.task == "speak":
            return self._spoken(work, found, limits["pause_seconds"])
        for index, passage in enumerate(found):
            work.sound(index, _bounds(passage), partial(self._read, passage, {}))
        places = [self._place(index, passage, 0, 0) for index, passage in enumerate(found)]
        return Result(files=join_documents(self.context.out, work.roles, places, self._documents(work, found), 0))

    def _spoken(self, work: Piecework, found: list[Passage], pause_seconds: float) -> Result:
        """The sound of all passages in a row, with `pause_seconds` between two. One of them lies in memory."""
        import numpy

        inputs = self._inputs(found)
        places: list[Place] = []
        clip = self.context.out / "clip.w64"
        with ClipWriter(clip) as writer:
            for index, passage in enumerate(found):
                sound = work.sound(index, _bounds(passage), partial(self._read, passage, inputs[index]))
                writer.begin(sound.sample_rate)
                if index:
                    writer.write(numpy.zeros(round(pause_seconds * sound.sample_rate), numpy.float32))
                start = writer.frames
                writer.write(sound.samples)
                places.append(self._place(index, passage, start, writer.frames))
            documents = self._documents(work, found)
            files = join_documents(self.context.out, work.roles, places, documents, writer.sample_rate)
        return Result(files={"clip": clip, **files})

    def _read(self, passage: Passage, inputs: Mapping[str, Path], inside: PieceContext) -> Result:
        inside.inputs = {**inside.inputs, **inputs}
        return getattr(self.runtime, self.task)(self.voice, passage.text, self.settings, inside)

    def _place(self, index: int, passage: Passage, start: int, end: int) -> Place:
        report = {
            "first": passage.span.first,
            "length": passage.span.length,
            "seed": piece_seed(self.context.seed, index),
        }
        return Place(start=start, end=end, zero=start, report=report)

    def _documents(self, work: Piecework, found: list[Passage]) -> Documents:
        """What each passage told, its words as characters of the text as typed."""
        return lambda index: self.back(_led_back(work.documents(index) or {}, found[index]))

    def _inputs(self, found: list[Passage]) -> Inputs:
        """What others made of the whole text, cut as the text is: each passage gets the 'phonemes' of its own words."""
        source = self.context.inputs.get("phonemes")
        if source is None:
            return [{} for _ in found]
        words = json.loads(source.read_bytes())["words"]
        folder = self.context.shelf.below("inputs").folder
        folder.mkdir(parents=True, exist_ok=True)
        cut: Inputs = []
        for index, passage in enumerate(found):
            low, high = passage.span.first, passage.span.end
            mine = [
                {**word, "first": word["first"] - low + passage.lead} for word in words if low <= word["first"] < high
            ]
            path = folder / f"{index:06d}.json"
            path.write_bytes(canonical_json({"words": mine}))
            cut.append({"phonemes": path})
        return cut


def _cut(text: RequestText, limits: Mapping[str, Any]) -> list[Passage] | None:
    """Passages of the wished length where that can be, else of the greatest length; None where it cannot be cut at all."""
    if limits["longest_characters"] is None:
        return None
    wished = passages(text, limits["piece_characters"])
    return wished if wished is not None else passages(text, limits["longest_characters"])


def _bounds(passage: Passage) -> tuple[int, int]:
    return passage.span.first, passage.span.end


def _led_back(documents: Mapping[str, Any], passage: Passage) -> dict[str, Any]:
    """The documents of a passage, their words as characters of the text that it was cut from."""
    led = dict(documents)
    for role in WORDED:
        if role in led:
            led[role] = {**led[role], "words": [_placed(word, passage) for word in led[role]["words"]]}
    return led


def _placed(word: Mapping[str, Any], passage: Passage) -> dict[str, Any]:
    first, length = passage.back(word["first"], word["length"])
    return {**word, "first": first, "length": length}
