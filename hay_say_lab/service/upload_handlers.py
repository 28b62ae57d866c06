"""Verbs that take a file: in one go, or piece by piece in the manner of the IETF's draft of resumable uploads.

What is refused is read to its end and thrown away: who is still sending would not hear the refusal.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.web import stream_request_body

from hay_say_lab.audio.inspection import label_of
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import Conflict, InvalidRequest, LabError, UnsupportedMedia
from hay_say_lab.service.handler import DIGITS, LabHandler
from hay_say_lab.service.uploads import LARGEST_UPLOAD_BYTES, Incoming, UploadOrder, WholeFile
from hay_say_lab.service.views import UploadView, clip_view
from hay_say_lab.storage.partials import Partial

SECONDS_OF_SILENCE = 60.0           # of a sender in the middle of a body, then the line is closed


@stream_request_body
class StreamedHandler(LabHandler):
    """A body that is streamed to disk; its caps are checked while it grows."""

    incoming: Incoming | None = None
    _refusal: LabError | None = None
    _silence: asyncio.TimerHandle | None = None

    def prepare(self) -> None:
        try:
            super().prepare()
            self.open()
        except LabError as refusal:
            if self.announced_bytes > LARGEST_UPLOAD_BYTES:
                raise                           # that much is not even thrown away
            self._refusal = refusal
        self.request.connection.set_max_body_size(LARGEST_UPLOAD_BYTES + (1 << 20))  # type: ignore[union-attr]
        self._wait_for_more()

    def open(self) -> None:
        """Set `incoming` for a verb that takes a body. Raises LabError."""
        raise NotImplementedError

    async def data_received(self, chunk: bytes) -> None:
        self._wait_for_more()
        if self._refusal is not None or self.incoming is None:
            return
        try:
            await self.incoming.take(chunk)
        except LabError as refusal:
            self._refusal = refusal

    def check(self) -> None:
        """The body has come: raises what stood in its way."""
        self._heard()
        if self._refusal is not None:
            raise self._refusal

    def check_kind(self) -> None:
        """Raises UnsupportedMedia for what pages can send to strangers without asking first."""
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not (kind.startswith(("audio/", "video/")) or kind == "application/octet-stream"):
            raise UnsupportedMedia(
                "This route takes the bytes of a sound file.",
                field="Content-Type",
                fix="Send 'audio/...' or 'application/octet-stream'.",
            )

    @property
    def announced_bytes(self) -> int:
        return int(self.request.headers.get("Content-Length") or 0)

    def _left(self) -> None:
        super()._left()
        self._heard()
        incoming, self.incoming = self.incoming, None
        if incoming is not None:
            incoming.leave()

    def _wait_for_more(self) -> None:
        self._heard()
        self._silence = asyncio.get_running_loop().call_later(SECONDS_OF_SILENCE, self._close)

    def _heard(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _close(self) -> None:
        """Nothing came for so long that nobody is there."""
        stream: Any = getattr(self.request.connection, "stream", None)
        if stream is not None:
            stream.close()


class ClipsHandler(StreamedHandler):
    """A file in one go."""

    def open(self) -> None:
        self.check_kind()
        self.incoming = self.surface.uploads.whole(self.owner, self.announced_bytes)

    async def post(self) -> None:
        self.check()
        if not isinstance(self.incoming, WholeFile):
            raise InvalidRequest("Nothing was sent.", field="clip", fix="Send a sound file.")
        label = label_of(self.get_query_argument("label", ""))
        facts = await self.surface.uploads.take(self.owner, self.incoming, label)
        self.reply(clip_view(facts, self.surface.measuring.known_report(facts.sha256)), 201)


class UploadsHandler(LabHandler):
    async def post(self) -> None:
        order = self.body_of(UploadOrder)
        partial, facts = await self.surface.uploads.begin(self.owner, order, label_of(order.label))
        tell(self, partial, self.surface.uploads.received(partial))
        self.reply(view_of(self, partial, facts), 200 if facts else 201)


class UploadHandler(StreamedHandler):
    """One upload under way. Every answer says where it stands."""

    _standing: Partial | None = None

    def open(self) -> None:
        taking = self.request.method == "PATCH"
        if self.announced_bytes and self.request.method not in ("GET", "HEAD"):
            self.check_kind()
            if not taking:
                raise UnsupportedMedia("This verb takes no body.", field="body", fix="Send none.")
        self._standing = self.surface.uploads.get(self.owner, str(self.path_args[0]))
        if not taking:
            return
        self.check_kind()
        offset = self.request.headers.get("Upload-Offset", "")
        if not DIGITS.fullmatch(offset):
            raise InvalidRequest(
                "'Upload-Offset' must be a whole number.", field="Upload-Offset", fix="Ask where the upload stands (HEAD)."
            )
        self.incoming = self.surface.uploads.go_on(self._standing, int(offset))

    async def get(self, upload: str) -> None:
        self.check()
        partial = self.surface.uploads.get(self.owner, upload)
        facts = await self.surface.clip(self.owner, partial.clip) if partial.clip else None
        self._answer(partial, facts)

    head = get

    async def patch(self, upload: str) -> None:
        self.check()
        facts = await self.surface.uploads.finish(self.incoming)  # type: ignore[arg-type]
        self._answer(self.surface.uploads.get(self.owner, upload), facts)

    async def delete(self, upload: str) -> None:
        self.check()
        partial = self.surface.uploads.get(self.owner, upload)
        told = view_of(self, partial, None)
        await self.surface.uploads.cancel(partial)
        self.reply(told)

    def write_error(self, status_code: int, **details: Any) -> None:
        """Who is refused hears where to go on: what came before the fault is kept."""
        if self._standing is not None and isinstance(details.get("exc_info", (None, None))[1], Conflict):
            tell(self, self._standing, self.surface.uploads.received(self._standing))
        super().write_error(status_code, **details)

    def _answer(self, partial: Partial, facts: ClipFacts | None) -> None:
        tell(self, partial, self.surface.uploads.received(partial))
        self.reply(view_of(self, partial, facts))


def tell(handler: LabHandler, partial: Partial, received: int) -> None:
    """The draft's headers."""
    handler.set_header("Upload-Offset", str(received))
    handler.set_header("Upload-Length", str(partial.bytes))
    handler.set_header("Upload-Complete", "?1" if partial.clip or partial.whole else "?0")


def view_of(handler: LabHandler, partial: Partial, facts: ClipFacts | None) -> UploadView:
    """Where it stands, with its clip once there is one."""
    surface = handler.surface
    return UploadView(
        id=partial.id or None,
        offset=surface.uploads.received(partial),
        bytes=partial.bytes,
        complete=facts is not None or partial.whole,
        clip=clip_view(facts, surface.measuring.known_report(facts.sha256)) if facts else None,
    )
