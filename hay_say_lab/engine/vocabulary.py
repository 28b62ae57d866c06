"""The pronunciations of a request: looked up by name before it is judged, and only those that its text needs are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.domain.control import pointer
from hay_say_lab.domain.request import LONGEST_TEXT, Request, RequestText
from hay_say_lab.engine.casting import Casting, Resolved
from hay_say_lab.engine.spoken_text import spoken_text
from hay_say_lab.errors import Fix, InvalidRequest, LabError, Problem
from hay_say_lab.registry.dictionaries import Dictionaries
from hay_say_lab.text.pronunciation import Entry, pronunciations

LONG_TEXT = 20_000                      # characters: reading more of them takes long enough to be felt by others
LARGEST_EXCERPT_BYTES = 128 << 10       # as canonical JSON: it travels with every claim of the stage, beside the text


class Vocabulary:
    """Reads dictionaries; changes none."""

    def __init__(self, casting: Casting, dictionaries: Dictionaries) -> None:
        self._casting = casting
        self._dictionaries = dictionaries

    async def considered(self, owner: str, request: Request) -> None:
        """Read a long text in a thread: what is found is remembered (`text.given`), so that judging it holds nobody up."""
        if request.text is not None and len(request.text.body) > LONG_TEXT:
            await asyncio.to_thread(self._read, owner, request)

    def _read(self, owner: str, request: Request) -> None:
        spelled, _ = self.spelled(owner, request)
        speaking = self._speaking(spelled)
        if spelled.text is not None and speaking is not None and len(spelled.text.body) <= LONGEST_TEXT:
            spoken_text(spelled.text, speaking.offer.text, speaking.voice.languages).given()

    def spelled(self, owner: str, request: Request) -> tuple[Request, list[Problem]]:
        """The request with the very pronunciations that count in its text, and the version of the dictionary named.

        Pronunciations that came with the request go before a dictionary, which then only says where they are from: so
        a recipe is replayed with what it was made with. Else the problems, and the request as it came.
        """
        text = request.text
        if text is None or (text.dictionary is None and text.pronunciations is None):
            return request, []
        try:
            text = self._checked(text) if text.pronunciations is not None else self._looked_up(owner, text)
        except LabError as refused:
            return request, list(refused.problems)
        text = self._excerpt(request, text)
        return request.evolve(text=text), list(_size_problems(text))

    def _looked_up(self, owner: str, text: RequestText) -> RequestText:
        """Raises DictionaryMissing, StorageFailed."""
        try:
            kept, version = self._dictionaries.find(owner, text.dictionary or "")
        except LabError as missing:
            problem = missing.problems[0]
            leave_out = Fix(problem.fix.label, ({"op": "remove", "path": pointer("text.dictionary")},))
            problems = [Problem("text.dictionary", problem.message, leave_out)]
            raise type(missing)(missing.message, problems=problems) from None
        entries = self._dictionaries.read(version.id).entries
        return replace(text, dictionary=f"{kept.name}@{version.id}", pronunciations=entries)

    @staticmethod
    def _checked(text: RequestText) -> RequestText:
        """Raises InvalidRequest with every problem."""
        try:
            dictionary = pronunciations(Entry.of(one) for one in text.pronunciations or ())
        except InvalidRequest as refused:
            problems = [
                Problem(f"text.pronunciations{one.field.removeprefix('entries')}", one.message, one.fix)
                for one in refused.problems
            ]
            raise InvalidRequest(refused.message, problems=problems) from None
        return replace(text, pronunciations=dictionary.entries)

    def _excerpt(self, request: Request, text: RequestText) -> RequestText:
        """Only what fits somewhere in the text: it does the same, and no recipe holds a whole dictionary."""
        speaking = self._speaking(request)
        if speaking is None or len(text.body) > LONGEST_TEXT:
            return replace(text, pronunciations=())
        used = spoken_text(text, speaking.offer.text, speaking.voice.languages).given().used
        return replace(text, pronunciations=pronunciations(used).entries)

    def _speaking(self, request: Request) -> Resolved | None:
        """Who speaks; None where nobody does, which preflight tells."""
        try:
            speaking = self._casting.resolved_step(request, 0) if request.steps else None
        except LabError:
            return None
        return speaking if speaking is not None and speaking.offer.text is not None else None


def _size_problems(text: RequestText) -> Iterator[Problem]:
    said = text.pronunciations or ()
    if len(canonical_json([one.as_json() for one in said])) > LARGEST_EXCERPT_BYTES:
        message = f"The text needs {len(said)} words of the dictionary, which is more than one request takes."
        yield Problem("text.body", message, Fix("Send the text in parts."))
