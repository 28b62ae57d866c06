"""What is wrong with a text, whoever is going to speak it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from hay_say_lab.domain.control import pointer
from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import RequestText
from hay_say_lab.errors import Fix, Problem
from hay_say_lab.text.passages import can_be_cut

_ALLOWED_CONTROLS = frozenset("\n\r\t")
# Kept for pictographs by Unicode (UTS 51): people type emoji that are younger than this Python's tables.
_PICTURES = range(0x1F000, 0x1FB00)
_SSML = re.compile(r"\s*<speak[\s>]")


def text_problems(text: RequestText, contract: TextContract, longest: int, *, pieces: bool = False) -> Iterator[Problem]:
    """Empty, too long, unreadable characters, a markup that the voice does not read. `longest` in characters.

    `pieces`: what is longer than the contract is read in passages, where it can be cut.
    """
    body = text.body
    if not body.strip():
        yield Problem("text.body", "There is no text to speak.", Fix("Write a sentence."))
    if not (pieces and can_be_cut(text, contract)):
        longest = min(longest, contract.longest_characters)
    unreadable = unreadable_characters(body)
    # Both fixes give the same text: each of them mends the whole body, in whatever order they are used.
    clean = "".join(" " if letter in unreadable else letter for letter in body[:longest])
    if len(body) > longest:
        cut = _replace("text.body", clean, f"Keep the first {longest} characters")
        yield Problem("text.body", f"The text has {len(body)} characters; {longest} are taken at once.", cut)
    if unreadable:
        named = ", ".join(f"U+{ord(letter):04X}" for letter in sorted(unreadable)[:5])
        yield Problem(
            "text.body",
            f"The text holds characters that nobody can speak ({named}).",
            _replace("text.body", clean, "Put spaces in their place"),
        )
    if text.markup not in (*contract.markups, "ssml"):      # SSML is lowered to what a voice reads
        offered = ", ".join(contract.markups)
        yield Problem(
            "text.markup",
            f"This voice does not read '{text.markup}'; it reads: {offered}.",
            _replace("text.markup", contract.markups[0], f"Read it as {contract.markups[0]}"),
        )


def text_warnings(text: RequestText) -> Iterator[Problem]:
    """Markup in a plain text: its tags would be read out, letter by letter."""
    if text.markup == "plain" and _SSML.match(text.body):
        message = "The text begins like SSML, and is read as plain text: its tags are spoken."
        yield Problem("text.markup", message, _replace("text.markup", "ssml", "Read it as SSML"))


def unreadable_characters(body: str) -> set[str]:
    """Control characters (but line ends and tabs), halves of surrogate pairs, and code points that are nothing."""
    return {letter for letter in set(body) if not _readable(letter)}


def _readable(letter: str) -> bool:
    match unicodedata.category(letter):
        case "Cc":
            return letter in _ALLOWED_CONTROLS
        case "Cs":
            return False
        case "Cn":
            return ord(letter) in _PICTURES
    return True


def _replace(field: str, value: str, label: str) -> Fix:
    return Fix(label, ({"op": "replace", "path": pointer(field), "value": value},))
