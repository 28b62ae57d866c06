"""What a reader takes for one letter: grapheme clusters, so that a cut never parts a letter from its accent.

The rules are those of Unicode's UAX 29, on the tables that Python brings. Where these tables cannot decide (which
symbols are pictographs, in which scripts a virama joins), characters are kept together: a cut too few does no harm.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_JOINER, _NON_JOINER = "\u200d", "\u200c"
_EXTENDING = frozenset("\u0e33\u0eb3\uff9e\uff9f" + _JOINER + _NON_JOINER)     # vowels and marks that are no M*
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)             # the letters inside the flags of England, Scotland, Wales
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)     # two of them are one flag
_PREPENDED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd")
_VIRAMA = 9                                 # canonical combining class

_LEAD, _VOWEL, _TRAIL = "L", "V", "T"       # parts of a Hangul syllable
_SYLLABLE = "LV"                            # a whole one: joins the leads before it
_SYLLABLES = range(0xAC00, 0xD7A4)
_SYLLABLES_PER_VOWEL = 28


def joined(before: str, after: str) -> bool:
    """Whether two neighbouring characters are inside one cluster, whatever stands around them.

    Pairs of flag letters are left out: whether two of them belong together depends on how many stand before.
    """
    if before < "\u0300" and after < "\u0300":      # most of what there is: only one pair joins
        return before == "\r" and after == "\n"
    if before in "\r\n":
        return False
    if _extends(after) or before in _PREPENDED or before == _JOINER:
        return True
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True     # halves of one letter that somebody decoded apart
    if unicodedata.combining(before) == _VIRAMA and unicodedata.category(after) == "Lo":
        return True
    return (_hangul(before, ends=True), _hangul(after, ends=False)) in (
        (_LEAD, _LEAD), (_LEAD, _VOWEL), (_LEAD, _SYLLABLE), (_VOWEL, _VOWEL), (_VOWEL, _TRAIL), (_TRAIL, _TRAIL),
    )  # fmt: skip


def cluster_starts(text: str) -> list[int]:
    """The position of every cluster's first character, in order; [] for ''."""
    starts: list[int] = []
    before = ""
    flag_letters = 0        # in a row, right before this character
    for position, letter in enumerate(text):
        is_flag_letter = ord(letter) in _FLAG_LETTERS
        completes_flag = is_flag_letter and flag_letters % 2 == 1
        if not before or not (completes_flag or joined(before, letter)):
            starts.append(position)
        flag_letters = flag_letters + 1 if is_flag_letter else 0
        before = letter
    return starts


@lru_cache(maxsize=4096)
def _extends(letter: str) -> bool:
    if letter in _EXTENDING:
        return True
    code = ord(letter)
    return code in _SKIN_TONES or code in _TAGS or unicodedata.category(letter) in ("Mn", "Me", "Mc")


def _hangul(letter: str, *, ends: bool) -> str:
    """The part of a syllable that a Hangul letter ends or begins with; '' for every other letter."""
    code = ord(letter)
    if code in _SYLLABLES:
        if not ends:
            return _SYLLABLE
        return _VOWEL if (code - _SYLLABLES.start) % _SYLLABLES_PER_VOWEL == 0 else _TRAIL
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return _LEAD
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return _VOWEL
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return _TRAIL
    return ""
