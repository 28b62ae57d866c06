"""A script cut into pieces that one child speaks, each as the plain text that the library reads.

Between pieces a stage can stop, and a retry goes on behind the finished ones. A cut is not heard: it lies at the end
of a sentence, and the library adds the pause there that it would have made itself (within a millisecond).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hay_say_espeak_ng.library import END_PAUSE, PHONEMES, SAMPLE_RATE
from hay_say_espeak_ng.mnemonics import CLOSE, OPEN
from hay_say_espeak_ng.script import Script, Style

LONGEST_CHARACTERS = 600        # about 40 s of speech and 0.05 s of computing
MOST_CHANGES = 24               # of style in one piece; the library keeps 250 commands of a clause
LONGEST_MNEMONICS = 150         # characters between brackets; the library ends clauses at 800 bytes, even within

# The library's commands inside a text: control-A, a number, a letter.
_COMMAND = "\x01"
_SPELL, _DIGITS, _PLAIN = f"{_COMMAND}18Y", f"{_COMMAND}193Y", f"{_COMMAND}Y"

_CLOSERS = r"[\"'”’»)\]」』）]*"
# Where to cut, best first. A cut behind a full stop is checked further in `_ends_a_sentence`.
_PARAGRAPH = re.compile(r"\n\s*\n\s*")
_SENTENCE = re.compile(rf"[。！？｡।॥؟۔։።]{_CLOSERS}\s*|[!?…]{_CLOSERS}\s+|(?<=\w\w\w\w)\.{_CLOSERS}\s+")
_FULL_STOP = re.compile(rf"\.{_CLOSERS}\s+")
_CLAUSE = re.compile(r"[、，；：]\s*|[,;:،؛—–]\s+")
_SPACE = re.compile(r"\s+")
_MARKS_TO_FOLLOW = re.compile(r"[\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Letters `start` to `stop` of a script, as one child speaks them.

    source: what the library reads; letter_of[i]: the script's letter for its character i;
    settings, flags: as in library.Order; silence_samples: exact silence in front.
    """

    start: int
    stop: int
    source: str
    letter_of: tuple[int, ...]
    settings: dict[str, int]
    flags: int
    silence_samples: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All pieces of a script in order, and the silence behind the last."""

    pieces: tuple[Piece, ...]
    silence_samples: int


def plan(script: Script, gap: int) -> Plan:
    """Cut a script. `gap` is the pause between words in units of 10 ms."""
    pieces: list[Piece] = []
    silence = 0
    for stretch in _stretches(script):
        for start, stop, ends_clause in _cuts(script, stretch.start, stretch.stop):
            if script.text(start, stop).isspace():
                continue
            last = stop == stretch.stop
            flags = END_PAUSE if (stretch.pause_follows if last else ends_clause) else 0
            tail = "\n\n" if last and stretch.is_paragraph else ""
            pieces.append(_piece(script, start, stop, gap, flags, tail, silence))
            silence = 0
        silence += stretch.milliseconds_after * SAMPLE_RATE // 1000
    return Plan(tuple(pieces), silence)


@dataclass(slots=True)
class _Stretch:
    """Letters between two forced boundaries. `pause_follows`: the library makes the pause of a sentence behind it."""

    start: int
    stop: int
    pause_follows: bool = False
    is_paragraph: bool = False
    milliseconds_after: int = 0


def _stretches(script: Script) -> list[_Stretch]:
    stretches: list[_Stretch] = []
    start = 0
    for joint in script.joints:
        if joint.at > start or not stretches:
            stretches.append(_Stretch(start, joint.at))
            start = joint.at
        before = stretches[-1]
        if joint.ending == "pause":
            before.milliseconds_after += joint.milliseconds
        else:
            before.is_paragraph |= joint.ending == "paragraph"
            before.pause_follows = True
    stretches.append(_Stretch(start, len(script)))
    for stretch in stretches:
        stretch.pause_follows &= not stretch.milliseconds_after      # a pause asked for stands in its place
    return stretches


def _cuts(script: Script, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
    """(start, stop, whether a clause ends there) of each piece of a stretch."""
    while start < stop:
        limit = _change_limit(script, start, min(start + LONGEST_CHARACTERS, stop))
        if limit >= stop:
            yield start, stop, False
            return
        window = min(limit + 1, stop)
        cut, ends_clause = _best_cut(script.text(start, window), limit - start, script.styles[start:window])
        yield start, start + cut, ends_clause
        start += cut


def _change_limit(script: Script, start: int, stop: int) -> int:
    changes = 0
    for index in range(start + 1, stop):
        if script.styles[index] is not script.styles[index - 1]:
            changes += 1
            if changes > MOST_CHANGES:
                return index
    return stop


def _best_cut(text: str, limit: int, styles: list[Style]) -> tuple[int, bool]:
    """Where to cut a text that is too long, at most `limit` letters from its start, and whether a clause ends there."""
    for kind, earliest in (
        (_PARAGRAPH, limit // 2),
        (_SENTENCE, limit // 2),
        (_FULL_STOP, limit // 2),
        (_CLAUSE, limit // 2),
        (_SPACE, 1),
    ):
        best = 0
        for match in kind.finditer(text, 0, limit + 1):
            cut = match.end()
            if earliest <= cut <= limit and _may_cut(text, cut, styles, kind):
                best = cut
        if best:
            return best, kind is not _SPACE
    cut = limit
    while cut > 1 and _MARKS_TO_FOLLOW.match(text, cut):
        cut -= 1
    return cut, False


def _may_cut(text: str, cut: int, styles: list[Style], kind: re.Pattern[str]) -> bool:
    if cut >= len(text):
        return False
    if styles[cut - 1].reading != "text":       # only at spaces, and never within spelled letters
        return kind is _SPACE and (styles[cut].reading != styles[cut - 1].reading or styles[cut].reading == "mnemonics")
    # The library itself sees no sentence behind a full stop where a small letter follows.
    return not (kind in (_SENTENCE, _FULL_STOP) and text[cut].islower())


def _piece(script: Script, start: int, stop: int, gap: int, flags: int, tail: str, silence: int) -> Piece:
    first = script.styles[start]
    writer = _Writer(first)
    for index in range(start, stop):
        writer.letter(script.letters[index], index, script.styles[index])
    writer.finish(tail)
    if writer.has_mnemonics:
        flags |= PHONEMES
    settings = {
        "rate": first.rate, "pitch": first.pitch, "range": first.range, "volume": first.volume, "gap": gap
    }   # fmt: skip
    return Piece(start, stop, "".join(writer.source), tuple(writer.letter_of), settings, flags, silence)


class _Writer:
    """Writes letters and, where their style changes, the library's commands in front of them."""

    def __init__(self, style: Style) -> None:
        self.source: list[str] = []
        self.letter_of: list[int] = []
        self.has_mnemonics = False
        self._style = Style(style.rate, style.pitch, style.range, style.volume)
        self._since_bracket = 0
        self._index = 0

    def letter(self, letter: str, index: int, style: Style) -> None:
        self._index = index
        if style is not self._style:
            self._change(style)
        if style.reading == "mnemonics":
            self._since_bracket += 1
            if self._since_bracket > LONGEST_MNEMONICS and letter.isspace():
                self._write(f"{CLOSE} {OPEN}")
                self._since_bracket = 0
        elif letter == "[" and self.source[-1:] == ["["]:
            self._write(" ")        # two in a row would open mnemonics
        self._write(letter)

    def finish(self, tail: str) -> None:
        self._close()
        self._write(tail)

    def _change(self, style: Style) -> None:
        if style.reading != self._style.reading:
            self._close()
        for letter, old, new in (
            ("S", self._style.rate, style.rate),
            ("P", self._style.pitch, style.pitch),
            ("R", self._style.range, style.range),
            ("A", self._style.volume, style.volume),
            ("F", self._style.emphasis, style.emphasis),
        ):
            if new != old:
                self._write(f"{_COMMAND}{new}{letter}")
        if style.reading != self._style.reading:
            self._write({"text": "", "spelled": _SPELL, "digits": _DIGITS, "mnemonics": OPEN}[style.reading])
            self.has_mnemonics |= style.reading == "mnemonics"
            self._since_bracket = 0
        self._style = style

    def _close(self) -> None:
        reading = self._style.reading
        self._write({"text": "", "spelled": f" {_PLAIN}", "digits": f" {_PLAIN}", "mnemonics": CLOSE}[reading])

    def _write(self, text: str) -> None:
        for character in text:
            self.source.append(character)
            self.letter_of.append(self._index)
