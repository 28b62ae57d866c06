"""A text with all that shapes what a voice is given of it: the contract of its architecture and its language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import RequestText
from hay_say_lab.text.given import Given, given

ANY_TEXT = TextContract(markups=("plain",), longest_characters=2**31)


@dataclass(frozen=True, slots=True)
class SpokenText:
    """`language` is that of the text, else the voice's first one."""

    text: RequestText
    contract: TextContract
    language: str | None

    def given(self) -> Given:
        return given(self.text, self.contract, self.language)

    def as_json(self) -> dict[str, Any]:
        """What the worker needs to find out the same, and what names a kept result: a dictionary's name shapes nothing."""
        text = replace(self.text, dictionary=None)
        return {**text.as_json(), "contract": self.contract.as_json(), "spoken_language": self.language}


def spoken_text(text: RequestText, contract: TextContract | None, languages: Sequence[str]) -> SpokenText:
    """`languages` of the voice, best first. Where an architecture tells no contract, it reads plain text of any length."""
    return SpokenText(text, contract or ANY_TEXT, text.language or next(iter(languages), None))
