"""Pronunciation dictionaries over HTTP: each caller's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.pronunciation import WordList
from hay_say_lab.registry.dictionaries import Kept, Version
from hay_say_lab.service.handler import LabHandler
from hay_say_lab.storage.rows import now
from hay_say_lab.text.pronunciation import Entry, Pronunciations, pronunciations


@dataclass(frozen=True, slots=True)
class VersionView:
    """One state of a dictionary, by the sha256 of its content."""

    version: str
    entries: int
    at: str


@dataclass(frozen=True, slots=True)
class DictionarySummary:
    """A dictionary: its newest version, how many words that has, when it was written, and how many versions there are."""

    name: str
    version: str
    entries: int
    at: str
    versions: int


@dataclass(frozen=True, slots=True)
class DictionariesView:
    dictionaries: list[DictionarySummary]


@dataclass(frozen=True, slots=True)
class DictionaryView:
    """A version of a dictionary with its words; `versions` are all there are, the newest one last."""

    name: str
    version: str
    at: str
    document: dict[str, Any]
    versions: list[VersionView]


class DictionariesHandler(LabHandler):
    async def get(self) -> None:
        self.reply(DictionariesView([_summary(kept) for kept in self.surface.dictionaries.all(self.owner)]))


class DictionaryHandler(LabHandler):
    async def get(self, reference: str) -> None:
        kept, version = self.surface.dictionaries.find(self.owner, reference)
        words = await self.off_loop(self.surface.dictionaries.read, version.id)
        self.reply(_view(kept, version, words.as_json()))

    async def put(self, name: str) -> None:
        words = await self.off_loop(_checked, self.body_of(WordList))
        replaces = self.get_query_argument("replaces", None)
        kept = self.surface.dictionaries.put(self.owner, name, words, now(), replaces)
        self.reply(_view(kept, kept.newest, words.as_json()))

    async def delete(self, name: str) -> None:
        self.reply(_summary(self.surface.dictionaries.remove(self.owner, name)))


def _checked(words: WordList) -> Pronunciations:
    """Raises InvalidRequest with every problem."""
    return pronunciations((Entry.of(entry) for entry in words.entries), words.name)


def _summary(kept: Kept) -> DictionarySummary:
    newest = kept.newest
    return DictionarySummary(kept.name, newest.id, newest.entries, newest.at, len(kept.versions))


def _view(kept: Kept, version: Version, document: dict[str, Any]) -> DictionaryView:
    versions = [VersionView(one.id, one.entries, one.at) for one in kept.versions]
    return DictionaryView(kept.name, version.id, version.at, document, versions)
