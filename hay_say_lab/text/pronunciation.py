"""A pronunciation dictionary: words, and how to say them. A plain document that is named by its content."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.pronunciation import FIELDS, FORMAT, Case, Pronunciation
from hay_say_lab.errors import Fix, InvalidRequest, Problem
from hay_say_lab.text.ipa import ipa_fault
from hay_say_lab.text.words import tokens

MOST_ENTRIES = 20_000
LONGEST_WORD = 100          # characters
LONGEST_ALIAS = 500
LONGEST_NAME = 100
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Entry(Pronunciation):
    """A pronunciation that can be found in a text."""

    @property
    def key(self) -> tuple[str, ...]:
        """The word as it is compared: token by token, white space of any kind alike, marks composed (NFC)."""
        return word_key(self.word, self.case)

    @classmethod
    def of(cls, pronunciation: Pronunciation) -> Entry:
        return cls(**{name: getattr(pronunciation, name) for name in FIELDS})


@dataclass(frozen=True, slots=True)
class Pronunciations:
    """A dictionary. The order of its entries means nothing; make one with `pronunciations`, which checks them.

    A change makes another dictionary with another id: recipes name the one that was used.
    """

    name: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def id(self) -> str:
        """sha256 (64 hex digits) of the canonical JSON."""
        return content_id(self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT, "name": self.name, "entries": [entry.as_json() for entry in self.entries]}

    @classmethod
    def from_json(cls, document: Any) -> Pronunciations:
        """Read a document of anyone's. Raises InvalidRequest with every problem (the first MOST_PROBLEMS)."""
        problems: list[Problem] = []
        if not isinstance(document, Mapping) or document.get("format") != FORMAT:
            raise InvalidRequest(
                f"This is no pronunciation dictionary of the format '{FORMAT}'.", field="format", fix=f"Write '{FORMAT}'."
            )
        for name in document:
            if name not in ("format", "name", "entries"):
                problems.append(Problem(str(name)[:40], f"A dictionary has no '{str(name)[:40]}'.", Fix("Leave it out.")))
        label, rows = document.get("name", ""), document.get("entries", [])
        if not isinstance(label, str) or not isinstance(rows, list):
            problems.append(Problem("entries", "'name' is text and 'entries' is a list.", Fix("Write them so.")))
            rows = []
        if len(rows) > MOST_ENTRIES:
            problems.append(_too_many(len(rows)))
            rows = []
        entries: list[Entry] = []
        for number, row in enumerate(rows):
            fault = _row_fault(row)
            if fault is None:
                entries.append(Entry(**{name: value for name, value in row.items() if value is not None}))
            elif len(problems) < MOST_PROBLEMS:
                problems.append(Problem(f"entries.{number}", f"Entry {number + 1} {fault}.", Fix("Mend this entry.")))
        _raise_if(problems)
        return pronunciations(entries, label)

    def with_entry(self, entry: Entry) -> Pronunciations:
        """With one entry more; one for the same word, language and case is replaced."""
        return pronunciations([*self.without(entry).entries, entry], self.name)

    def without(self, entry: Entry) -> Pronunciations:
        """Without the entry for this word, language and case, whatever it says."""
        return replace(self, entries=tuple(other for other in self.entries if _identity(other) != _identity(entry)))


def pronunciations(entries: Iterable[Entry], name: str = "") -> Pronunciations:
    """A checked dictionary in its one order. Raises InvalidRequest with every problem (the first MOST_PROBLEMS)."""
    given = list(entries)
    problems: list[Problem] = []
    if len(name) > LONGEST_NAME:
        problems.append(Problem("name", f"The name has more than {LONGEST_NAME} characters.", Fix("Cut it.")))
    if len(given) > MOST_ENTRIES:
        problems.append(_too_many(len(given)))
        given = []
    seen: dict[tuple[tuple[str, ...], str, str], int] = {}
    for number, entry in enumerate(given):
        where, fault = f"entries.{number}", _fault(entry)
        first = seen.setdefault(_identity(entry), number) if fault is None else number
        if fault is None and first != number:
            fault = f"says '{entry.word}' again, as entry {first + 1} does"
        if fault is not None and len(problems) < MOST_PROBLEMS:
            problems.append(Problem(where, f"Entry {number + 1} {fault}.", Fix("Mend this entry, or leave it out.")))
    _raise_if(problems)
    return Pronunciations(name, tuple(sorted(given, key=_order)))


