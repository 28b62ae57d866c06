"""One GET to another machine, under the address rules: each redirect is checked anew, tokens stay at their own host.

`http.client` alone: nothing here reads proxies, cookies or logins from the environment.
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from urllib.parse import urljoin

from hay_say_lab import __version__
from hay_say_lab.errors import FetchFailed, FetchStopped, Offline, WrongContent
from hay_say_lab.library.addresses import Address, Resolver, Rules, refused, resolve_name
from hay_say_lab.library.patience import Broken

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 6
BLOCK_BYTES = 1 << 18
SECONDS_TO_CONNECT = 15.0
SECONDS_TO_ANSWER = 60.0            # with status and headers
SECONDS_OF_SILENCE = 30.0           # in the middle of a body
LARGEST_DOCUMENT_BYTES = 32 << 20
SECONDS_BETWEEN_LOOKS = 0.2         # whether somebody has stopped it

_NEXT = re.compile(r'<([^>]{1,4000})>\s*;\s*rel="?next\b')
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Part:
    """A Content-Range: the first byte, the last one, and the whole file's size where the server tells it."""

    first: int | None
    last: int | None
    total: int | None


@dataclass(slots=True)
class Answer:
    """Status and headers; the body is read block by block. `url` is where the redirects ended."""

    status: int
    headers: http.client.HTTPMessage
    url: str
    _response: http.client.HTTPResponse
    _watch: _Watch

    @property
    def announced_bytes(self) -> int | None:
        text = self.headers.get("Content-Length", "").strip()
        return int(text) if text.isdecimal() and len(text) < 19 else None

    @property
    def part(self) -> Part | None:
        found = _RANGE.fullmatch(self.headers.get("Content-Range", "").strip())
        if found is None:
            return None
        first, last, total = (int(text) if text and text != "*" else None for text in found.groups())
        return Part(first, last, total)

    @property
    def retry_after_seconds(self) -> float | None:
        """As a number of seconds or as a date; None where there is none, or it is neither."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text[:9])
        try:
            return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            return None

    def read(self) -> bytes:
        """What has come by now, at most a block; b'' at the end. Raises Broken, FetchStopped."""
        try:
            content = self._response.read1(BLOCK_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:   # ValueError: a chunk's length that is none
            self._watch.check()
            raise Broken(f"The line broke ({type(error).__name__}).") from None
        self._watch.check()
        return content

    def whole(self, most_bytes: int) -> bytes:
        """A body that fits into memory. Raises WrongContent over the cap, and as `read`."""
        content = bytearray()
        while block := self.read():
            content += block
            if len(content) > most_bytes:
                raise WrongContent(f"The answer is larger than {most_bytes >> 10} kB.", field="source", fix="Check the address.")
        if (announced := self.announced_bytes) is not None and len(content) < announced:
            raise Broken("The line broke.")
        return bytes(content)


@dataclass(frozen=True, slots=True)
class Web:
    """Whom to call and how. `tokens`: origin -> secret, sent to that origin alone. `offline`: nobody."""

    rules: Rules = field(default_factory=Rules)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    offline: bool = False
    resolve: Resolver = resolve_name
    silence_seconds: float = SECONDS_OF_SILENCE

    @contextlib.contextmanager
    def get(self, url: str, stop: threading.Event, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """The answer behind all redirects, whatever its status.

        Raises Offline, AddressRefused, FetchFailed, Broken (worth another try), FetchStopped.
        """
        if self.offline:
            raise Offline(
                "Nothing is fetched here: the host works offline.",
                field="source",
                fix="Import from a file or folder, or unset HAY_SAY_OFFLINE and HF_HUB_OFFLINE.",
            )
        for _ in range(MOST_REDIRECTS + 1):
            address = self.rules.check(url, self.resolve)
            with _asked(address, self._headers(address, headers or {}), stop, self.silence_seconds, url) as answer:
                onward = answer.headers.get("Location") if answer.status in REDIRECTS else None
                if onward is None:
                    yield answer
                    return
            url = _onward(url, onward)
        raise FetchFailed(
            f"The address leads on and on (more than {MOST_REDIRECTS} redirects).", field="source", fix="Check the address."
        )

    def document(self, url: str, stop: threading.Event, most_bytes: int = LARGEST_DOCUMENT_BYTES) -> tuple[Any, str | None]:
        """A JSON document, and the address of the next page of it. Raises as `get`, and FetchFailed for another status, WrongContent for what is no JSON."""
        with self.get(url, stop, {"Accept": "application/json"}) as answer:
            check_status(answer)
            content = answer.whole(most_bytes)
            onward = _NEXT.search(answer.headers.get("Link", ""))
            following = _onward(answer.url, onward[1]) if onward else None
        try:
            return json.loads(content), following
        except (ValueError, RecursionError):
            raise WrongContent("What came is no JSON document.", field="source", fix="Check the address.") from None

    def _headers(self, address: Address, more: Mapping[str, str]) -> dict[str, str]:
        own = {"User-Agent": f"hay-say-lab/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
        token = self.tokens.get(address.origin)
        return own | dict(more) | ({"Authorization": f"Bearer {token}"} if token else {})


def check_status(answer: Answer) -> None:
    """Raises Broken for what may be otherwise soon, FetchFailed for what will not be."""
    status = answer.status
    if status in (200, 206):
        return
    if status in (401, 403):
        raise FetchFailed(
            f"The server gives the file to nobody, or only after a login (status {status}).",
            field="source",
            fix="Accept the terms on the model's page and set HF_TOKEN, or fetch it by hand and import the file.",
        )
    if status in (404, 410):
        raise FetchFailed("There is no such file any more (or never was).", field="source", fix="Check the address.")
    if status in (408, 425, 429) or status >= 500:
        raise Broken(f"The server answered with status {status}.", retry_after_seconds=answer.retry_after_seconds)
    raise FetchFailed(f"The server answered with status {status}.", field="source", fix="Check the address.")


def _onward(url: str, location: str) -> str:
    """Where a redirect leads. Raises AddressRefused where it leaves encryption behind."""
    try:
        onward = urljoin(url, location)
    except ValueError:
        raise refused("The address leads on to something that is none.", "Check it.") from None
    if url.startswith("https:") and not onward.startswith("https:"):
        raise refused("The address leads on to one without encryption.", "Give the https address that it leads to.")
    return onward


@contextlib.contextmanager
def _asked(address: Address, headers: dict[str, str], stop: threading.Event, silence: float, url: str) -> Iterator[Answer]:
    connection = _Pinned(address)
    with _Watch(stop, connection) as watch:
        try:
            connection.request("GET", address.target, headers=headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            watch.check()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise FetchFailed(
                    f"'{address.host}' cannot prove that it is that host.", field="source", fix="Check the address."
                ) from None
            raise Broken(f"'{address.host}' does not answer ({type(error).__name__}).") from None
        watch.answered()
        try:
            if connection.sock is not None:
                connection.sock.settimeout(silence)
            yield Answer(response.status, response.headers, url, response, watch)
        finally:
            response.close()
            connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to the addresses that were checked, whatever the name means by now; TLS is held to the name."""

    def __init__(self, address: Address) -> None:
        super().__init__(address.host, address.port, timeout=SECONDS_TO_CONNECT)
        self.default_port = {"https": 443, "http": 80}[address.scheme]      # so that Host names no usual port
        self._address = address

    def connect(self) -> None:
        failure: OSError = OSError("no address")
        for ip in self._address.ips:
            try:
                sock = socket.create_connection((ip, self._address.port), SECONDS_TO_CONNECT)
            except OSError as error:
                failure = error
                continue
            if self._address.scheme == "https":
                try:
                    sock = _tls().wrap_socket(sock, server_hostname=self._address.host)
                except OSError:
                    sock.close()
                    raise
            self.sock = sock
            return
        raise failure


class _Watch:
    """Breaks a connection off when somebody stops the fetch, or where the answer's head does not come."""

    def __init__(self, stop: threading.Event, connection: http.client.HTTPConnection) -> None:
        self._stop = stop
        self._connection = connection
        self._answer_by = time.monotonic() + SECONDS_TO_ANSWER
        self._over = False
        self._thread = threading.Thread(target=self._look, name="fetch-watch", daemon=True)

    def __enter__(self) -> Self:
        self.check()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True

    def answered(self) -> None:
        self._answer_by = math.inf

    def check(self) -> None:
        if self._stop.is_set():
            raise FetchStopped("The fetch was stopped.")

    def _look(self) -> None:
        while not self._over:
            if self._stop.wait(SECONDS_BETWEEN_LOOKS) or time.monotonic() > self._answer_by:
                sock = self._connection.sock
                if sock is not None and not self._over:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                if self._stop.is_set():
                    time.sleep(SECONDS_BETWEEN_LOOKS)       # it may connect yet: look again


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
