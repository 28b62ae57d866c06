"""A text that is longer than a voice reads at once, as texts that it reads one after the other.

Plain text is cut as `pieces` cuts it. A marked-up one is cut between its sentences and paragraphs only, where no element
but <speak> is open: each passage is a document of its own. Phonemes are not cut: where a sentence ends there, only the
voice knows.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import LONGEST_TEXT, RequestText
from hay_say_lab.text.markup import read_markup
from hay_say_lab.text.mending import tag_span
from hay_say_lab.text.pieces import pieces
from hay_say_lab.text.sentences import sentences
from hay_say_lab.text.spans import Span, spans_between
from hay_say_lab.text.tree import Document, Paragraph, Sentence, Words

_CLOSING = "</speak>"
_TAG = re.compile(r"<[^>]*>")
_MUTE = frozenset("PZC")        # categories of what no voice says: punctuation, spaces, controls


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text that can be read alone. `span`: the characters of the whole that it holds; its own text begins
    with `lead` characters (the tag of the document) that stand before all passages."""

    text: RequestText
    span: Span
    lead: int = 0

    def back(self, first: int, length: int) -> tuple[int, int]:
        """Characters of the passage as characters of the whole."""
        start = min(max(first - self.lead, 0), self.span.length)
        return self.span.first + start, min(length, self.span.length - start)


def passages(text: RequestText, longest_characters: int) -> list[Passage] | None:
    """The passages of a text, in order; one where it need not be cut, None where it cannot be.

    What nobody can say (the row of stars between two chapters) belongs to no passage where it would be one by itself.
    """
    if len(text.body) <= longest_characters:
        return [Passage(text, Span(0, len(text.body)))]
    if text.markup == "plain":
        found = pieces(text.body, longest_characters, text.language)
        return [Passage(replace(text, body=span.of(text.body)), span) for span in found if not _is_mute(span.of(text.body))]
    if text.markup == "ssml":
        document = read_markup(text.body).document
        return None if document is None else _documents(text, document, longest_characters)
    return None


def can_be_cut(text: RequestText, contract: TextContract) -> bool:
    """Whether a voice with this contract can be given a text in passages."""
    if text.markup == "ssml" and "ssml" in contract.markups and len(text.body) <= LONGEST_TEXT:
        return passages(text, contract.longest_characters) is not None
    return text.markup != "phonemes"


def _documents(text: RequestText, document: Document, longest: int) -> list[Passage] | None:
    body, root = text.body, document.root.span
    opening = tag_span(body, root.first)
    if opening.end == root.end:
        return None                                     # <speak/>
    head = body[: opening.end]
    inside = Span(opening.end, body.rindex("</", opening.end, root.end) - opening.end)
    room = longest - len(head) - len(_CLOSING)
    language = text.language or document.root.language
    found: list[Passage] = []
    for span in _grouped(_units(body, inside, document, language), room):
        if span.length > room:
            return None
        piece = replace(text, body=f"{head}{span.of(body)}{_CLOSING}")
        if read_markup(piece.body).document is None:    # cut inside a CDATA section
            return None
        found.append(Passage(piece, span, len(head)))
    return found


def _units(body: str, inside: Span, document: Document, language: str | None) -> list[Span]:
    """What is not to be cut: paragraphs and sentences of the document, and those of the words beside them."""
    edges = {inside.first}
    for child in document.root.children:
        if isinstance(child, Paragraph | Sentence):
            edges |= {child.span.first, child.span.end}
        elif isinstance(child, Words) and child.span.length == len(child.text):
            edges |= {child.span.first + sentence.first for sentence in sentences(child.text, language)[1:]}
    edges.discard(inside.end)
    return list(_with_words(body, spans_between(sorted(edges), inside.end)))


def _with_words(body: str, units: list[Span]) -> Iterator[Span]:
    """White space and pauses join what stands before them; at the beginning, what stands behind."""
    first = units[0].first
    for unit, following in itertools.zip_longest(units, units[1:]):
        if following is not None and (_is_mute(following.of(body)) or _is_mute(body[first : unit.end])):
            continue
        yield Span(first, unit.end - first)
        first = unit.end


def _grouped(units: list[Span], room: int) -> Iterator[Span]:
    """As many neighbours together as there is room for."""
    held: Span | None = None
    for unit in units:
        if held is not None and unit.end - held.first > room:
            yield held
            held = None
        held = unit if held is None else Span(held.first, unit.end - held.first)
    if held is not None:
        yield held


def _is_mute(text: str) -> bool:
    return all(unicodedata.category(letter)[0] in _MUTE for letter in _TAG.sub("", text))
