"""A pronunciation dictionary applied to a plain text: longest match first, whole words only, one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.errors import Fix, Problem
from hay_say_lab.text.pronunciation import Entry, Pronunciations, speaks, token_key, word_key
from hay_say_lab.text.rewriting import Rewriting, rewriting
from hay_say_lab.text.spans import Span
from hay_say_lab.text.support import keeps
from hay_say_lab.text.words import tokens

FIELD = "text.body"
_APOSTROPHES = ("'", "\u2019")
_PLAIN_OR_NOT = re.compile(r"[^&<>]+|[&<>]")
_TAILS = frozenset(("s", "t", "d", "m", "ll", "re", "ve"))      # of English: 'can't' has no word 't' in it


@dataclass(frozen=True, slots=True)
class Sounds:
    """A word that is to be said as IPA; `span` in the respelled text, where the word stands as it was written."""

    span: Span
    ipa: str


@dataclass(frozen=True, slots=True)
class Respelling:
    """What a dictionary made of a text. `used`: the entries that took effect; `lost`: those that could not, and how
    often."""

    rewriting: Rewriting
    sounds: tuple[Sounds, ...]
    used: tuple[Entry, ...]
    lost: Mapping[Entry, int]

    @property
    def text(self) -> str:
        return self.rewriting.text

    @property
    def matched(self) -> tuple[Entry, ...]:
        """The entries that fit somewhere. A dictionary of these alone does the same to this text."""
        return (*self.used, *self.lost)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return lost_warnings(self.lost)

    def as_ssml(self) -> Rewriting:
        """The same as an SSML body, each word with sounds in a <phoneme>. `old` spans are those of the text as
        written, so word timings of the SSML body lead back to it."""
        stretches = self.rewriting.stretches
        parts = [("<speak>", Span(0, 0))]
        sounds = {one.span.first: one.ipa for one in self.sounds}
        for stretch in stretches:
            said = stretch.new.of(self.text)
            ipa = sounds.get(stretch.new.first)
            if ipa is not None:
                parts.append((f'<phoneme alphabet="ipa" ph={quoteattr(ipa)}>', Span(stretch.old.first, 0)))
            if stretch.exact:
                parts += _escaped(said, stretch.old.first)
            else:
                parts.append((escape(said), stretch.old))
            if ipa is not None:
                parts.append(("</phoneme>", Span(stretch.old.end, 0)))
        end = stretches[-1].old.end if stretches else 0
        return rewriting([*parts, ("</speak>", Span(end, 0))], self.rewriting.written)


def respelled(
    text: str, dictionary: Pronunciations, contract: TextContract, language: str | None = None
) -> Respelling:
    """Apply a dictionary to a plain text in `language` (None: only entries without a language count).

    Where two entries fit, the longer word wins, then the more exact language, then the more exact case. What was
    put in is not searched again. IPA is used where the contract keeps 'phoneme:ipa', else the entry's alias, else
    the word stays as it is and there is a warning, one for each entry.
    """
    takes_ipa = keeps(contract, "phoneme:ipa")
    parts: list[tuple[str, Span]] = []
    sounds: list[Sounds] = []
    used: dict[Entry, None] = {}
    lost: dict[Entry, int] = {}
    position = length = 0
    for span, entry in _matches(text, dictionary, language):
        if entry.alias is None and not takes_ipa:
            lost[entry] = lost.get(entry, 0) + 1
            continue
        parts.append((text[position : span.first], Span(position, span.first - position)))
        length += span.first - position
        said = span.of(text) if takes_ipa and entry.ipa is not None else entry.alias or ""
        if takes_ipa and entry.ipa is not None:
            sounds.append(Sounds(Span(length, len(said)), entry.ipa))
        parts.append((said, span))
        length += len(said)
        position = span.end
        used[entry] = None
    parts.append((text[position:], Span(position, len(text) - position)))
    return Respelling(rewriting(parts, text), tuple(sounds), tuple(used), lost)


def lost_warnings(lost: Mapping[Entry, int]) -> tuple[Problem, ...]:
    """One for each entry that could not take effect; the counts say how often."""
    return tuple(_warning(entry, count) for entry, count in lost.items())


def _escaped(said: str, first: int) -> Iterator[tuple[str, Span]]:
    """Parts that are as written, and those that XML wants otherwise."""
    for found in _PLAIN_OR_NOT.finditer(said):
        yield escape(found.group()), Span(first + found.start(), found.end() - found.start())


def _matches(text: str, dictionary: Pronunciations, language: str | None) -> Iterator[tuple[Span, Entry]]:
    """Where entries fit, in order, without overlap."""
    index = _Index(dictionary, language)
    spans = list(tokens(text))
    folded = [token_key(span.of(text), "any") for span in spans]
    at = 0
    while at < len(spans):
        found = index.best(text, spans, folded, at)
        if found is None:
            at += 1
        else:
            count, entry = found
            yield Span(spans[at].first, spans[at + count - 1].end - spans[at].first), entry
            at += count


class _Index:
    """The entries that count in a text, by their folded words; asking costs the same however many there are."""

    def __init__(self, dictionary: Pronunciations, language: str | None) -> None:
        self._lengths: dict[str, set[int]] = {}         # of words that begin with a token, in tokens
        self._entries: dict[tuple[str, ...], list[Entry]] = {}
        for entry in dictionary.entries:
            if speaks(language, entry.language):
                key = word_key(entry.word, "any")
                self._lengths.setdefault(key[0], set()).add(len(key))
                self._entries.setdefault(key, []).append(entry)
        for entries in self._entries.values():
            entries.sort(key=_rank)

    def best(self, text: str, spans: Sequence[Span], folded: Sequence[str], at: int) -> tuple[int, Entry] | None:
        """(tokens, entry) of the best entry that fits at a token, or None."""
        for length in sorted(self._lengths.get(folded[at], ()), reverse=True):
            end = at + length
            candidates = self._entries.get(tuple(folded[at:end]), ())
            if not candidates or _inside_a_word(folded, at, end):
                continue
            exact = tuple(token_key(span.of(text), "exact") for span in spans[at:end])
            fits = next((entry for entry in candidates if entry.case == "any" or entry.key == exact), None)
            if fits is not None:
                return length, fits
        return None


def _inside_a_word(folded: Sequence[str], first: int, end: int) -> bool:
    """Whether an apostrophe ties the tokens to a word around them: not 'don' in "don't", not 't' in it.

    "Siobhan" is found in "Siobhan's", and "eau" in "l'eau".
    """
    ties_before = first >= 2 and folded[first - 1] in _APOSTROPHES and folded[first - 2][-1:].isalpha()
    ties_behind = end + 1 < len(folded) and folded[end] in _APOSTROPHES and folded[end - 1][-1:].isalpha()
    return (ties_before and folded[first] in _TAILS) or (ties_behind and folded[end + 1] == "t")


def _rank(entry: Entry) -> tuple[int, bool, str]:
    """Of entries for one word, best first: the most exact language, then the most exact case."""
    return -len(entry.language.split("-") if entry.language else ()), entry.case != "exact", entry.word


def _warning(entry: Entry, count: int) -> Problem:
    times = "once" if count == 1 else f"{count} times"
    message = (
        f"The dictionary has only IPA for '{entry.word}' ({times} in the text), and this voice takes none: "
        "it is spoken as written."
    )
    return Problem(FIELD, message, Fix(f"Give '{entry.word}' an alias in the dictionary, or choose another voice."))
