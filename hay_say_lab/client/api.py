"""Calls to the host's REST API: one method, which repeats a call that met a closed door or a dead host."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import threading
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hay_say_lab.client.hosting import Address, Hosting
from hay_say_lab.errors import HostClosing, HostLost, HostUnreachable, LabError, from_json

PREFIX = "/hay-say/v1"
SECONDS_TO_ANSWER = 60.0
SECONDS_TO_REPEAT = 60.0        # a host that dies is replaced within this


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Raises HostUnreachable where it is none: something else than a host answered."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise _stranger(self.status) from None


class Api:
    """Thread-safe: each thread keeps a connection of its own."""

    def __init__(self, hosting: Hosting) -> None:
        self.hosting = hosting
        self._address: Address | None = None
        self._threads = threading.local()

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, query=query).json()

    def post(self, path: str, document: Any = None, *, key: str | None = None, repeat: bool = True) -> Any:
        """`key` is the idempotency key. `repeat` False: a call that may have been heard is not made again."""
        headers = {**_caller(), **({"Idempotency-Key": key} if key else {})}
        body = None if document is None else json.dumps(document).encode()
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.call("POST", path, body=body, headers=headers, repeat=repeat).json()

    def put(self, path: str, document: Any, **query: Any) -> Any:
        """The same call twice is the same as once."""
        headers = {"Content-Type": "application/json"}
        return self.call("PUT", path, query=query, body=json.dumps(document).encode(), headers=headers).json()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = True,
        into: Path | None = None,
    ) -> Answer:
        """Raises the LabError that the host tells, HostUnreachable, or HostLost where `repeat` is False.

        A Path as body is streamed. `into`: the file that a good answer's content goes to; the answer holds none then.
        """
        given = {name: value for name, value in (query or {}).items() if value is not None}
        target = PREFIX + path + (f"?{urllib.parse.urlencode(given, doseq=True)}" if given else "")
        deadline = time.monotonic() + SECONDS_TO_REPEAT
        while True:
            try:
                return self._once(method, target, body, dict(headers or {}), repeat, into)
            except (HostClosing, ConnectionRefusedError) as closed:
                failure: Exception = closed             # nobody heard the call
            except (OSError, http.client.HTTPException) as broken:
                if not repeat:
                    raise HostLost(
                        "The host was lost while it answered.", field="host", fix="Look whether it happened, then call again."
                    ) from None
                failure = broken
            self._address = None
            if time.monotonic() > deadline:
                raise HostUnreachable(
                    f"The host does not answer ({type(failure).__name__}).", field="host", fix="See 'hay-say doctor'."
                ) from None
            time.sleep(0.05)

    def _once(
        self, method: str, target: str, body: bytes | Path | None, headers: dict[str, str], repeat: bool, into: Path | None
    ) -> Answer:
        address = self._address
        if address is None or not self.hosting.is_current(address):     # another may sit behind a dead host's port
            address = self._address = self.hosting.address()
        headers["Authorization"] = f"Bearer {address.token}"
        if not repeat:
            self._threads.connection = None     # a kept connection may be stale, and this call has one try
        connection = self._connection(address)
        base = urllib.parse.urlsplit(address.url).path.rstrip("/")      # of a host behind Jupyter or a proxy
        try:
            if isinstance(body, Path):
                headers["Content-Length"] = str(body.stat().st_size)
                with body.open("rb") as file:
                    connection.request(method, base + target, body=file, headers=headers)
                    response = connection.getresponse()
            else:
                connection.request(method, base + target, body=body, headers=headers)
                response = connection.getresponse()
            content = response.read() if into is None or response.status >= 300 else _kept(response, into)
        except (OSError, http.client.HTTPException):
            self._threads.connection = None
            raise
        if response.status >= 300:              # a host never redirects; a proxy's page for people would be no answer
            raise _error(response.status, content)
        return Answer(response.status, dict(response.getheaders()), content)

    def _connection(self, address: Address) -> http.client.HTTPConnection:
        """The thread's connection, kept open between calls to the same host."""
        kept = getattr(self._threads, "connection", None)
        if kept is not None and self._threads.url == address.url:
            return kept
        parts = urllib.parse.urlsplit(address.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=SECONDS_TO_ANSWER)
        self._threads.connection, self._threads.url = connection, address.url
        return connection


def _kept(response: http.client.HTTPResponse, into: Path) -> bytes:
    """Write an answer's content into a file. Raises HTTPException where it was cut off."""
    with into.open("wb") as file:
        shutil.copyfileobj(response, file, 1 << 20)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
    return b""


def _caller() -> dict[str, str]:
    """The caller's span as a header (W3C traceparent), where OpenTelemetry traces the caller already; it is not imported for it."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    span = trace.get_current_span().get_span_context()
    return {"traceparent": f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.trace_flags):02x}"} if span.is_valid else {}


def _error(status: int, content: bytes) -> LabError:
    try:
        return from_json(json.loads(content))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return _stranger(status)


def _stranger(status: int) -> HostUnreachable:
    return HostUnreachable(
        f"Something that is not a host answered with status {status}.", field="host", fix="Check HAY_SAY_URL."
    )
