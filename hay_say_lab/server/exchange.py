"""One call to the host, on a connection of its own: streamed out, streamed back, nothing piled up in between."""

from __future__ import annotations

import socket
import ssl
import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Awaitable

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

from hay_say_lab.client.hosting import Address

SECONDS_TO_CONNECT = 5.0
SECONDS_TO_ANSWER = 900.0           # until the head of an answer: making a voice takes its time
BLOCK_BYTES = 1 << 18
LARGEST_ANSWER_BYTES = 1 << 40      # nothing is kept here, so nothing has to be bounded here


class NotHeard(Exception):
    """Nobody took the call: it can be made again, whatever it asks for."""


class Exchange:
    """Open, `begin`, `send` what there is to send, `end`, then `read`. `close` is always right."""

    def __init__(self, stream: IOStream, address: Address) -> None:
        parts = urllib.parse.urlsplit(address.url)
        self._address = address
        self._named = parts.netloc.rpartition("@")[2]
        self._base = parts.path.rstrip("/")
        self._connection = HTTP1Connection(
            stream,
            is_client=True,
            params=HTTP1ConnectionParameters(
                no_keep_alive=True,
                chunk_size=BLOCK_BYTES,
                header_timeout=SECONDS_TO_ANSWER,
                max_body_size=LARGEST_ANSWER_BYTES,
            ),
        )

    @classmethod
    async def open(cls, address: Address) -> Exchange:
        """Raises NotHeard where nobody listens."""
        parts = urllib.parse.urlsplit(address.url)
        context = ssl.create_default_context() if parts.scheme == "https" else None
        try:
            port = parts.port or (443 if context else 80)
            stream = await _connected(parts.hostname or "", port, context)
        except (OSError, ValueError, StreamClosedError) as error:       # a TimeoutError is an OSError
            raise NotHeard(type(error).__name__) from error
        return cls(stream, address)

    async def begin(self, method: str, target: str, headers: HTTPHeaders) -> None:
        """Send the head. `headers` without Content-Length: the body comes in chunks. Raises StreamClosedError."""
        sent = headers.copy()
        sent["Host"] = self._named
        sent["Authorization"] = f"Bearer {self._address.token}"
        sent["Connection"] = "close"
        await self._connection.write_headers(RequestStartLine(method, self._base + target, "HTTP/1.1"), sent)

    async def send(self, chunk: bytes) -> None:
        """Returns once the host's side took it. Raises StreamClosedError."""
        await self._connection.write(chunk)

    def end(self) -> None:
        """The request is complete."""
        self._connection.finish()

    async def read(self, delegate: Answer) -> None:
        """Hand the answer to the delegate, block by block, at the pace that it takes. Raises StreamClosedError."""
        try:
            await self._connection.read_response(delegate)
        finally:
            self.close()

    def close(self) -> None:
        self._connection.close()


class Answer(HTTPMessageDelegate, ABC):
    """What becomes of an answer. `status` is 0 until its head is there."""

    def __init__(self) -> None:
        self.status = 0
        self.complete = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, ResponseStartLine)
        if start_line.code < 200:
            return None
        self.status = start_line.code
        return self.head(start_line.code, headers)

    @abstractmethod
    def head(self, status: int, headers: HTTPHeaders) -> Awaitable[None] | None:
        """Status and headers are there."""

    def finish(self) -> None:
        self.complete = True


async def _connected(name: str, port: int, context: ssl.SSLContext | None) -> IOStream:
    """A connection; on loopback without asking a resolver, whose thread costs more than the rest of the call."""
    if context is None and name == "127.0.0.1":
        stream = IOStream(socket.socket(socket.AF_INET))
        return await stream.connect((name, port))
    return await TCPClient().connect(name, port, ssl_options=context, timeout=SECONDS_TO_CONNECT)
