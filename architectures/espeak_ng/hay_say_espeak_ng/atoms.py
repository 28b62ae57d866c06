"""The words of a script as a reader sees them: '1999', '$5.20', 'isn't', 'Dr', one ideograph. Timings count these."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from hay_say_espeak_ng.script import Script

_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# What ends a word without a space: dashes, dots in a row, full-width punctuation, and commas except within numbers.
_SEPARATOR = re.compile(
    r"[—–―…、。，．！？；：「」『』（）《》〈〉【】〔〕・]+|\.{2,}|-{2,}|[,;:](?=[^\W\d])|(?<=[^\W\d])[,;]"
)
_RUN = re.compile(rf"[{_IDEOGRAPHS}]|[^{_IDEOGRAPHS}]+")
_CHUNK = re.compile(r"\S+")
_AROUND_WORDS = {"Po", "Ps", "Pe", "Pi", "Pf"}      # punctuation, brackets and quotation marks ...
_OF_WORDS = frozenset("#%&*/@\\§†‡‰‱")               # ... without the signs that are read out


@dataclass(frozen=True, slots=True)
class Atom:
    """Letters `start` to `stop`, of which `first` to `last` are the word itself without the punctuation around it."""

    start: int
    stop: int
    first: int
    last: int
    is_word: bool           # it has a letter or a digit; without one it is a sign, which may be silent


class Atoms:
    """The atoms of one piece, in order, found by letter."""

    def __init__(self, script: Script, start: int, stop: int) -> None:
        self._atoms = list(_atoms(script, start, stop))
        self._starts = [atom.start for atom in self._atoms]

    def __len__(self) -> int:
        return len(self._atoms)

    def __getitem__(self, index: int) -> Atom:
        return self._atoms[index]

    def at(self, letter: int) -> int:
        """Index of the atom that a letter belongs to; for a space, of the one before it (-1: there is none)."""
        return bisect.bisect_right(self._starts, letter) - 1

    def words_between(self, before: int, behind: int) -> list[int]:
        """Indices of the words strictly between two atoms."""
        return [index for index in range(before + 1, behind) if self._atoms[index].is_word]


def _atoms(script: Script, start: int, stop: int) -> Iterator[Atom]:
    text = script.text(start, stop)
    readings = [style.reading for style in script.styles[start:stop]]
    for chunk in _CHUNK.finditer(text):
        edges = [index for index in range(chunk.start() + 1, chunk.end()) if readings[index] != readings[index - 1]]
        for low, high in pairwise([chunk.start(), *edges, chunk.end()]):
            as_is = readings[low] != "text"
            parts = [(0, high - low)] if as_is else _parts(text[low:high])
            for first, last in parts:
                yield _atom(text, low + first, low + last, start, as_is)


def _parts(chunk: str) -> list[tuple[int, int]]:
    """A run without spaces -> (start, stop) of its words, each with the separators behind it."""
    parts: list[tuple[int, int]] = []
    at = 0
    for separator in [*_SEPARATOR.finditer(chunk), None]:
        stop = separator.start() if separator else len(chunk)
        parts += [(run.start(), run.end()) for run in _RUN.finditer(chunk, at, stop)]
        if separator is None:
            break
        at = separator.end()
        if parts:
            parts[-1] = (parts[-1][0], at)
        else:
            parts.append((0, at))
    return parts


def _atom(text: str, start: int, stop: int, offset: int, as_is: bool) -> Atom:
    first, last = start, stop
    if not as_is:
        while first < last and _is_around(text, first, stop):
            first += 1
        while last > first and _is_around(text, last - 1, stop):
            last -= 1
    if first == last:
        first, last = start, stop
    is_word = as_is or any(letter.isalnum() for letter in text[first:last])
    return Atom(start + offset, stop + offset, first + offset, last + offset, is_word)


def _is_around(text: str, index: int, stop: int) -> bool:
    letter = text[index]
    if letter == "." and index + 1 < stop and text[index + 1].isdigit():
        return False        # .5
    if letter in _OF_WORDS:
        return False
    return letter == "`" or unicodedata.category(letter) in _AROUND_WORDS or _SEPARATOR.match(letter) is not None


def written(script: Script, first: int, last: int) -> tuple[str, int, int]:
    """Letters as a word of the body: its text as written, its first character there, its length."""
    start = script.starts[first]
    length = script.ends[last - 1] - start
    replaced = script.replaced.get(start)
    if replaced is not None and script.ends[last - 1] == script.ends[first]:
        return replaced.strip(), start, length
    return script.text(first, last), start, length


