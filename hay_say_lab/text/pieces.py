"""A long text in pieces that a voice can speak one after the other: whole sentences as long as they fit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hay_say_lab.text.clusters import cluster_starts
from hay_say_lab.text.sentences import sentences
from hay_say_lab.text.spans import Span, spans_between

# Where to cut a sentence that is too long, best first; the cut is behind what is found.
_CUTS = (
    re.compile(r"(?:[;:](?=\s)|[\uff1b\uff1a\u061b\u0387]|\s[\u2013\u2014-](?=\s)|\u2014)\s*|\n"),       # clauses
    re.compile(r"(?:,[\"'\u201d\u2019\u00bb)\]]*(?=\s)|[)\]](?=\s)|[\uff0c\u3001\u060c\uff09\u300d\u300f\u3011])\s*|\s(?=[(\[])"),
    re.compile(r"\s+|\u200b"),                                                                             # words
)  # fmt: skip
_SOON = 3       # a clause or comma in the first third of the room is passed over for a later, lesser cut


def pieces(text: str, longest_characters: int, language: str | None = None) -> list[Span]:
    """Cut a text into pieces of at most `longest_characters` (code points), as few as reading order allows.

    A sentence that is longer is cut behind a clause, a comma, white space, or between two letters, in this order.
    The spans cover the text exactly. No cut is inside a grapheme cluster: a single cluster longer than the limit
    (a letter under hundreds of accents) stays whole, as the only piece that may be longer.
    Raises ValueError where `longest_characters` is less than 1.
    """
    if longest_characters < 1:
        raise ValueError(f"longest_characters must be at least 1, not {longest_characters}")
    edges: list[int] = []
    end = 0
    for unit in _units(text, longest_characters, language):
        if not edges or unit.end - edges[-1] > longest_characters:
            edges.append(unit.first)
        end = unit.end
    return spans_between(edges, end)


def _units(text: str, longest: int, language: str | None) -> Iterator[Span]:
    """Sentences, and the parts of those that are too long."""
    for sentence in sentences(text, language):
        if sentence.length <= longest:
            yield sentence
        else:
            yield from (Span(sentence.first + part.first, part.length) for part in _parts(sentence.of(text), longest))


def _parts(sentence: str, longest: int) -> Iterator[Span]:
    starts = cluster_starts(sentence)
    allowed = frozenset(starts)
    first = 0
    following = 0           # index of the first cluster that begins behind `first` and fits no more
    while len(sentence) - first > longest:
        cut = _best_cut(sentence, first, first + longest, allowed)
        if cut is None:
            while following < len(starts) and starts[following] <= first + longest:
                following += 1
            last_that_fits = starts[following - 1]
            if last_that_fits > first:
                cut = last_that_fits
            else:
                cut = starts[following] if following < len(starts) else len(sentence)
        yield Span(first, cut - first)
        first = cut
    if first < len(sentence):
        yield Span(first, len(sentence) - first)


def _best_cut(sentence: str, first: int, end: int, allowed: frozenset[int]) -> int | None:
    """The last good place in first..end, or None where only letters could be parted."""
    found = [_last_cut(pattern, sentence, first, end, allowed) for pattern in _CUTS]
    early = first + (end - first) // _SOON
    late = [cut for cut in found[:-1] if cut is not None and cut > early]
    if late:
        return late[0]
    return found[-1] if found[-1] is not None else next((cut for cut in found if cut is not None), None)


def _last_cut(pattern: re.Pattern[str], sentence: str, first: int, end: int, allowed: frozenset[int]) -> int | None:
    """Behind the last match in first..end; the match may look at what stands right behind, but not reach there."""
    last = None
    for found in pattern.finditer(sentence, first, min(end + 1, len(sentence))):
        cut = min(found.end(), end)
        if first < cut and cut in allowed:
            last = cut
    return last
