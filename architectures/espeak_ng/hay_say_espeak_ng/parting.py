"""Words that the library says as one ('of the', 'it was'), parted again where one ends and the next begins.

The cut is a phoneme's edge, so it is exact; which edge is found by comparing with each word said alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from hay_say_espeak_ng.hearing import Word

_STRESS = str.maketrans("", "", "ˈˌ")
_VOWELS = frozenset("aeiouyɑæɐɒɔəɘɚɛɜɝɞɤɨɪɯɵøœɶʉʊʌʏᵻᵿ")
LEAST_LIKENESS = 0.4        # share of the phonemes that must be found again; below it the words stay one

Phonemes = tuple[str, ...]


def plain(names: Sequence[str]) -> Phonemes:
    """Phonemes without their stress, which moves when a word stands alone; pauses are left out."""
    return tuple(stripped for name in names if (stripped := name.translate(_STRESS)))


def parted(
    word: Word, tokens: Sequence[tuple[int, str]], names: Sequence[str], alone: Mapping[str, Phonemes]
) -> list[Word]:
    """Part a word into its tokens (atom and text of each); names[i] is the name of phoneme i.

    Gives the word back whole where it is one already, or where no cut is likely.
    """
    numbers = [number for number in word.phonemes if names[number]]
    said = plain([names[number] for number in numbers])
    wanted = [alone.get(text, ()) for _, text in tokens]
    if len(tokens) < 2 or len(said) != len(numbers) or len(said) < len(tokens):
        return [word]
    likeness, cuts = _best_cuts(said, tuple(wanted))
    if likeness < LEAST_LIKENESS * len(said):
        return [word]
    atoms = [atom for atom, _ in tokens]
    lasts = [*(atom - 1 for atom in atoms[1:]), word.last]
    edges = [word.phonemes.index(numbers[cut]) for cut in cuts]
    bounds = [0, *edges, len(word.phonemes)]
    return [
        Word(word.first if index == 0 else atom, last, [word.phonemes[bounds[index] : bounds[index + 1]]])
        for index, (atom, last) in enumerate(zip(atoms, lasts, strict=True))
    ]


def _best_cuts(said: Phonemes, wanted: tuple[Phonemes, ...]) -> tuple[float, list[int]]:
    """(phonemes found again, where to cut) for the best way to cut `said` into as many parts as are wanted."""

    @cache
    def best(start: int, part: int) -> tuple[float, tuple[int, ...]]:
        if part == len(wanted) - 1:
            return _alike(said[start:], wanted[part]), ()
        options = []
        for cut in range(start + 1, len(said) - (len(wanted) - 1 - part) + 1):
            behind, cuts = best(cut, part + 1)
            options.append((_alike(said[start:cut], wanted[part]) + behind, (cut, *cuts)))
        return max(options)

    likeness, cuts = best(0, 0)
    return likeness, list(cuts)


def _alike(said: Phonemes, wanted: Phonemes) -> float:
    """The best way to match phonemes in order, as their number, less a little for each too many or too few."""
    row = [0.0] * (len(wanted) + 1)
    for one in said:
        diagonal = 0.0
        for index, other in enumerate(wanted):
            above = row[index + 1]
            row[index + 1] = max(above, row[index], diagonal + _match(one, other))
            diagonal = above
    return row[-1] - 0.01 * abs(len(said) - len(wanted))


def _match(one: str, other: str) -> float:
    """Vowels are reduced in company ('of a' is said 'əvə'), so any two of them match by half."""
    if one == other:
        return 1.0
    return 0.5 if one[0] in _VOWELS and other[0] in _VOWELS else 0.0
