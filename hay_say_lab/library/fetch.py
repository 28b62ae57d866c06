"""A file from another machine, whole and verified or not at all: resumed by range, retried, capped, from mirrors too."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from hay_say_lab.errors import AddressRefused, FetchFailed, FetchStopped, LabError, StorageFailed, WrongContent
from hay_say_lab.library.drive import LARGEST_PAGE_BYTES, confirmed
from hay_say_lab.library.impostors import HEAD_BYTES, check_head
from hay_say_lab.library.patience import Broken, Patience
from hay_say_lab.library.web import Answer, Web, check_status
from hay_say_lab.storage.home import disk_refused, sync_folder, write_atomically

MEGABYTE = 1 << 20
MOST_HASHED_BYTES = 1 << 20             # at a time

Progress = Callable[[int, int | None], None]        # bytes that lie here, bytes in all where that is known


@dataclass(frozen=True, slots=True)
class Item:
    """One file to fetch: where it lies (and lies too: `mirrors`), its name here, and what is known of it beforehand.

    `optional`: without it there is a voice still. `confirmed`: a page with a form may stand before it (Google Drive).
    """

    url: str
    name: str
    sha256: str = ""
    bytes: int | None = None
    mirrors: tuple[str, ...] = ()
    optional: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that lies here whole."""

    path: Path
    sha256: str
    bytes: int
    url: str = ""                       # from which of its addresses; '' where it lay here already


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take."""

    most_bytes: int = 64 << 30
    most_seconds: float = 12 * 3600.0
    slowest_bytes_per_second: float = 1024.0
    window_seconds: float = 60.0        # over which the rate is looked at
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches one file at a time in the calling thread; `stop` breaks it off within a second."""

    web: Web
    limits: Limits = Limits()

    def fetch(self, item: Item, into: Path, progress: Progress, stop: threading.Event) -> Fetched:
        """The file at `into`. A partial one lies at `<into>.part` and is gone on with by the next call.

        Raises FetchFailed (also AddressRefused, WrongContent, Offline), FetchStopped and StorageFailed. Where the disk refuses,
        and where what came is wrong, nothing is left behind; whoever stops it for good removes the folder.
        """
        try:
            if into.is_file():
                return self._present(item, into)
            return self._from_any(item, into, progress, stop)
        except OSError as error:
            _drop(into)
            raise disk_refused(error) from error
        except (StorageFailed, WrongContent):
            _drop(into)
            raise

    def _present(self, item: Item, into: Path) -> Fetched:
        hashed, size = _hash_of(into)
        found = Fetched(into, hashed.hexdigest(), size)
        if item.sha256 and found.sha256 != item.sha256:
            into.unlink()
            raise _wrong_hash(item)
        return found

    def document(self, url: str, stop: threading.Event) -> Any:
        """A JSON document, kept nowhere. Raises FetchFailed, FetchStopped."""
        return self.page(url, stop)[0]

    def page(self, url: str, stop: threading.Event) -> tuple[Any, str | None]:
        """The same, with the address of the next page where the answer names one."""
        return self.limits.patience.persist(lambda: self.web.document(url, stop), stop)

    def _from_any(self, item: Item, into: Path, progress: Progress, stop: threading.Event) -> Fetched:
        deadline = time.monotonic() + self.limits.most_seconds
        first: LabError | None = None
        for url in (item.url, *item.mirrors):
            try:
                return _Attempts(self, replace(item, url=url), into, progress, stop, deadline).run()
            except (FetchStopped, StorageFailed):
                raise
            except FetchFailed as failure:
                if isinstance(failure, WrongContent | AddressRefused):
                    _drop(into)
                first = first or failure
        assert first is not None
        raise first


@dataclass(slots=True)
class _Partial:
    """What lies here of a file, with the server's word for its version."""

    url: str = ""
    validator: str = ""                 # a strong ETag, or Last-Modified
    total: int | None = None


