"""Files on their way in: in one go, or piece by piece and gone on with after whatever broke off."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from hay_say_lab.domain.canonical import is_sha256, new_id
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import ClipMissing, Conflict, InvalidRequest, LabError, StorageFailed, TooLarge, UploadMissing
from hay_say_lab.service.quota import Quota
from hay_say_lab.storage.home import disk_refused, remove
from hay_say_lab.storage.objects import hash_file
from hay_say_lab.storage.partials import Partial, Partials

log = logging.getLogger(__name__)

LARGEST_UPLOAD_BYTES = 1 << 30
LARGEST_VOICE_BYTES = 16 << 30      # piece by piece
Kind = Literal["clip", "voice"]


@dataclass(frozen=True, slots=True)
class UploadOrder:
    """A file that will come: its size, its name, and its sha256 where that is known already.

    A 'voice' (weights, an archive) is no sound and is not inspected: `upload:ID` names it as the source of an import.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    bytes: int
    label: str = ""
    sha256: str | None = None
    kind: Kind = "clip"


class Incoming(abc.ABC):
    """What a call sends: `take` each chunk as it comes, `leave` when the call is over, whichever way it ended."""

    @abc.abstractmethod
    async def take(self, chunk: bytes) -> None: ...

    @abc.abstractmethod
    def leave(self) -> None: ...


