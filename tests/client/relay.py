"""A real HTTP server between a client and a host: it records every call, and fails in the ways that networks fail."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from hay_say_lab.client.hosting import Address
from hay_say_lab.errors import HostClosing

BASE = "/hub/user/ann"                  # as if Jupyter's base URL stood in front
TOKEN = "a token of the relay's own"

PASSED = ("Content-Type", "Idempotency-Key", "Traceparent", "Upload-Offset")

Mishap = Literal["closed door", "lost before", "lost behind", "page", "redirect", "unreadable", "busy", "forgotten"]


@dataclass
class Call:
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Relay:
    """`mishaps` are taken one by one, by the calls that they name: 'POST', or 'GET /events'."""

    host: Address | None = None
    calls: list[Call] = field(default_factory=list)
    mishaps: list[tuple[str, Mishap]] = field(default_factory=list)

    def __post_init__(self) -> None:
        relay = self

        class Handler(_Handler):
            pass

        Handler.relay = relay
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}{BASE}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def named(self, method: str, path: str) -> list[Call]:
        """Calls of a method whose path, without base, prefix and query, is this."""
        whole = f"{BASE}/hay-say/v1{path}"
        return [call for call in self.calls if call.method == method and call.path.partition("?")[0] == whole]


class _Handler(BaseHTTPRequestHandler):
    relay: Relay
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.relay.calls.append(Call(self.command, self.path, dict(self.headers)))
        mishap = self._mishap()
        match mishap:
            case "closed door":
                self._send(503, json.dumps(HostClosing("The host is closing.").as_json()).encode())
            case "lost before":
                self._hang_up()
            case "page":
                self._send(502, b"<html>Bad gateway</html>", "text/html")
            case "redirect":
                self._send(302, b"", "text/html", {"Location": "/login"})
            case "unreadable":
                self._send(200, b"{")
            case "forgotten":
                self._send(404, json.dumps({"code": "job_missing", "message": "There is no such job."}).encode())
            case "busy":
                self._send(429, json.dumps({"code": "full", "message": "Too many."}).encode())
            case _:
                status, content, kind = self._forward(body)
                if mishap == "lost behind":
                    self._hang_up()
                else:
                    self._send(status, content, kind)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = _answer

    def _mishap(self) -> Mishap | None:
        for index, (named, mishap) in enumerate(self.relay.mishaps):
            method, _, path = named.partition(" ")
            if method == self.command and self.path.startswith(f"{BASE}/hay-say/v1{path}"):
                del self.relay.mishaps[index]
                return mishap
        return None

    def _forward(self, body: bytes) -> tuple[int, bytes, str]:
        if self.relay.host is None or self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, b'{"code": "unauthorized", "message": "Who are you?"}', "application/json"
        address = urllib.parse.urlsplit(self.relay.host.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        passed = {name: self.headers[name] for name in PASSED if self.headers.get(name)}
        passed["Authorization"] = f"Bearer {self.relay.host.token}"
        connection.request(self.command, self.path.removeprefix(BASE), body=body or None, headers=passed)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content, answer.headers.get("Content-Type", "")

    def _send(self, status: int, content: bytes, kind: str = "application/json", more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nobody reads it."""
