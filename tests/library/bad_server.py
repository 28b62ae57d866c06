"""A loopback server that plays every failure of a download, and a listener that nobody may reach."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["Call"], None]


class Call(BaseHTTPRequestHandler):
    """One request; acts answer it."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        stage: Stage = self.server.stage
        path = self.path.partition("?")[0]
        with stage.lock:
            number = sum(seen.path.partition("?")[0] == path for seen in stage.seen)
            stage.seen.append(Seen(self.path, {name.lower(): value for name, value in self.headers.items()}))
        acts = stage.acts.get(path) or [status(404)]
        try:
            acts[min(number, len(acts) - 1)](self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def head(self, code: int, length: int | None, **headers: str) -> None:
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Tests look at `seen`."""


@dataclass(frozen=True)
class Seen:
    path: str
    headers: dict[str, str]


@dataclass
class Stage:
    """`acts[path]`: the n-th request gets the n-th act, the last one again and again."""

    url: str
    acts: dict[str, list[Act]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def play(self, path: str, *acts: Act) -> str:
        """-> the URL."""
        self.acts[path] = list(acts)
        return self.url + path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.partition("?")[0] == path]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who breaks off is what is tested."""


@contextlib.contextmanager
def bad_server() -> Iterator[Stage]:
    server = Server(("127.0.0.1", 0), Call)
    stage = Stage(f"http://127.0.0.1:{server.server_address[1]}")
    server.stage = stage  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stage
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Canary:
    """A port on which nobody should ever call."""

    port: int
    calls: int = 0


@contextlib.contextmanager
def canary() -> Iterator[Canary]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        bird = Canary(listener.getsockname()[1])
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    listener.accept()[0].close()
                    bird.calls += 1

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield bird
        over.set()
        thread.join()


# The acts.


def good(content: bytes, etag: str = '"one"', **headers: str) -> Act:
    """As a server should: whole, or from where it is asked to go on, if it is the same version still."""

    def act(call: Call) -> None:
        wanted = call.headers.get("Range")
        if call.headers.get("If-Range", etag) != etag:
            wanted = None
        given = {"ETag": etag, **headers} if etag else headers
        if wanted is None:
            call.head(200, len(content), **given)
            call.wfile.write(content)
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-"))
        if first >= len(content):
            call.head(416, 0, Content_Range=f"bytes */{len(content)}")
            return
        call.head(206, len(content) - first, Content_Range=f"bytes {first}-{len(content) - 1}/{len(content)}", **given)
        call.wfile.write(content[first:])

    return act


def cut(content: bytes, at: int, etag: str = '"one"') -> Act:
    """Announces all and hangs up after `at` bytes."""

    def act(call: Call) -> None:
        call.head(200, len(content), ETag=etag)
        call.wfile.write(content[:at])
        call.hang_up()

    return act


def wrong_range(content: bytes, first: int) -> Act:
    """A part, but not the one that was asked for."""

    def act(call: Call) -> None:
        if "Range" not in call.headers:
            good(content)(call)
            return
        part = content[first:]
        call.head(206, len(part), ETag='"one"', Content_Range=f"bytes {first}-{len(content) - 1}/{len(content)}")
        call.wfile.write(part)

    return act


def status(code: int, **headers: str) -> Act:
    def act(call: Call) -> None:
        call.head(code, 5, **headers)
        call.wfile.write(b"sorry")

    return act


def to(url: str) -> Act:
    def act(call: Call) -> None:
        call.head(302, 0, Location=url)

    return act


def drip(content: bytes, seconds_between: float) -> Act:
    def act(call: Call) -> None:
        call.head(200, len(content))
        for number in range(len(content)):
            call.wfile.write(content[number : number + 1])
            call.wfile.flush()
            time.sleep(seconds_between)

    return act


def silent(seconds: float, content: bytes = b"", begin: int = 0) -> Act:
    """Sends the beginning, and then nothing."""

    def act(call: Call) -> None:
        if begin:
            call.head(200, len(content), ETag='"one"')
            call.wfile.write(content[:begin])
            call.wfile.flush()
        time.sleep(seconds)
        call.hang_up()

    return act


def longer(content: bytes, more: bytes) -> Act:
    """Chunked, with more than there should be."""

    def act(call: Call) -> None:
        call.head(200, None, Transfer_Encoding="chunked")
        for block in (content, more):
            call.wfile.write(f"{len(block):x}\r\n".encode() + block + b"\r\n")
        call.wfile.write(b"0\r\n\r\n")

    return act


def endless(block: bytes) -> Act:
    def act(call: Call) -> None:
        call.head(200, None, Transfer_Encoding="chunked")
        while True:
            call.wfile.write(f"{len(block):x}\r\n".encode() + block + b"\r\n")

    return act


def packed(content: bytes) -> Act:
    def act(call: Call) -> None:
        body = gzip.compress(content)
        call.head(200, len(body), Content_Encoding="gzip")
        call.wfile.write(body)

    return act


def as_page(content: bytes, kind: str = "text/html; charset=utf-8") -> Act:
    def act(call: Call) -> None:
        call.head(200, len(content), Content_Type=kind)
        call.wfile.write(content)

    return act


def garbage(content: bytes) -> Act:
    """No HTTP at all."""

    def act(call: Call) -> None:
        call.wfile.write(content)
        call.hang_up()

    return act