class WholeFile(Incoming):
    """In one go: streamed aside, gone with its call."""

    def __init__(self, path: Path, owner: str, announced: int, quota: Quota) -> None:
        """Raises TooLarge, StorageFailed, Full."""
        self.path = path
        self.received = 0
        self._owner = owner
        self._reserved = announced
        self._quota = quota
        if announced > LARGEST_UPLOAD_BYTES:
            raise too_large()
        quota.reserve(owner, path.name, announced)

    async def take(self, chunk: bytes) -> None:
        """Raises TooLarge, StorageFailed; nothing is left behind then."""
        try:
            self._count(len(chunk))
            await asyncio.to_thread(self._append, chunk)
            self._quota.wrote(self._owner, self.path.name, self.received)
        except LabError:
            self.leave()
            raise
        except OSError as error:
            self.leave()
            raise disk_refused(error) from error

    def leave(self) -> None:
        remove(self.path)
        self._quota.release(self._owner, self.path.name)

    def _count(self, more: int) -> None:
        """What was not announced counts as it comes."""
        self.received += more
        if self.received > LARGEST_UPLOAD_BYTES:
            raise too_large()
        if self.received > self._reserved:
            self._quota.reserve(self._owner, self.path.name, self.received)
            self._reserved = self.received

    def _append(self, chunk: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(chunk)


class Continuation(Incoming):
    """The next bytes of a partial upload. Who goes on with it takes it over from a call that has broken off unseen."""

    def __init__(self, partial: Partial, uploads: Uploads) -> None:
        self.partial = partial
        self._uploads = uploads

    async def take(self, chunk: bytes) -> None:
        """Raises TooLarge beyond what was announced, Conflict where another call goes on with it, StorageFailed."""
        await self._uploads.append(self, chunk)

    def leave(self) -> None:
        self._uploads.left(self)


Keep = Callable[[str, Path, str, str], Awaitable[ClipFacts]]        # owner, file, sha256, label
Known = Callable[[str, str, str], Awaitable[ClipFacts]]             # owner, sha256, the newer label


class Uploads:
    """One per host. `keep` inspects and publishes a file; `known` gives a clip that its owner holds, or ClipMissing."""

    def __init__(self, partials: Partials, quota: Quota, scratch: Path, keep: Keep, known: Known) -> None:
        self._partials = partials
        self._quota = quota
        self._scratch = scratch
        self._keep = keep
        self._known = known
        self._working: dict[str, Continuation] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._counted: set[tuple[str, str]] = set()         # owner, id: what the quota knows of
        self._syncing: set[asyncio.Future[None]] = set()

    def sweep(self) -> None:
        """What an earlier host had taken counts again; what nobody went on with for a day goes."""
        present = [partial for partial in self._partials.all() if partial.clip is None]
        for owner, upload in self._counted - {(partial.owner, partial.id) for partial in present}:
            self._uncount(owner, upload)
        for partial in present:
            self._quota.restore(partial.owner, partial.id, partial.bytes, self._partials.received(partial))
            self._counted.add((partial.owner, partial.id))

    def whole(self, owner: str, announced: int) -> WholeFile:
        return WholeFile(self._scratch / f"upload-{new_id()}", owner, announced, self._quota)

    async def take(self, owner: str, file: WholeFile, label: str) -> ClipFacts:
        """A file that has come whole; nothing is left aside. Raises InvalidRequest, TooLarge, StorageFailed."""
        try:
            file.path.touch()
            return await self._keep(owner, file.path, await asyncio.to_thread(hash_file, file.path), label)
        except OSError as error:
            raise disk_refused(error) from error
        finally:
            file.leave()

    async def begin(self, owner: str, order: UploadOrder, label: str) -> tuple[Partial, ClipFacts | None]:
        """A new upload; the same one where its owner began one of the same content; its clip at once where they hold
        that already. Raises InvalidRequest, TooLarge, StorageFailed, Full."""
        _check(order)
        if order.sha256 is not None and order.kind == "clip":
            try:
                facts = await self._known(owner, order.sha256, label)
                return Partial("", owner, order.bytes, label, order.sha256, facts.sha256), facts
            except ClipMissing:
                pass
        self.sweep()
        for partial in self._partials.all():
            begun = (partial.owner, partial.sha256, partial.clip, partial.kind)
            if order.sha256 and begun == (owner, order.sha256, None, order.kind):
                return partial, None
        name = new_id()
        self._quota.reserve(owner, name, order.bytes)
        self._counted.add((owner, name))
        try:
            return self._partials.begin(Partial(name, owner, order.bytes, label, order.sha256, kind=order.kind)), None
        except StorageFailed:
            self._uncount(owner, name)
            raise

    def received(self, partial: Partial) -> int:
        return self._partials.received(partial)

    def get(self, owner: str, upload: str) -> Partial:
        """Raises UploadMissing."""
        return self._partials.get(owner, upload)

    def go_on(self, partial: Partial, offset: int) -> Continuation:
        """Raises Conflict where `offset` is not where it stands."""
        received = self._partials.received(partial)
        if offset != received:
            raise Conflict(
                f"The upload stands at byte {received}, not at {offset}.", field="Upload-Offset", fix=f"Go on at {received}."
            )
        working = self._working[partial.id] = Continuation(partial, self)
        return working

    async def append(self, working: Continuation, chunk: bytes) -> None:
        partial = working.partial
        async with self._lock(partial):
            self._check_working(working)
            received = self._partials.received(partial) + len(chunk)
            if received > partial.bytes:
                raise TooLarge(
                    f"More than the announced {partial.bytes} bytes were sent.", field="clip", fix="Begin it anew with its true size."
                )
            await asyncio.to_thread(self._partials.append, partial, chunk)
            self._quota.wrote(partial.owner, partial.id, received)

    def left(self, working: Continuation) -> None:
        """The call is over. What it brought is synced behind its back."""
        partial = working.partial
        if self._working.get(partial.id) is working:
            del self._working[partial.id]
            syncing = asyncio.ensure_future(asyncio.to_thread(self._partials.sync, partial))
            self._syncing.add(syncing)
            syncing.add_done_callback(self._synced)

    def _synced(self, syncing: asyncio.Future[None]) -> None:
        self._syncing.discard(syncing)
        if not syncing.cancelled() and (error := syncing.exception()) is not None:
            log.warning("an upload could not be synced: %s", error)

    async def finish(self, working: Continuation) -> ClipFacts | None:
        """The clip, once every byte has come; asked again, the same. None where some are still to come.

        Raises InvalidRequest for what is no sound or not what was announced: then the upload is over.
        """
        partial = working.partial
        async with self._lock(partial):
            partial = self._partials.get(partial.owner, partial.id)
            if partial.clip is not None:
                return await self._known(partial.owner, partial.clip, "")
            self._check_working(working)
            if partial.whole or self._partials.received(partial) < partial.bytes:
                return None
            try:
                if partial.kind == "voice":
                    self._partials.is_whole(partial, await self._checked(partial))
                    return None
                facts = await self._kept(partial)
            except (InvalidRequest, TooLarge):
                self._forget(partial)
                raise
            self._partials.became(partial, facts.sha256)
            self._uncount(partial.owner, partial.id)
            return facts

    async def cancel(self, partial: Partial) -> None:
        """Taken back: its bytes go, and count no more."""
        async with self._lock(partial):
            self._working.pop(partial.id, None)
            self._forget(partial)

    def voice(self, owner: str, upload: str) -> tuple[Path, str]:
        """The file and the name of a voice that has come whole. Raises UploadMissing, InvalidRequest."""
        partial = self._partials.get(owner, upload)
        if partial.kind != "voice" or not partial.whole:
            why = "has not come whole yet" if partial.kind == "voice" else "is a clip, no voice"
            raise InvalidRequest(f"The upload {why}.", field="source", fix="Send it with the kind 'voice', to its last byte.")
        return self._partials.part(partial), partial.label or partial.id

    def taken(self, owner: str, upload: str) -> None:
        """A voice was imported: its upload is not needed any more."""
        with contextlib.suppress(UploadMissing):
            self._forget(self._partials.get(owner, upload))

    async def _checked(self, partial: Partial) -> str:
        """The sha256 of all that came. Raises InvalidRequest where another was announced."""
        sha256 = await asyncio.to_thread(hash_file, self._partials.part(partial))
        if partial.sha256 not in (None, sha256):
            raise InvalidRequest(
                "What arrived is not what was announced: its sha256 is another.", field="sha256", fix="Send the file again."
            )
        return sha256

    async def _kept(self, partial: Partial) -> ClipFacts:
        sha256 = await self._checked(partial)
        return await self._keep(partial.owner, self._partials.part(partial), sha256, partial.label)

    def _forget(self, partial: Partial) -> None:
        self._partials.drop(partial)
        self._uncount(partial.owner, partial.id)

    def _uncount(self, owner: str, upload: str) -> None:
        self._counted.discard((owner, upload))
        self._locks.pop(upload, None)
        self._quota.release(owner, upload)

    def _check_working(self, working: Continuation) -> None:
        if self._working.get(working.partial.id) is not working:
            raise Conflict("Another call goes on with this upload.", field="upload", fix="Ask where it stands (HEAD).")

    def _lock(self, partial: Partial) -> asyncio.Lock:
        return self._locks.setdefault(partial.id, asyncio.Lock())


def too_large() -> TooLarge:
    return TooLarge(
        f"The file is larger than {LARGEST_UPLOAD_BYTES >> 20} MB.", field="clip", fix="Send a shorter part."
    )


def _check(order: UploadOrder) -> None:
    if order.bytes < 1:
        raise InvalidRequest("The file is empty.", field="bytes", fix="Choose a file that holds something.")
    if order.bytes > (LARGEST_UPLOAD_BYTES if order.kind == "clip" else LARGEST_VOICE_BYTES):
        raise too_large()
    if order.sha256 is not None and not is_sha256(order.sha256):
        raise InvalidRequest("That is no sha256.", field="sha256", fix="Give its 64 hex digits, or leave it out.")
