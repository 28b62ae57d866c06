"""When each word and each phoneme is heard, exact to the sample, for a whole clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hay_say_espeak_ng.atoms import Atoms, written
from hay_say_espeak_ng.hearing import Word, words_heard
from hay_say_espeak_ng.library import SAMPLE_RATE
from hay_say_espeak_ng.parting import Phonemes, parted
from hay_say_espeak_ng.script import Mark, Script
from hay_say_espeak_ng.steps import Spoken, Step, steps
from hay_say_lab.plugin import TimedPhoneme, TimedWord, Timings

# Silence between a word's event and its first phoneme: up to here the closure of a stop, beyond it a pause.
LONGEST_CLOSURE = 60 * SAMPLE_RATE // 1000      # 1323 samples


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word as written and when it is heard; its IPA, a space between words said for it; its letter in the script."""

    timed: TimedWord
    ipa: str
    letter: int


@dataclass(slots=True)
class Heard:
    """All that was said, in order. Phonemes follow one another without a gap; marks are {"name", "sample"}."""

    words: list[HeardWord] = field(default_factory=list)
    phonemes: list[TimedPhoneme] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)

    def as_timings(self) -> dict[str, Any]:
        """`Timings.as_json`, and the author's marks where there are any."""
        words = tuple(word.timed for word in self.words)
        document = Timings(SAMPLE_RATE, words, tuple(self.phonemes)).as_json()
        return document | {"marks": self.marks} if self.marks else document

    def as_phonemes(self) -> dict[str, Any]:
        """{"words": [{"text", "first", "length", "ipa"}]}"""
        return {
            "words": [
                {"text": word.timed.text, "first": word.timed.first, "length": word.timed.length, "ipa": word.ipa}
                for word in self.words
            ]
        }


@dataclass(slots=True)
class Recording:
    """A piece with what can be told of it alone: its atoms, its steps, its words."""

    part: Spoken
    atoms: Atoms
    steps: list[Step]
    words: list[Word]

    @classmethod
    def of(cls, script: Script, part: Spoken) -> Recording:
        atoms = Atoms(script, part.piece.start, part.piece.stop)
        in_order = list(steps(part))
        return cls(part, atoms, in_order, words_heard(in_order, atoms))

    @property
    def names(self) -> list[str]:
        return [step.ipa for step in self.steps if not step.is_word]

    def tokens(self, word: Word, script: Script) -> list[tuple[int, str]]:
        """(atom, text) of each word as written that a heard word stands for."""
        indices = self.atoms.words_between(word.first - 1, word.last + 1)
        return [(index, script.text(self.atoms[index].first, self.atoms[index].last)) for index in indices]

    def said_as_one(self, script: Script) -> set[str]:
        """Texts of the words that were said together with another."""
        several = [tokens for word in self.words if len(tokens := self.tokens(word, script)) > 1]
        return {text for tokens in several for _, text in tokens}

    def part_words(self, script: Script, alone: Mapping[str, Phonemes]) -> None:
        """Part the words that were said together; `alone` are the phonemes of each said alone."""
        names = self.names
        self.words = [one for word in self.words for one in parted(word, self.tokens(word, script), names, alone)]


def heard(script: Script, recordings: Sequence[Recording], total_samples: int) -> Heard:
    """Everything in a clip of `total_samples`; silence around pieces becomes pauses."""
    result = Heard()
    position = 0
    phonemes: list[TimedPhoneme] = []
    for recording in recordings:
        part = recording.part
        phonemes.append(TimedPhoneme("", -1, position, part.offset))
        phonemes += _of_piece(script, recording, result.words)
        position = part.offset + part.samples
    phonemes.append(TimedPhoneme("", -1, position, total_samples))
    result.phonemes = list(_joined(phonemes))
    spoken = [recording.part for recording in recordings]
    result.marks = [{"name": mark.name, "sample": _sample_of(mark, spoken, result)} for mark in script.marks]
    return result


