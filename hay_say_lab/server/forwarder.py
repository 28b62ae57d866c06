"""The one handler for every route: Jupyter's login, authorizer and XSRF in front, the host behind."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError

from hay_say_lab.errors import Forbidden, InvalidRequest, LabError, NotFound, TooLarge, Unauthorized
from hay_say_lab.server import passage
from hay_say_lab.server.calls import LARGEST_STREAMED_BYTES, Call, KeptCall, Outgoing, StreamedCall, body_too_large
from hay_say_lab.server.finder import HostFinder

log = logging.getLogger(__name__)

RESOURCE = "hay_say_lab"
ROUTE = rf"{passage.PREFIX}/.*"
_KEPT_KINDS = frozenset({"", "application/json"})


@web.stream_request_body
class Forwarder(ExtensionHandlerMixin, APIHandler):
    """Each verb carries its own pair of decorators, with the action named: `authorized` without one remembers the
    first action that it sees. OPTIONS is Jupyter's own: it tells what other origins may ask, and goes no further.
    """

    auth_resource = RESOURCE
    _call: Call | None = None

    def initialize(self, name: str, finder: HostFinder) -> None:
        super().initialize(name)
        self._finder = finder

    async def prepare(self) -> None:  # type: ignore[override]
        """Login, host name, origin and XSRF by Jupyter; an upload needs leave before its first byte goes on."""
        await super().prepare()
        if self._finished or self.request.method == "OPTIONS":
            return
        method = str(self.request.method)
        path = self.request.path.removeprefix(self.base_url.rstrip("/"))
        target = passage.target(path, self.request.query)
        outgoing = Outgoing(method, path, target, passage.to_host(method, path, self.request.headers))
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if method in ("GET", "HEAD") or kind in _KEPT_KINDS:
            self._bound_body()
            self._call = KeptCall(outgoing, self._finder, self)
        else:
            await self._open_upload(outgoing)  # type: ignore[misc]

    def _bound_body(self) -> None:
        """What is too large to be kept is read to its end all the same, up to here. Raises TooLarge where more is announced."""
        text = self.request.headers.get("Content-Length", "")
        if text.isdecimal() and int(text) > LARGEST_STREAMED_BYTES:
            raise body_too_large()
        self._connection.set_max_body_size(LARGEST_STREAMED_BYTES)

    @web.authenticated
    @authorized("write")
    async def _open_upload(self, outgoing: Outgoing) -> None:
        self._connection.set_max_body_size(LARGEST_STREAMED_BYTES + 1)
        call = StreamedCall(outgoing, self._finder, self)
        await call.open(self.request.headers.get("Content-Length"))
        self._call = call

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return None if self._call is None else self._call.take(chunk)

    @web.authenticated
    @authorized("read")
    async def get(self) -> None:
        await self._forward()

    @web.authenticated
    @authorized("read")
    async def head(self) -> None:
        await self._forward()

    @web.authenticated
    @authorized("write")
    async def post(self) -> None:
        await self._forward()

    @web.authenticated
    @authorized("write")
    async def put(self) -> None:
        await self._forward()

    @web.authenticated
    @authorized("write")
    async def patch(self) -> None:
        await self._forward()

    @web.authenticated
    @authorized("write")
    async def delete(self) -> None:
        await self._forward()

    async def _forward(self) -> None:
        assert self._call is not None
        complete = await self._call.perform()
        if not complete and not self._is_event_stream():
            self._connection.close()            # half an answer must not look like a whole one
        try:
            await self.finish()
        except StreamClosedError:
            self._call.abandon()

    # What the answer does.

    def begin(self, status: int, headers: HTTPHeaders) -> None:
        self.set_status(status)
        for name, value in passage.from_host(headers).get_all():
            self.set_header(name, value)
        if "Content-Security-Policy" in headers:
            self.add_header("Content-Security-Policy", headers["Content-Security-Policy"])  # both hold

    async def pass_on(self, chunk: bytes) -> None:
        """Waits for a slow reader, so that nothing piles up here."""
        try:
            self.write(chunk)
            await self.flush()
        except StreamClosedError:
            self.on_connection_close()

    def on_connection_close(self) -> None:
        """The browser has left: the host need not go on."""
        super().on_connection_close()
        if self._call is not None:
            self._call.abandon()

    def finish(self, *arguments: Any, **named: Any) -> Any:
        """Jupyter would call everything JSON."""
        kind = self._headers.get("Content-Type", "application/json")
        return super().finish(*arguments, **{"set_content_type": kind, **named})

    def compute_etag(self) -> str | None:
        return None                             # the host's

    def update_api_activity(self) -> None:
        """Looking at a list or listening to events keeps no server from being culled; asking for work does."""
        if self.request.method not in ("GET", "HEAD"):
            super().update_api_activity()

    # Errors: one shape, Jupyter's refusals too.

    def write_error(self, status_code: int, **details: Any) -> None:
        error = details.get("exc_info", (None, None, None))[1]
        known = error if isinstance(error, LabError) else _jupyters(status_code, error)
        self.set_status(known.status if isinstance(error, LabError) else status_code)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        if known.retry_after_seconds is not None:
            self.set_header("Retry-After", str(max(1, round(known.retry_after_seconds))))
        self.finish(known.as_json())

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, LabError):
            log.info("%s: %s", self.request.method, error.code)
        elif isinstance(error, web.HTTPError):
            super().log_exception(kind, error, trace)
        else:
            error.error_id = uuid.uuid4().hex
            log.error("error %s", error.error_id, exc_info=(kind, error, trace))

    def _is_event_stream(self) -> bool:
        """It may end anywhere: the browser goes on from the last event that it saw."""
        return self._headers.get("Content-Type", "").startswith("text/event-stream")

    @property
    def _connection(self) -> HTTP1Connection:
        return cast(HTTP1Connection, self.request.connection)


def _jupyters(status: int, error: BaseException | None) -> LabError:
    """A refusal of Jupyter's, in our words: it never says which of its checks refused."""
    if status == 401:
        return Unauthorized("Jupyter does not know you.", field="Authorization", fix="Log in to Jupyter.")
    if status == 403:
        return Forbidden("Jupyter does not allow this call.", field="Authorization", fix="Log in, or ask for the right.")
    if status == 404:
        return NotFound("There is no such route.", field="path", fix=f"See {passage.PREFIX}/openapi.json.")
    if status == 413:
        return TooLarge("The body is too large.", field="body", fix="Send less at once.")
    if status < 500:
        return InvalidRequest(f"Jupyter cannot take this call: {HTTPStatus(status).phrase}.")
    return LabError(
        "Something went wrong inside the Jupyter server extension.",
        error_id=str(getattr(error, "error_id", "")),
        field="server",
        fix="Look into Jupyter's log for the error id.",
    )
