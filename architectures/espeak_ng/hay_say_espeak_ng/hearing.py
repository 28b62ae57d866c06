"""Steps -> words of the script with their phonemes: which word each phoneme was said for.

What the library's word events are like, and what is done about it (all seen with version 1.52):
- one word of the text may give several: '1999' gives three, later ones one letter on. They are merged;
- two words may share one ('of the' is one word to the English dictionary). Here they are one; parting.py parts them;
- behind a dropped full stop or an apostrophe the next word's event points a letter or two too early. An event that
  starts no new word, with a word left over that no event points at, is that word's;
- a silent sign takes the event of the word behind it ('- Import'): it is given back;
- Korean says the first of two joined words before the event. Phonemes before a clause's first event are its.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hay_say_espeak_ng.atoms import Atoms
from hay_say_espeak_ng.steps import Step


@dataclass(slots=True)
class Word:
    """Atoms `first` to `last` of a piece, and what was said for them.

    `said` holds numbers of phonemes (counted over the piece's steps), a list for each word that is said: '1999' is
    one word as written and three as said.
    """

    first: int
    last: int
    said: list[list[int]] = field(default_factory=list)

    @property
    def phonemes(self) -> list[int]:
        return [number for numbers in self.said for number in numbers]


def words_heard(steps: Sequence[Step], atoms: Atoms) -> list[Word]:
    """Words in order of time. What has no named phoneme is not heard and not told."""
    words: list[Word] = []
    early: list[int] = []           # phonemes of a clause before its first word event
    in_clause = False
    number = -1
    atom_of = _atoms_of(steps, atoms)
    for index, step in enumerate(steps):
        in_clause &= not step.starts_clause
        if step.is_word:
            if index in atom_of:
                _take_left_over(words, atoms, atom_of[index], early)
                if not words or words[-1].last < atom_of[index]:
                    words.append(Word(atom_of[index], atom_of[index]))
                words[-1].said.append(early)
                early, in_clause = [], True
            continue
        number += 1
        if in_clause:
            words[-1].said[-1].append(number)
        elif step.ipa:
            early.append(number)
    if words:
        words[-1].said.append(early)
        _take_left_over(words, atoms, len(atoms), [])
    names = [step.ipa for step in steps if not step.is_word]
    return [word for word in words if any(names[number] for number in word.phonemes)]


def _atoms_of(steps: Sequence[Step], atoms: Atoms) -> dict[int, int]:
    """Index of each word event among the steps -> the atom that it starts or goes on with."""
    result: dict[int, int] = {}
    if not len(atoms):
        return result
    reached = -1
    events: list[int] = []          # the event that reached this atom, and those since
    for index, step in enumerate(steps):
        if not step.is_word:
            continue
        atom = max(atoms.at(step.letter), 0)
        if atom > reached:
            _settle(result, events, atoms, reached, atom, steps)
            events, reached = [], atom
        events.append(index)
        result[index] = reached
    _settle(result, events, atoms, reached, len(atoms), steps)
    return result


def _settle(
    result: dict[int, int], events: list[int], atoms: Atoms, reached: int, behind: int, steps: Sequence[Step]
) -> None:
    """Give events to the words before the next one that no event points at.

    The further events of an expanded number point one letter behind its start, those of a spelled word at its start:
    these stay, unless it is one event and one word is left over. A sign's only event is that of the word behind it:
    the sign is silent ('- Import').
    """
    left_over = atoms.words_between(reached, behind)
    if not events or not left_over:
        return
    atom, (first, *extras) = atoms[reached], events
    free = [index for index in extras if steps[index].letter >= min(atom.start + 2, atom.stop)]
    if len(extras) == len(left_over) == 1 and steps[extras[0]].letter != atom.start + 1:
        free = extras
    elif not extras and not atom.is_word:
        free = [first]
    given = dict(zip(free[-len(left_over) :], left_over, strict=False))
    current = reached
    for index in events:
        current = given.get(index, current)
        result[index] = current


def _take_left_over(words: list[Word], atoms: Atoms, atom: int, early: list[int]) -> None:
    """Words before `atom` that no event points at: the early phonemes are theirs, else they join the word before."""
    left_over = atoms.words_between(words[-1].last if words else -1, atom)
    if left_over and early:
        words.append(Word(left_over[0], left_over[-1], [list(early)]))
        early.clear()
    elif left_over and words:
        words[-1].last = left_over[-1]
