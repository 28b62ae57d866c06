"""When each word and phoneme is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class TimedWord:
    """One token of the text as written: `first` and `length` in characters of the body; start and end in samples."""

    text: str
    first: int
    length: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TimedPhoneme:
    """One phoneme (IPA; '' is a pause); `word` indexes the words, -1 where it belongs to none; samples."""

    ipa: str
    word: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Words and phonemes in order, on the sample grid of a clip at `sample_rate`."""

    sample_rate: int
    words: tuple[TimedWord, ...]
    phonemes: tuple[TimedPhoneme, ...]

    def moved(self, moment: Callable[[float], float]) -> Timings:
        """Each moment where `moment` puts it: seconds -> seconds, never backwards. What has no length any more is gone."""

        def sample(position: int) -> int:
            return round(moment(position / self.sample_rate) * self.sample_rate)

        words: list[TimedWord] = []
        word_of = {-1: -1}
        for number, word in enumerate(self.words):
            start, end = sample(word.start), sample(word.end)
            word_of[number] = len(words) if start < end else -1
            if start < end:
                words.append(replace(word, start=start, end=end))
        phonemes = (
            replace(phoneme, word=word_of[phoneme.word], start=sample(phoneme.start), end=sample(phoneme.end))
            for phoneme in self.phonemes
        )
        return replace(self, words=tuple(words), phonemes=tuple(one for one in phonemes if one.start < one.end))

    def as_json(self) -> dict[str, Any]:
        return {
            "sample_rate": self.sample_rate,
            "words": [
                {"text": w.text, "first": w.first, "length": w.length, "start": w.start, "end": w.end}
                for w in self.words
            ],
            "phonemes": [
                {"ipa": p.ipa, "word": p.word, "start": p.start, "end": p.end} for p in self.phonemes
            ],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Timings:
        return cls(
            sample_rate=document["sample_rate"],
            words=tuple(TimedWord(**word) for word in document["words"]),
            phonemes=tuple(TimedPhoneme(**phoneme) for phoneme in document["phonemes"]),
        )
