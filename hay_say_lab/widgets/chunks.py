"""An export cut into pieces that a comm message carries well."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from hay_say_lab.errors import InvalidRequest, LabError
from hay_say_lab.widgets.source import FORMATS, Format

LARGEST_CHUNK_BYTES = 1 << 20

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a browser asks for: bytes of an export from `first` on. `id` comes back with the answer."""

    id: int
    format: Format
    first: int

    @classmethod
    def read(cls, message: object) -> Ask:
        """Read a message from a browser; raises InvalidRequest where it is not one of ours."""
        if not isinstance(message, dict) or message.get("kind") != "chunk":
            raise InvalidRequest("The player does not know this message.", field="kind", fix="Send kind 'chunk'.")
        id, format, first = message.get("id"), message.get("format"), message.get("from")
        if not _whole(id) or not _whole(first) or first < 0:
            raise InvalidRequest("'id' and 'from' are whole numbers.", field="from", fix="Start from byte 0.")
        if format not in FORMATS:
            raise InvalidRequest(
                f"There is no export as {str(format)[:20]!r}.", field="format", fix=f"One of: {', '.join(FORMATS)}."
            )
        return cls(id, format, first)


@dataclass(frozen=True, slots=True)
class Chunk:
    """At most LARGEST_CHUNK_BYTES of an export of `total` bytes, from byte `first`."""

    first: int
    total: int
    content: memoryview


class Cutter:
    """Serves one take's exports piece by piece, and lets each go once its last piece is cut.

    Not thread-safe: all cutting happens on the one thread of `BACKGROUND`.
    """

    def __init__(self, export: Callable[[Format], bytes]) -> None:
        self._export = export
        self._held: tuple[Format, bytes] | None = None

    def cut(self, ask: Ask) -> Chunk:
        """Raises what the export raises, and InvalidRequest for a place behind the end."""
        if self._held is None or self._held[0] != ask.format:
            self._held = ask.format, self._export(ask.format)
        whole = self._held[1]
        if ask.first > len(whole):
            raise InvalidRequest(
                f"The export ends at byte {len(whole)}; byte {ask.first} was asked for.",
                field="from",
                fix="Start from byte 0.",
            )
        content = memoryview(whole)[ask.first : ask.first + LARGEST_CHUNK_BYTES]
        if ask.first + len(content) == len(whole):
            self._held = None
        return Chunk(ask.first, len(whole), content)


class Background:
    """A few threads, started when first needed, for all that a comm handler must not wait for."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def do(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Queue `work`; panels are served in the order in which they asked."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(max_workers=self._threads, thread_name_prefix="hay-say-widgets")
            return self._pool.submit(work)


BACKGROUND = Background()
ASIDE = Background()            # for what takes longer than sound may wait


def error_message(error: BaseException) -> dict[str, str]:
    """An error as a panel shows it: a sentence and the way out."""
    if not isinstance(error, LabError):
        return {"message": "The kernel could not do this.", "fix": "The kernel's log says why."}
    fixes = [problem.fix.label for problem in error.problems if problem.fix.label]
    return {"message": error.message, "fix": " ".join(fixes)}


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
