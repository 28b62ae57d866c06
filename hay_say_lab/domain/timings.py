"""When each word and phoneme is heard."""

from __future__ import annotations

from dataclasses import dataclass
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
