"""The tornado application: one handler per path, from the route table; no body is kept that is larger than a body may be."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerRequest, RequestStartLine, ResponseStartLine
from tornado.web import Application, RequestHandler, stream_request_body

from hay_say_lab.errors import TooLarge
from hay_say_lab.service.handler import LARGEST_JSON_BYTES, Access, LabHandler, Missing
from hay_say_lab.service.routes import ROUTES, Route, pattern
from hay_say_lab.service.surface import Surface

log = logging.getLogger(__name__)

# A body that is too large is read and thrown away, so that its refusal is heard; one that announces more than this is refused
# at once, and one that only turns out to be larger has its connection closed.
LARGEST_READ_BYTES = 64 << 20


class _LabApplication(Application):
    """Handlers that take JSON never hold more of a body than the refusal needs."""

    def get_handler_delegate(  # type: ignore[override]
        self, request: HTTPServerRequest, target_class: type[RequestHandler], *arguments: Any, **named: Any
    ) -> HTTPMessageDelegate:
        delegate = super().get_handler_delegate(request, target_class, *arguments, **named)
        if delegate.stream_request_body:
            return delegate
        if _announced_bytes(request) > LARGEST_READ_BYTES:
            return super().get_handler_delegate(request, Oversized, *arguments, **named)
        return _Sparing(delegate)


class _Sparing(HTTPMessageDelegate):
    """Passes a request on, of its body only as much as shows that it is too large."""

    def __init__(self, delegate: HTTPMessageDelegate) -> None:
        self._delegate = delegate
        self._left = LARGEST_JSON_BYTES + 1

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        kept, self._left = chunk[: self._left], max(0, self._left - len(chunk))
        return self._delegate.data_received(kept) if kept else None

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()


@stream_request_body
class Oversized(LabHandler):
    """Any route, where more is announced than is even thrown away."""

    def prepare(self) -> None:
        super().prepare()
        raise TooLarge(f"The body is larger than {LARGEST_JSON_BYTES >> 20} MB.", field="body", fix="Send less at once.")

    def data_received(self, chunk: bytes) -> None:
        """What came along with the head."""


def application(surface: Surface, access: Access) -> Application:
    """All routes behind one prefix; anything else is a typed 404."""
    paths: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = route
    rules: list[Any] = [
        (pattern(path), next(iter(verbs.values())).handler, {"surface": surface, "access": access, "routes": verbs})
        for path, verbs in paths.items()
    ]
    rules.append((r".*", Missing, {"surface": surface, "access": access, "routes": {}}))
    return _LabApplication(rules, compress_response=False, log_function=_log)


def _announced_bytes(request: HTTPServerRequest) -> int:
    text = request.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else 0


def _log(handler: RequestHandler) -> None:
    """One line a call: never a path or a query, which hold what people typed."""
    milliseconds = handler.request.request_time() * 1000
    verb, kind = handler.request.method, type(handler).__name__
    log.info("%s %s %d %.1f ms", verb, kind, handler.get_status(), milliseconds)