class _Attempts:
    """The tries at one address."""

    def __init__(
        self, fetcher: Fetcher, item: Item, into: Path, progress: Progress, stop: threading.Event, deadline: float
    ) -> None:
        self._web, self._limits = fetcher.web, fetcher.limits
        self._item, self._into, self._progress, self._stop = item, into, progress, stop
        self._part = into.with_name(f"{into.name}.part")
        self._note = into.with_name(f"{into.name}.part.json")
        self._deadline = deadline
        self._began_anew = False
        self._goes_on = False

    def run(self) -> Fetched:
        return self._limits.patience.persist(self._once, self._stop, self._lies_here)

    def _lies_here(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _once(self) -> Fetched:
        offset = self._lies_here()
        known = self._known() if offset else _Partial()
        if offset and not self._may_go_on(known):
            offset = 0
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and known.url == self._item.url and known.validator:
            headers["If-Range"] = known.validator
        url = self._behind_form() if self._item.confirmed else self._item.url
        with self._web.get(url, self._stop, headers) as answer:
            if answer.status == 416 and offset:
                part = answer.part
                if part is not None and part.total == offset:
                    self._goes_on = True
                    return self._finish(*_hash_of(self._part), known)
                self._start_anew("the server knows no such part")
            check_status(answer)
            if answer.status == 206:
                self._check_part(answer, offset)
            else:
                offset = 0
            self._goes_on = offset > 0
            self._check_coding(answer)
            return self._receive(answer, offset)

    def _behind_form(self) -> str:
        """Where the file lies that a page asks about first; the address itself where no page comes."""
        with self._web.get(self._item.url, self._stop) as answer:
            check_status(answer)
            if not answer.headers.get("Content-Type", "").startswith("text/html"):
                return self._item.url
            page = answer.whole(LARGEST_PAGE_BYTES).decode(errors="replace")
            url = confirmed(answer.url, page)
        if url is None:
            raise FetchFailed(
                f"A page stands before '{self._item.name}' that only a person can pass.",
                field="source",
                fix="Open the address in a browser, download the file, and import it from there.",
            )
        return url

    def _may_go_on(self, known: _Partial) -> bool:
        """The same version by the server's own word, or any version where the whole file's hash is known."""
        return bool(self._item.sha256) or (known.url == self._item.url and bool(known.validator))

    def _check_part(self, answer: Answer, offset: int) -> None:
        part = answer.part
        if not offset:
            raise FetchFailed("The server sent a part of the file that nobody asked for.", field="source", fix="Try again later.")
        if part is None or part.first != offset or (part.total is not None and part.total < offset):
            self._start_anew("the server sent another part than was asked for")

    def _start_anew(self, why: str) -> None:
        """Once; a server that does it again cannot be gone on with. Raises Broken, or FetchFailed."""
        _unlink(self._part, self._note)
        if self._began_anew:
            raise FetchFailed(f"The fetch cannot go on: {why}.", field="source", fix="Try again later, or another address.")
        self._began_anew = True
        raise Broken(f"It begins anew: {why}.", retry_after_seconds=0.0)

    def _check_coding(self, answer: Answer) -> None:
        coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            raise WrongContent(
                f"The server sent '{self._item.name}' packed as {coding[:20]} though it was asked for the file as it is.",
                field="source",
                fix="Fetch it by hand and import the file.",
            )

    def _receive(self, answer: Answer, offset: int) -> Fetched:
        total = self._total(answer, offset)
        if offset:
            hashed, _ = _hash_of(self._part)
        else:
            hashed = hashlib.sha256()
        note = _Partial(self._item.url, _validator(answer), total)
        write_atomically(self._note, json.dumps(asdict(note)).encode())
        with self._part.open("ab" if offset else "wb") as file:
            size = self._stream(answer, file, hashed, offset, total)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and size < total:
            raise Broken("The line broke.")
        return self._finish(hashed, size, note)

    def _total(self, answer: Answer, offset: int) -> int | None:
        """The whole file's size by the server; it must be what was announced, and within the cap."""
        if answer.status == 206 and answer.part is not None and answer.part.total is not None:
            total: int | None = answer.part.total
        else:
            announced = answer.announced_bytes
            total = None if announced is None else offset + announced
        expected = self._item.bytes
        if total is not None and expected is not None and total != expected:
            raise WrongContent(
                f"'{self._item.name}' has {total} bytes there; {expected} were announced.",
                field="source", fix="Check the address, or import what is there now without its old size.",
            )  # fmt: skip
        if total is not None and total > self._limits.most_bytes:
            raise self._too_large()
        return total if total is not None else expected

    def _stream(self, answer: Answer, file: IO[bytes], hashed: hashlib._Hash, offset: int, total: int | None) -> int:
        size, head = offset, b""
        checked = offset >= HEAD_BYTES
        if offset and not checked:
            with self._part.open("rb") as begun:
                head = begun.read(HEAD_BYTES)
        most = self._limits.most_bytes if total is None else min(total, self._limits.most_bytes)
        pace = _Pace(self._limits)
        while block := answer.read():
            size += len(block)
            if not checked:
                head += block[:HEAD_BYTES]
                check_head(head, self._item.name, answer.headers.get("Content-Type", ""))
                checked = len(head) >= HEAD_BYTES
            if size > most:
                raise self._too_large() if total is None else WrongContent(
                    f"More than the announced {total} bytes of '{self._item.name}' came.", field="source", fix="Try again later."
                )
            file.write(block)
            hashed.update(block)
            self._progress(size, total)
            now = time.monotonic()
            if now > self._deadline:
                file.flush()
                raise FetchFailed(
                    f"The fetch took longer than {self._limits.most_seconds / 3600:.0f} h.", field="source", fix="Try again; it goes on."
                )
            pace.check(now, size)
        return size

    def _too_large(self) -> WrongContent:
        return WrongContent(
            f"'{self._item.name}' is larger than {self._limits.most_bytes // MEGABYTE} MB, the most that one file may have.",
            field="source", fix="Check the address.",
        )  # fmt: skip

    def _finish(self, hashed: hashlib._Hash, size: int, known: _Partial) -> Fetched:
        sha256 = hashed.hexdigest()
        expected = self._item.bytes if self._item.bytes is not None else known.total
        wrong = bool(self._item.sha256) and sha256 != self._item.sha256
        if wrong or (expected is not None and size != expected):
            if self._goes_on and not self._began_anew:
                self._start_anew("what lay here was of another version")
            raise _wrong_hash(self._item) if wrong else WrongContent(
                f"'{self._item.name}' has {size} bytes; {expected} were announced.", field="source", fix="Try again later."
            )
        if size == 0:
            raise WrongContent(f"'{self._item.name}' came empty.", field="source", fix="Check the address.")
        os.chmod(self._part, 0o600)
        os.replace(self._part, self._into)
        _unlink(self._note)
        sync_folder(self._into.parent)
        return Fetched(self._into, sha256, size, self._item.url)

    def _known(self) -> _Partial:
        try:
            return _Partial(**json.loads(self._note.read_bytes()))
        except (OSError, ValueError, TypeError):
            return _Partial()


class _Pace:
    """How fast it comes, over a window: a line that drips is given up."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seen: deque[tuple[float, int]] = deque()

    def check(self, now: float, size: int) -> None:
        """Raises FetchFailed where a whole window brought too little."""
        window = self._limits.window_seconds
        if not self._seen or now - self._seen[-1][0] >= window / 20:
            self._seen.append((now, size))
        while len(self._seen) > 1 and now - self._seen[1][0] >= window:
            self._seen.popleft()
        since, then = self._seen[0]
        if now - since >= window and (size - then) / (now - since) < self._limits.slowest_bytes_per_second:
            raise FetchFailed(
                f"The file comes too slowly: {(size - then) / (now - since):.0f} bytes a second.",
                field="source", fix="Try again later, or another address; what came is kept.",
            )  # fmt: skip


def _validator(answer: Answer) -> str:
    """What If-Range may carry: a strong ETag, else the date of the last change."""
    etag = answer.headers.get("ETag", "").strip()
    if etag.startswith('"') and etag.endswith('"') and len(etag) < 300:
        return etag
    return answer.headers.get("Last-Modified", "").strip()[:64]


def _hash_of(path: Path) -> tuple[hashlib._Hash, int]:
    hashed, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(MOST_HASHED_BYTES):
            hashed.update(block)
            size += len(block)
    return hashed, size


def _wrong_hash(item: Item) -> WrongContent:
    return WrongContent(
        f"'{item.name}' is not the file that was announced: its sha256 is another.",
        field="source",
        fix="Whoever publishes it has changed it, or somebody on the way has. Check it, then import it with its new sha256.",
    )


def _unlink(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _drop(into: Path) -> None:
    _unlink(into.with_name(f"{into.name}.part"), into.with_name(f"{into.name}.part.json"))
