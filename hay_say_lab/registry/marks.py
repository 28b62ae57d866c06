"""What people note of voices for themselves: tags, and which are their favourites. Each owner's are their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tinydb import TinyDB, where

from hay_say_lab.errors import Conflict, InvalidRequest, StorageFailed

MOST_TAGS = 20                  # of one voice
LONGEST_TAG = 40                # characters
MOST_MARKED = 5000              # voices of one owner


@dataclass(frozen=True, slots=True)
class Mark:
    """One owner's tags on a voice, in their order, and whether it is a favourite."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    tags: tuple[str, ...] = ()
    favourite: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"tags": list(self.tags), "favourite": self.favourite}


NONE = Mark()


class Marks:
    """One index in memory over documents."""

    def __init__(self, documents: TinyDB) -> None:
        self._table = documents.table("marks")
        self._marks: dict[tuple[str, str], Mark] = {}
        for document in self._table.all():
            try:
                mark = Mark(tuple(document["tags"]), bool(document["favourite"]))
                self._marks[document["owner"], document["voice"]] = mark
            except (KeyError, TypeError):
                raise StorageFailed(
                    f"The registry's marks of the voice '{document.get('voice')}' are damaged.",
                    field="registry",
                    fix="Put marks.previous.json in the place of marks.json.",
                ) from None

    def get(self, owner: str, voice_id: str) -> Mark:
        return self._marks.get((owner, voice_id), NONE)

    def put(self, owner: str, voice_id: str, mark: Mark) -> Mark:
        """Make this all that an owner notes of a voice. Raises InvalidRequest, Conflict where there are too many."""
        tags = tuple(dict.fromkeys(" ".join(tag.split()) for tag in mark.tags))
        if len(tags) > MOST_TAGS or any(not (0 < len(tag) <= LONGEST_TAG and tag.isprintable()) for tag in tags):
            raise InvalidRequest(
                f"A voice has at most {MOST_TAGS} tags of 1 to {LONGEST_TAG} printable characters.",
                field="tags",
                fix="Shorten them.",
            )
        if (owner, voice_id) not in self._marks and sum(key[0] == owner for key in self._marks) >= MOST_MARKED:
            raise Conflict(f"You have marked {MOST_MARKED} voices.", field="voice", fix="Take some marks away first.")
        kept = Mark(tags, mark.favourite)
        here = (where("owner") == owner) & (where("voice") == voice_id)
        if kept == NONE:
            self._table.remove(here)
            self._marks.pop((owner, voice_id), None)
        else:
            self._table.upsert({"owner": owner, "voice": voice_id, **kept.as_json()}, here)
            self._marks[owner, voice_id] = kept
        return kept
