"""A host that somebody else runs: it writes down what reaches it and answers as it is told."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import Application, HTTPError, RequestHandler, stream_request_body

BLOCK = b"\0" * (1 << 18)
TOKEN = "the-hosts-own-token"


@dataclass(frozen=True)
class Told:
    """One answer. `cut`: close the connection after the body, whatever `length` said; `head` False: even before it."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    cut: bool = False
    head: bool = True
    length: bool = True


@dataclass
class Heard:
    method: str
    uri: str
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class Recorder:
    """`answers` are given in turn, then plain ones. While `reading` is clear, bodies are not read on."""

    def __init__(self, base: str = "") -> None:
        self.calls: list[Heard] = []
        self.answers: deque[Told] = deque()
        self.reading = asyncio.Event()
        self.reading.set()
        self.refusing = False               # at the head of a call, before its body
        self.blocks_sent = 0
        self.left = asyncio.Event()
        self._socket, self.port = bind_unused_port()
        self.url = f"http://127.0.0.1:{self.port}{base}"

    async def serve(self) -> None:
        self._server = HTTPServer(Application([(r".*", _Handler, {"recorder": self})]), max_body_size=1 << 30)
        self._server.add_socket(self._socket)

    async def stop(self) -> None:
        self._server.stop()
        self.reading.set()
        await self._server.close_all_connections()


@stream_request_body
class _Handler(RequestHandler):
    def initialize(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def prepare(self) -> None:
        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        self.heard = Heard(str(self.request.method), str(self.request.uri), headers)
        self.recorder.calls.append(self.heard)
        if self.recorder.refusing:
            raise HTTPError(415)

    async def data_received(self, chunk: bytes) -> None:
        await self.recorder.reading.wait()
        self.heard.body += chunk

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.recorder.left.set()

    async def _answer(self) -> None:
        told = self.recorder.answers.popleft() if self.recorder.answers else Told()
        if not told.head:
            self.request.connection.close()     # type: ignore[union-attr]
            self._finished = True
            return
        self.set_status(told.status)
        for name, value in told.headers.items():
            self.set_header(name, value)
        if self.request.path.endswith("/endless"):
            await self._endless()
        elif told.cut:
            if told.length:
                self.set_header("Content-Length", str(len(told.body) + 100))
            self.write(told.body)
            await self.flush()
            await asyncio.sleep(0.2)            # so that it is on its way to the browser
            self.request.connection.close()     # type: ignore[union-attr]
            self._finished = True
        else:
            self.finish(told.body if self.request.method != "HEAD" else None)

    async def _endless(self) -> None:
        try:
            while True:
                self.write(BLOCK)
                await self.flush()
                self.recorder.blocks_sent += 1
        except StreamClosedError:
            self._finished = True

    get = head = post = put = patch = delete = _answer


def closing() -> Told:
    """What a host says behind a closed door."""
    return Told(503, b'{"code": "host_closing", "message": "closing", "problems": [], "error_id": "", '
                     b'"retry": "safe", "retry_after_seconds": 0.2}')  # fmt: skip

