"""The pronunciation dictionaries of a lab: looked at like a mapping from name to what is kept under it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from hay_say_lab.client.api import Api
from hay_say_lab.domain.pronunciation import Case, Pronunciation, WordList
from hay_say_lab.errors import Conflict, DictionaryMissing, Fix, InvalidRequest, Problem

MOST_TRIES = 5          # to change one word while others change theirs


class DictionaryShelf(Mapping[str, dict[str, Any]]):
    """`lab.dictionaries["names"]`, `lab.dictionaries.say("names", "LA", alias="Los Angeles")`. Asked anew each time.

    Each change is a version of its own; `lab.dictionaries["names@3fa94c"]` is an older one.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def __repr__(self) -> str:
        return f"<{len(self)} dictionaries>"

    def __getitem__(self, reference: str) -> dict[str, Any]:
        """Raises DictionaryMissing (which is not a KeyError: it says what to do)."""
        return dict(self._api.get(_path(reference)))

    def __iter__(self) -> Iterator[str]:
        return iter([dictionary["name"] for dictionary in self.all()])

    def __len__(self) -> int:
        return len(self.all())

    def all(self) -> list[dict[str, Any]]:
        """Name, version, words and age of each."""
        return list(self._api.get("/dictionaries")["dictionaries"])

    def words(self, reference: str) -> tuple[Pronunciation, ...]:
        """What a dictionary says, in its order. Raises DictionaryMissing."""
        return WordList.from_json(self[reference]["document"]).entries

    def put(
        self, name: str, words: Mapping[str, str] | Iterable[Pronunciation] | WordList, *, replaces: str | None = None
    ) -> dict[str, Any]:
        """Make these all the words of a dictionary; {'LA': 'Los Angeles'} is short for aliases.

        `replaces`: the version that this was made from; Conflict where another one is the newest by now. Raises
        InvalidRequest with every problem.
        """
        if isinstance(words, Mapping):
            words = [Pronunciation(word, alias=alias) for word, alias in words.items()]
        listed = words if isinstance(words, WordList) else WordList(tuple(words), name)
        return dict(self._api.put(_path(name), listed.as_json(), replaces=replaces))

    def say(
        self,
        name: str,
        word: str,
        *,
        alias: str | None = None,
        ipa: str | None = None,
        language: str | None = None,
        case: Case = "any",
        new: bool = False,
    ) -> dict[str, Any]:
        """How to say one word from now on; the dictionary is made where there is none. `new`: Conflict where it says
        the word already. Raises InvalidRequest, Conflict."""
        entry = Pronunciation(word, alias, ipa, language, case)

        def with_entry(words: WordList) -> WordList:
            others = tuple(other for other in words.entries if not _same_word(other, entry))
            if new and len(others) < len(words.entries):
                raise Conflict(f"'{name}' says '{word}' already.", field="word", fix=f"hay-say dictionary set {name} ...")
            return WordList((*others, entry), words.name)

        return self._changed(name, with_entry, make=True)

    def forget(self, name: str, word: str, *, language: str | None = None, case: Case = "any") -> dict[str, Any]:
        """Take one word out. Raises DictionaryMissing, InvalidRequest where it does not say it."""
        gone = Pronunciation(word, "", None, language, case)

        def without_entry(words: WordList) -> WordList:
            others = tuple(other for other in words.entries if not _same_word(other, gone))
            if len(others) == len(words.entries):
                fix = Fix(f"See 'hay-say dictionary show {name}'; --language and --case belong to a word.")
                message = f"'{name}' does not say '{word}'."
                raise InvalidRequest(message, problems=[Problem("word", message, fix)])
            return WordList(others, words.name)

        return self._changed(name, without_entry, make=False)

    def remove(self, name: str) -> dict[str, Any]:
        """With all its versions; what was spoken with it can still be made again. Raises DictionaryMissing."""
        return dict(self._api.call("DELETE", _path(name), repeat=False).json())

    def _changed(self, name: str, change: Any, *, make: bool) -> dict[str, Any]:
        """Read, change, write; again where somebody else was faster."""
        for left in reversed(range(MOST_TRIES)):
            try:
                before = self[name]
            except DictionaryMissing:
                if not make:
                    raise
                before = None
            words = WordList.from_json(before["document"]) if before else WordList((), name)
            changed = change(words)
            try:
                return self.put(name, changed, replaces=before["version"] if before else None)
            except Conflict:
                if not left or before is None:
                    raise
        raise AssertionError("unreachable")


def _path(reference: str) -> str:
    return f"/dictionaries/{quote(reference, safe='')}"


def _same_word(one: Pronunciation, other: Pronunciation) -> bool:
    """Whether both are for one word, language and case; the host compares more exactly, and tells doubles."""
    return _key(one) == _key(other)


def _key(entry: Pronunciation) -> tuple[str, str, str]:
    word = unicodedata.normalize("NFC", " ".join(entry.word.split())).replace("\u2019", "'")
    return word.casefold() if entry.case == "any" else word, (entry.language or "").lower(), entry.case