def word_key(text: str, case: Case) -> tuple[str, ...]:
    """Tokens of a word as they are compared; white space at the ends is left out."""
    return tuple(token_key(span.of(text), case) for span in tokens(text.strip()))


def token_key(token: str, case: Case) -> str:
    if token.isspace():
        return " "
    composed = unicodedata.normalize("NFC", token).replace("\u2019", "'")
    return unicodedata.normalize("NFC", composed.casefold()) if case == "any" else composed


def speaks(language: str | None, tag: str | None) -> bool:
    """Whether an entry for `tag` counts in a text in `language`: 'en' in 'en-GB', None everywhere."""
    if tag is None:
        return True
    asked, text = _subtags(tag), _subtags(language or "")
    return text[: len(asked)] == asked


def _subtags(tag: str) -> list[str]:
    return tag.lower().replace("_", "-").split("-")


def _identity(entry: Entry) -> tuple[tuple[str, ...], str, str]:
    return entry.key, (entry.language or "").lower(), entry.case


def _order(entry: Entry) -> tuple[Any, ...]:
    return _identity(entry)


def _row_fault(row: Any) -> str | None:
    if not isinstance(row, Mapping):
        return "is no object"
    unknown = sorted(str(name)[:40] for name in row if name not in FIELDS)
    if unknown:
        return f"has no field {unknown[0]!r}; fields are {', '.join(FIELDS)}"
    if not isinstance(row.get("word"), str):
        return "has no 'word'"
    wrong = [name for name in FIELDS if name in row and row[name] is not None and not isinstance(row[name], str)]
    return f"has a '{wrong[0]}' that is no text" if wrong else None


def _fault(entry: Entry) -> str | None:
    """What is wrong with an entry, as the end of a sentence."""
    named = f"('{entry.word[:40]}')"
    if not any(letter.isalnum() for letter in entry.word):
        return f"{named} has no word with a letter or a digit"
    if len(entry.word) > LONGEST_WORD:
        return f"{named} has a word of {len(entry.word)} characters; at most {LONGEST_WORD} are taken"
    if entry.alias is None and entry.ipa is None:
        return f"{named} says nothing; give it an alias or IPA"
    if entry.alias is not None and not entry.alias.strip():
        return f"{named} has an empty alias"
    if entry.alias is not None and len(entry.alias) > LONGEST_ALIAS:
        return f"{named} has an alias of {len(entry.alias)} characters; at most {LONGEST_ALIAS} are taken"
    if entry.ipa is not None and (fault := ipa_fault(entry.ipa)):
        return f"{named} has IPA that {fault}"
    if entry.case not in ("any", "exact"):
        return f"{named} has case '{entry.case[:40]}'; it is any or exact"
    if entry.language is not None and not _is_tag(entry.language):
        return f"{named} has language '{entry.language[:40]}', which is no tag such as en or en-GB"
    unreadable = [
        letter for letter in entry.word + (entry.alias or "") if unicodedata.category(letter) in ("Cc", "Cs")
    ]
    return f"{named} holds a character that nobody can speak (U+{ord(unreadable[0]):04X})" if unreadable else None


def _is_tag(language: str) -> bool:
    parts = language.split("-")
    first = parts[0]
    return 2 <= len(first) <= 8 and first.isalpha() and all(
        1 <= len(part) <= 8 and part.isascii() and part.isalnum() for part in parts
    )  # fmt: skip


def _too_many(count: int) -> Problem:
    return Problem("entries", f"There are {count} entries; at most {MOST_ENTRIES} are taken.", Fix("Leave some out."))


def _raise_if(problems: list[Problem]) -> None:
    if problems:
        raise InvalidRequest("The pronunciation dictionary cannot be used as it stands.", problems=problems)
