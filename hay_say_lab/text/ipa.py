"""Whether a transcription could be IPA at all. Whether a voice has each of its sounds, only its architecture knows."""

from __future__ import annotations

import unicodedata

LONGEST_IPA = 500           # characters
# Stress, length, breaks, ties, syllables and tone letters that are neither letters nor marks in Unicode's eyes.
_SIGNS = frozenset("\u02c8\u02cc\u02d0\u02d1.|\u2016\u203f\u0361\u035c -\u2197\u2198\ua71b\ua71c\u02e5\u02e6\u02e7\u02e8\u02e9\u02de'")
_LATER_LATIN = 0x0250       # from here on the IPA block and what surrounds it
_LATIN_IN_IPA = frozenset("abcdefghijklmnopqrstuvwxyzæçðøħŋœǀǁǂǃ\u00f5\u00e3\u1ebd\u0129\u0169")
_GREEK_IN_IPA = frozenset("βθχλ")


def ipa_fault(transcription: str) -> str | None:
    """What is wrong, as the end of a sentence ('holds "7", ...'), or None. NFC and NFD are taken alike."""
    if not transcription.strip():
        return "is empty"
    if len(transcription) > LONGEST_IPA:
        return f"has {len(transcription)} characters; at most {LONGEST_IPA} are taken"
    strange = sorted({letter for letter in unicodedata.normalize("NFD", transcription) if not _is_ipa(letter)})
    if strange:
        named = " ".join(letter if letter.isprintable() else f"U+{ord(letter):04X}" for letter in strange[:5])
        return f"holds what is no IPA: {named}"
    return None


def _is_ipa(letter: str) -> bool:
    if letter in _SIGNS or letter in _LATIN_IN_IPA or letter in _GREEK_IN_IPA:
        return True
    code = ord(letter)
    if _LATER_LATIN <= code <= 0x036F or 0x1D00 <= code <= 0x1DFF or 0xA700 <= code <= 0xA71F:
        return True         # IPA, modifier letters, combining marks, phonetic extensions, tone letters
    return code in (0x207F, 0x2071)     # superscript n and i
