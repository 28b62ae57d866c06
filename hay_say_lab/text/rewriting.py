"""A text that was changed before it is spoken, and where each of its characters stood in the text as written."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hay_say_lab.domain.timings import TimedWord, Timings
from hay_say_lab.text.spans import Span


@dataclass(frozen=True, slots=True)
class Stretch:
    """`new` stands for `old`. `exact`: character by character, so both have one length; else as a whole."""

    new: Span
    old: Span
    exact: bool


@dataclass(frozen=True, slots=True)
class Rewriting:
    """`text` is what is spoken, `written` what a person wrote. `stretches` cover `text` without gaps, in order; their
    old spans never overlap. What was taken out of `written` (tags of markup) has no stretch."""

    written: str
    text: str
    stretches: tuple[Stretch, ...]

    def back(self, span: Span) -> Span:
        """The old span for a new one: exact where letters are as written, else the whole of what was replaced.

        Raises ValueError for a span that is not inside the text.
        """
        if span.first < 0 or span.length < 0 or span.end > len(self.text):
            raise ValueError(f"{span} is not inside a text of {len(self.text)} characters")
        if not self.stretches:
            return Span(0, 0)
        first = self._old(span.first, last=False)
        end = self._old(span.end - 1, last=True) if span.length else first
        return Span(first, max(0, end - first))

    def together(self, spans: Sequence[Span]) -> list[tuple[Span, list[int]]]:
        """Old spans, each with the numbers of the new ones that it stands for: neighbours whose old spans overlap
        ('Los' and 'Angeles', both heard for 'LA') are one."""
        found: list[tuple[Span, list[int]]] = []
        for number, span in enumerate(spans):
            old = self.back(span)
            last = found[-1][0] if found else None
            if last is not None and (old == last or (old.first < last.end and last.first < old.end)):
                first, end = min(old.first, last.first), max(old.end, last.end)
                found[-1] = (Span(first, end - first), [*found[-1][1], number])
            else:
                found.append((old, [number]))
        return found

    def timings_back(self, timings: Timings) -> Timings:
        """Word timings of `text` as timings of the text as written. Words heard for one written word become one."""
        words: list[TimedWord] = []
        word_of = {-1: -1}
        for old, numbers in self.together([Span(word.first, word.length) for word in timings.words]):
            word_of.update(dict.fromkeys(numbers, len(words)))
            first, last = timings.words[numbers[0]], timings.words[numbers[-1]]
            words.append(TimedWord(old.of(self.written), old.first, old.length, first.start, last.end))
        phonemes = tuple(replace(phoneme, word=word_of[phoneme.word]) for phoneme in timings.phonemes)
        return replace(timings, words=tuple(words), phonemes=phonemes)

    def _old(self, position: int, *, last: bool) -> int:
        """Where the character at `position` began, or (`last`) where it ended."""
        index = bisect_right(self.stretches, position, key=lambda stretch: stretch.new.first) - 1
        stretch = self.stretches[index]
        if not stretch.exact:
            return stretch.old.end if last else stretch.old.first
        return stretch.old.first + min(position - stretch.new.first, stretch.old.length) + (1 if last else 0)


def rewriting(parts: Sequence[tuple[str, Span]], written: str) -> Rewriting:
    """Put a rewriting together from what is spoken, part by part, and the span of `written` each part stands for.

    Parts with no text are left out. A part that is as written is exact.
    """
    stretches: list[Stretch] = []
    position = 0
    for text, old in parts:
        if text:
            stretches.append(Stretch(Span(position, len(text)), old, old.of(written) == text))
            position += len(text)
    return Rewriting(written, "".join(text for text, _ in parts), tuple(stretches))