def _of_piece(script: Script, recording: Recording, words: list[HeardWord]) -> list[TimedPhoneme]:
    """Add a piece's words to `words`; its phonemes, which name them by their place there."""
    part, names = recording.part, recording.names
    spans = _spans(recording.steps, part.samples)
    word_of: dict[int, int] = {}
    for word in recording.words:
        heard_word = _heard_word(script, word, recording.atoms, names, spans, part.offset)
        if words and _same_place(words[-1].timed, heard_word.timed):
            words[-1] = _merged(words[-1], heard_word)
        else:
            words.append(heard_word)
        word_of.update(dict.fromkeys(_within(word, names), len(words) - 1))
    timed: list[TimedPhoneme] = []
    end_before = 0
    for number, (name, (start, end)) in enumerate(zip(names, spans, strict=True)):
        timed.append(TimedPhoneme("", -1, end_before + part.offset, start + part.offset))
        timed.append(TimedPhoneme(name, word_of.get(number, -1), start + part.offset, end + part.offset))
        end_before = end
    timed.append(TimedPhoneme("", -1, end_before + part.offset, part.samples + part.offset))
    return timed


def _spans(in_order: Iterable[Step], samples: int) -> list[tuple[int, int]]:
    """(start, end) of each phoneme from the start of its piece. A long silence in front of one is left out."""
    starts: list[tuple[int, int]] = []      # where the phoneme before ends, where it starts itself
    edge: int | None = None                 # a word event since the last phoneme
    for step in in_order:
        if step.is_word:
            edge = step.sample if edge is None else edge
            continue
        boundary = step.sample if edge is None else edge
        starts.append((boundary, boundary if step.sample - boundary <= LONGEST_CLOSURE else step.sample))
        edge = None
    ends = [boundary for boundary, _ in starts[1:]] + [samples]
    return [(start, max(start, end)) for (_, start), end in zip(starts, ends, strict=False)]


def _within(word: Word, names: Sequence[str]) -> list[int]:
    """A word's phonemes without the pauses before its first and behind its last named one."""
    numbers = word.phonemes
    named = [place for place, number in enumerate(numbers) if names[number]]
    return numbers[named[0] : named[-1] + 1]


def _heard_word(
    script: Script, word: Word, atoms: Atoms, names: Sequence[str], spans: Sequence[tuple[int, int]], offset: int
) -> HeardWord:
    first, last = atoms[word.first].first, atoms[word.last].last
    text, at, length = written(script, first, last)
    own = _within(word, names)
    ipa = " ".join(filter(None, ("".join(names[number] for number in numbers) for numbers in word.said)))
    return HeardWord(TimedWord(text, at, length, spans[own[0]][0] + offset, spans[own[-1]][1] + offset), ipa, first)


def _same_place(one: TimedWord, other: TimedWord) -> bool:
    """Words that the author gave for one stretch of the body are that stretch's one word."""
    return (one.first, one.length) == (other.first, other.length)


def _merged(one: HeardWord, other: HeardWord) -> HeardWord:
    timed = TimedWord(one.timed.text, one.timed.first, one.timed.length, one.timed.start, other.timed.end)
    return HeardWord(timed, f"{one.ipa} {other.ipa}", one.letter)


def _joined(phonemes: Iterable[TimedPhoneme]) -> Iterator[TimedPhoneme]:
    """Pauses of no length vanish, and pauses in a row become one."""
    pause: TimedPhoneme | None = None
    for phoneme in phonemes:
        if not phoneme.ipa and phoneme.start == phoneme.end:
            continue
        if pause is not None and not phoneme.ipa and phoneme.word == pause.word:
            pause = TimedPhoneme("", pause.word, pause.start, phoneme.end)
            continue
        if pause is not None:
            yield pause
        pause = None if phoneme.ipa else phoneme
        if phoneme.ipa:
            yield phoneme
    if pause is not None:
        yield pause


def _sample_of(mark: Mark, spoken: Sequence[Spoken], result: Heard) -> int:
    """When a mark is reached: at the next word of its piece, else where what was said before it ends."""
    end_before = 0
    for part in spoken:
        if part.piece.start <= mark.at < part.piece.stop and not mark.before_pause:
            later = (word for word in result.words if mark.at <= word.letter < part.piece.stop)
            word = next(later, None)
            return word.timed.start if word else part.offset + part.samples
        if part.piece.stop <= mark.at:
            end_before = part.offset + part.samples
    return end_before
