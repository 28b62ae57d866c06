"""Phonemes as a person writes them: espeak-ng's own mnemonics, close to Kirshenbaum's ASCII, one set per language.

The library drops the rest of a word behind a mnemonic that it does not know, without a word, and writes past its
buffers where a word is too long. So they are checked against the library's table before they reach it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hay_say_espeak_ng.script import Script, Style
from hay_say_espeak_ng.voices import LibraryVoice
from hay_say_lab.errors import Fix, InvalidRequest, Problem

FIELD = "text.body"
LONGEST_WORD = 100              # characters; the library keeps 200 phonemes of a word
LONGEST_MNEMONIC = 4
SEPARATOR = "|"                 # keeps two mnemonics apart that would be read as one
SWITCH = "_^_"                  # followed by the name of another language's table
OPEN, CLOSE = "[[", "]]"

_TABLE_NAME_BYTES = 32
_ENTRY = struct.Struct("<IIHBB4x")      # mnemonic, flags, program, code, type, four bytes of lengths
_INVALID_TYPE = 15                      # a phoneme that a table takes back from the table it builds on
_PHONEMES_LINE = re.compile(r"^phonemes[ \t]+(\S+)", re.MULTILINE)
_LANGUAGE_LINE = re.compile(r"^language[ \t]+(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mnemonics:
    """The mnemonics of one phoneme table."""

    table: str
    known: frozenset[str]

    def unknown_at(self, word: str) -> int | None:
        """Where the library would lose its way in a word (always taking the longest mnemonic), or None."""
        if word.startswith(SWITCH):
            return None
        at = 0
        while at < len(word):
            if word[at] == SEPARATOR:
                at += 1
                continue
            longest = next((n for n in range(LONGEST_MNEMONIC, 0, -1) if word[at : at + n] in self.known), 0)
            if not longest:
                return at
            at += longest
        return None

    def problems(self, text: str, first: int) -> Iterator[Problem]:
        """What is wrong with a stretch of mnemonics that begins at character `first` of the body."""
        for word in re.finditer(r"\S+", text):
            where = first + word.start()
            unknown = self.unknown_at(word.group())
            if len(word.group()) > LONGEST_WORD:
                yield Problem(
                    FIELD,
                    f"The word of phonemes at character {where + 1} has {len(word.group())} characters; "
                    f"at most {LONGEST_WORD} are spoken.",
                    Fix("Put spaces between words."),
                )
            elif unknown is not None:
                yield Problem(
                    FIELD,
                    f"'{word.group()[unknown]}' at character {where + unknown + 1} begins no phoneme of the table "
                    f"'{self.table}'.",
                    Fix("Write espeak-ng's mnemonics (h@l'oU), not IPA; `espeak-ng -x` and the README show them."),
                )


def mnemonics_of(voice: LibraryVoice, data: Path) -> Mnemonics:
    """Read the table of a voice from the library's data folder. Raises OSError, KeyError on foreign data."""
    description = (data / "lang" / voice.file).read_text(encoding="utf-8")
    language = _LANGUAGE_LINE.search(description)
    named = _PHONEMES_LINE.search(description)
    names = [match.group(1) for match in (named, language) if match]
    tables = _tables((data / "phontab").read_bytes())
    for name in [*names, *(name.partition("-")[0] for name in names)]:
        if name in tables:
            return Mnemonics(name, tables[name])
    raise KeyError(f"no phoneme table for {voice.file}")


def _tables(content: bytes) -> dict[str, frozenset[str]]:
    """Every table of 'phontab': a count, then per table its size, the number of the table it builds on, name, rows."""
    by_code: list[dict[int, tuple[str, int]]] = []
    names: list[str] = []
    at = 4
    for _ in range(content[0]):
        rows, builds_on = content[at], content[at + 1]
        name = content[at + 4 : at + 4 + _TABLE_NAME_BYTES].partition(b"\0")[0].decode()
        at += 4 + _TABLE_NAME_BYTES
        table = dict(by_code[builds_on - 1]) if builds_on else {}
        for _ in range(rows):
            mnemonic, _flags, _program, code, kind = _ENTRY.unpack_from(content, at)
            table[code] = (mnemonic.to_bytes(4, "little").rstrip(b"\0").decode("latin-1"), kind)
            at += _ENTRY.size
        by_code.append(table)
        names.append(name)
    return {
        name: frozenset(mnemonic for mnemonic, kind in table.values() if mnemonic and kind != _INVALID_TYPE)
        for name, table in zip(names, by_code, strict=True)
    }


def mnemonic_script(body: str, style: Style, mnemonics: Mnemonics) -> Script:
    """Read a body of markup 'phonemes'. Raises InvalidRequest with every problem.

    Without any '[[' the whole body is mnemonics, words between spaces. With '[[...]]' only what stands between the
    brackets is, and the rest is plain text, whose punctuation makes clauses.
    """
    script = Script()
    problems: list[Problem] = []
    within = replace(style, reading="mnemonics")
    if OPEN not in body and CLOSE not in body:
        problems += mnemonics.problems(body, 0)
        script.say(body, 0, within)
    else:
        at = 0
        while at < len(body):
            opened = body.find(OPEN, at)
            text = body[at:] if opened < 0 else body[at:opened]
            if CLOSE in text:
                problems.append(_unpaired(CLOSE, at + text.index(CLOSE)))
            script.say(text, at, style)
            if opened < 0:
                break
            closed = body.find(CLOSE, opened)
            if closed < 0:
                problems.append(_unpaired(OPEN, opened))
                break
            inner = opened + len(OPEN)
            problems += mnemonics.problems(body[inner:closed], inner)
            script.say(body[inner:closed], inner, within)
            at = closed + len(CLOSE)
    if problems:
        raise InvalidRequest("The phonemes cannot be read.", problems=problems)
    return script


def _unpaired(bracket: str, at: int) -> Problem:
    other = CLOSE if bracket == OPEN else OPEN
    return Problem(FIELD, f"'{bracket}' at character {at + 1} has no '{other}'.", Fix(f"Add '{other}'."))
