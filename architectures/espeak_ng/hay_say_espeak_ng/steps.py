"""The library's events of one piece, made usable: positions as letters of the script, phonemes with whole names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hay_say_espeak_ng.library import RawEvent
from hay_say_espeak_ng.pieces import Piece

_SWITCH = re.compile(r"\([A-Za-z0-9-]+\)")      # '(en)': the words behind it follow another language's rules


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece as it came out: its events, its first sample in the clip, its length in samples."""

    piece: Piece
    events: Sequence[RawEvent]
    offset: int
    samples: int


@dataclass(slots=True)
class Step:
    """A word event (`letter` is the script's letter it points at) or a phoneme (`letter` is -1; '' is a pause).

    `sample` counts from the start of the piece.
    """

    sample: int
    letter: int = -1
    ipa: str = ""
    starts_clause: bool = False

    @property
    def is_word(self) -> bool:
        return self.letter >= 0


def steps(part: Spoken) -> Iterator[Step]:
    """Word events and phonemes in order of time."""
    clause: list[Step] = []
    ipa = ""
    for kind, sample, position, name in [*part.events, ("clause", part.samples, 0, "")]:
        if kind == "clause":
            yield from _completed(clause, ipa)
            clause, ipa = [], name
        elif kind == "word":
            index = min(max(position - 1, 0), len(part.piece.letter_of) - 1)
            clause.append(Step(sample, letter=part.piece.letter_of[index]))
        elif kind == "phoneme" and not name.startswith("("):
            clause.append(Step(sample, ipa=name))


def _completed(clause: list[Step], ipa: str) -> list[Step]:
    """Give a clause's phonemes what its text has more than their names: ends cut after 8 bytes, lengths, tones.

    The names occur in the text in order; what lies between two of them belongs to the first.
    """
    whole = _SWITCH.sub("", ipa).replace(" ", "")
    named = [step for step in clause if step.ipa]
    at = 0
    starts: list[int] = []
    for step in named:
        found = whole.find(step.ipa, at)
        if found < 0:
            break           # names and text disagree; the names are right as far as they go
        starts.append(found)
        at = found + len(step.ipa)
    if named and len(starts) == len(named):
        for step, start, stop in zip(named, [0, *starts[1:]], [*starts[1:], len(whole)], strict=True):
            step.ipa = whole[start:stop]
    if clause:
        clause[0].starts_clause = True
    return clause
