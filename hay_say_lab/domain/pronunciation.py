"""How to say words, as a person writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

FIELDS = ("word", "alias", "ipa", "language", "case")

Case = Literal["any", "exact"]
Format = Literal["hay-say-pronunciation/1"]

FORMAT: Format = "hay-say-pronunciation/1"


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How to say one word (or several in a row): as `alias`, which is text, or as `ipa`; at least one of them.

    With both, `alias` is for voices that do not take IPA. `language` (BCP 47) None: in every text; 'en' also in
    texts in 'en-GB'. `case` 'exact': 'Polish' is not 'polish'. What may stand in each, text/pronunciation.py knows.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    word: str
    alias: str | None = None
    ipa: str | None = None
    language: str | None = None
    case: Case = "any"

    def as_json(self) -> dict[str, str]:
        """Only what is said: fields that are None, and case 'any', are left out."""
        said = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in said.items() if value is not None and (name, value) != ("case", "any")}


@dataclass(frozen=True, slots=True)
class WordList:
    """A dictionary as it travels: `name` is what its makers call it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    entries: tuple[Pronunciation, ...]
    name: str = ""
    format: Format = FORMAT

    def as_json(self) -> dict[str, Any]:
        return {"format": self.format, "name": self.name, "entries": [entry.as_json() for entry in self.entries]}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> WordList:
        """Read what `as_json` wrote. Raises KeyError, TypeError for other documents."""
        return cls(tuple(Pronunciation(**entry) for entry in document["entries"]), document.get("name", ""))
