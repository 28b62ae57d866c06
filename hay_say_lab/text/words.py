"""A text in tokens: whole words of any script, white space, and everything else letter by letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from hay_say_lab.text.spans import Span

# Scripts that put no space between words: each letter with its marks is a token, so that any run of them can match.
_UNSPACED = (
    (0x0E00, 0x0EFF),       # Thai, Lao
    (0x1000, 0x109F),       # Myanmar
    (0x1780, 0x17FF),       # Khmer
    (0x3005, 0x3007),       # ideographic iteration mark and zero
    (0x3040, 0x30FF),       # kana
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),   # ideographs
)  # fmt: skip
_JOINERS = "\u200c\u200d"
_DECIMAL_POINTS = ".,"


def tokens(text: str) -> Iterator[Span]:
    """Spans that cover a text exactly.

    A word is a run of letters, marks, digits and underscores; '3.5' and '1,000' are one. A run of white space is one
    token, every other character is one with its marks.
    """
    position = 0
    while position < len(text):
        first, kind = position, _kind(text[position])
        position += 1
        if kind == "letter":
            position = _end_of(text, position, ("mark",))
        elif kind in ("word", "space"):
            position = _end_of(text, position, ("word", "mark") if kind == "word" else ("space",))
            while kind == "word" and _point(text, position):
                position = _end_of(text, position + 1, ("word", "mark"))
        else:
            position = _end_of(text, position, ("mark",))
        yield Span(first, position - first)


def _point(text: str, position: int) -> bool:
    around = text[position - 1 : position + 2]
    return len(around) == 3 and around[1] in _DECIMAL_POINTS and around[0].isdigit() and around[2].isdigit()


def _end_of(text: str, position: int, kinds: tuple[str, ...]) -> int:
    while position < len(text) and _kind(text[position]) in kinds:
        position += 1
    return position


@lru_cache(maxsize=8192)
def _kind(letter: str) -> str:
    """'word', 'letter' (of a script without spaces), 'mark', 'space' or 'other'."""
    if letter.isspace():
        return "space"
    category = unicodedata.category(letter)
    if category[0] == "M" or letter in _JOINERS:
        return "mark"
    if any(first <= ord(letter) <= last for first, last in _UNSPACED) and category[0] == "L":
        return "letter"
    return "word" if category[0] in "LN" or letter == "_" else "other"
