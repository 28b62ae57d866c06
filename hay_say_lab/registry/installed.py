"""Things with files that are installed, those that lie in the trash, and those that leave when the last job lets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from tinydb import TinyDB

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.domain.voice import VoiceFile
from hay_say_lab.errors import Conflict, InvalidRequest, NotFound, StorageFailed
from hay_say_lab.registry.blocks import Blocks
from hay_say_lab.storage.weights import is_file_name


class Thing(Protocol):
    """A voice or an asset."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def files(self) -> dict[str, VoiceFile]: ...
    @property
    def imported_by(self) -> str: ...
    def as_json(self) -> dict[str, Any]: ...


T = TypeVar("T", bound=Thing)


@dataclass(frozen=True, slots=True)
class Trashed(Generic[T]):
    """What was removed, by whom and when (UTC, ISO 8601); `key` tells it from others that had the same id."""

    key: str
    thing: T
    by: str
    at: str

    def as_json(self) -> dict[str, Any]:
        return {"by": self.by, "at": self.at, "was": self.thing.as_json()}


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody has asked for a removal that waits for jobs."""

    by: str
    at: str

    def as_json(self) -> dict[str, str]:
        return {"by": self.by, "at": self.at}


class Installed(Generic[T]):
    """One index in memory over the documents of one registry file: a listing reads no file.

    `noun` is the table's name, its singular what people read; `read` makes a thing of its document and raises KeyError,
    TypeError, ValueError or AttributeError where it cannot; `missing` is the error of an id that is not there.
    """

    def __init__(
        self, documents: TinyDB, noun: str, read: Callable[[dict[str, Any]], T], missing: type[NotFound]
    ) -> None:
        self._blocks = Blocks(documents)
        self.noun = noun
        self._missing = missing
        self._read = read
        self._kept: dict[str, T] = {}
        self._trash: dict[str, Trashed[T]] = {}
        self._leaving: dict[str, Leaving] = {}
        for key, document in self._blocks.of(noun).items():
            with self._reading(document, key):
                thing = read(document)
                self._kept[thing.id] = thing
        for key, document in self._blocks.of("trash").items():
            with self._reading(None, key):
                self._trash[key] = Trashed(key, read(document["was"]), str(document["by"]), str(document["at"]))
        for key, document in self._blocks.of("leaving").items():
            with self._reading(document, key):
                self._leaving[key] = Leaving(str(document["by"]), str(document["at"]))

    def all(self) -> list[T]:
        """By id."""
        return [self._kept[name] for name in sorted(self._kept)]

    def get(self, name: str, field: str = "") -> T:
        """`field`: where it was asked for. Raises the NotFound of its kind."""
        try:
            return self._kept[name]
        except KeyError:
            raise self._missing(
                f"The {self.singular} '{name[:200]}' is not installed.",
                field=field or self.singular,
                fix=f"See 'hay-say {self.noun}' for those that are.",
            ) from None

    def has(self, name: str) -> bool:
        return name in self._kept

    def check(self, thing: T) -> None:
        """Raises InvalidRequest where its document could not be read again."""
        try:
            self._read(thing.as_json())
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InvalidRequest(
                f"The id or a file of '{thing.id[:80]}' has a name, a hash or a size that cannot be one.",
                field="name",
                fix="Use a-z, 0-9, '.', '_', '+', '-' in names.",
            ) from None

    def add(self, thing: T) -> None:
        """Raises Conflict where the id is taken."""
        self._check_free(thing.id)
        self._blocks.change((self.noun, thing.id, thing.as_json()))
        self._kept[thing.id] = thing

    def put(self, thing: T) -> None:
        """In the place of the one of the same id. Raises as `get`."""
        self.get(thing.id)
        self._blocks.change((self.noun, thing.id, thing.as_json()))
        self._kept[thing.id] = thing

    # On the way out, and back.

    def to_trash(self, name: str, by: str, at: str) -> Trashed[T]:
        """Raises as `get`."""
        thing = self.get(name)
        trashed = Trashed(f"{name}@{at}", thing, by, at)
        self._blocks.change(
            (self.noun, name, None), ("leaving", name, None), ("trash", trashed.key, trashed.as_json())
        )
        del self._kept[name]
        self._leaving.pop(name, None)
        self._trash[trashed.key] = trashed
        return trashed

    def in_trash(self, name: str) -> Trashed[T]:
        """The newest of that id. Raises the NotFound of its kind."""
        found = [trashed for trashed in self._trash.values() if trashed.thing.id == name]
        if not found:
            raise self._missing(
                f"The {self.singular} '{name[:200]}' is not in the trash.",
                field=self.singular,
                fix=f"See 'hay-say {self.noun} trash' for what is.",
            )
        return max(found, key=lambda trashed: (trashed.at, trashed.key))

    def from_trash(self, trashed: Trashed[T]) -> None:
        """Raises Conflict where another one has its id by now."""
        name = trashed.thing.id
        self._check_free(name)
        self._blocks.change(("trash", trashed.key, None), (self.noun, name, trashed.thing.as_json()))
        del self._trash[trashed.key]
        self._kept[name] = trashed.thing

    def trash(self) -> list[Trashed[T]]:
        """Longest removed first."""
        return sorted(self._trash.values(), key=lambda trashed: (trashed.at, trashed.key))

    def forget(self, trashed: list[Trashed[T]]) -> None:
        """They are not in the trash any more either, all at once."""
        self._blocks.change(*(("trash", one.key, None) for one in trashed))
        for one in trashed:
            del self._trash[one.key]

    def leave(self, name: str, leaving: Leaving | None) -> None:
        """It goes when the last job that uses it has ended; None: it stays after all. Raises as `get`."""
        self.get(name)
        self._blocks.change(("leaving", name, leaving.as_json() if leaving else None))
        if leaving is None:
            self._leaving.pop(name, None)
        else:
            self._leaving[name] = leaving

    def leaving(self) -> dict[str, Leaving]:
        return dict(self._leaving)

    def documents(self) -> list[T]:
        """All that name files: what is installed and what lies in the trash."""
        return [*self._kept.values(), *(trashed.thing for trashed in self.trash())]

    @property
    def singular(self) -> str:
        return self.noun.removesuffix("s")

    def _check_free(self, name: str) -> None:
        if name in self._kept:
            way_out = "Give it another name, or remove that one."
            raise Conflict(f"There is a {self.singular} '{name}' already.", field="name", fix=way_out)

    @contextmanager
    def _reading(self, document: Any, key: str) -> Iterator[None]:
        """What goes wrong inside is told as a damaged entry, by its name."""
        named = document.get("id") if isinstance(document, dict) else None
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError):
            raise StorageFailed(
                f"The registry's entry of the {self.singular} '{named or key}' is damaged.",
                field="registry",
                fix=f"Put {self.noun}.previous.json in the place of {self.noun}.json.",
            ) from None


def checked_files(files: dict[str, VoiceFile]) -> None:
    """Raises ValueError where a file's name, hash or size cannot be one: people edit and merge these documents."""
    names = [file.name.casefold() for file in files.values()]
    sound = all(is_file_name(f.name) and is_sha256(f.sha256) and type(f.bytes) is int and f.bytes >= 0 for f in files.values())
    if not sound or len(set(names)) < len(names):
        raise ValueError("files")
