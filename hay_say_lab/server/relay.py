"""An answer on its way from the host to the browser, at the browser's pace."""

from __future__ import annotations

import asyncio
import json
from typing import Protocol

from tornado.httputil import HTTPHeaders

from hay_say_lab.errors import HostClosing, HostUnreachable
from hay_say_lab.server import passage
from hay_say_lab.server.exchange import Answer, NotHeard

LARGEST_HELD_BYTES = 1 << 16
# What the host says to us and not to the browser: a token it does not know, a door that it has closed.
FOR_US = frozenset({401, 503})


class Listener(Protocol):
    """Who gets the answer."""

    def begin(self, status: int, headers: HTTPHeaders) -> None:
        """Status and headers, as the host sent them."""

    async def pass_on(self, chunk: bytes) -> None:
        """A piece of the body; returns once the browser's side took it."""


class Relay(Answer):
    """Passes an answer on while it comes in. `may_begin` is set once the request's own body is read to its end."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self.may_begin = asyncio.Event()
        self.begun = False                  # something of it has reached the browser's side
        self._listener = listener
        self._headers = HTTPHeaders()
        self._held: bytearray | None = None

    async def head(self, status: int, headers: HTTPHeaders) -> None:
        await self.may_begin.wait()
        self._headers = headers
        if status in FOR_US or not passage.is_of_a_host(status, headers):
            self._held = bytearray()

    async def data_received(self, chunk: bytes) -> None:
        if self._held is not None:
            self._held += chunk[: LARGEST_HELD_BYTES - len(self._held)]
            return
        self._begin()
        await self._listener.pass_on(chunk)

    async def conclude(self) -> None:
        """The answer is complete. Raises NotHeard, or HostUnreachable where it is no host that answered."""
        if self._held is not None:
            self._judge(bytes(self._held))
            self._begin()
            await self._listener.pass_on(bytes(self._held))
        self._begin()

    def _begin(self) -> None:
        if not self.begun:
            self.begun = True
            self._listener.begin(self.status, self._headers)

    def _judge(self, held: bytes) -> None:
        """Returns for an answer that is for the browser after all."""
        if self.status == 401:
            raise NotHeard("it does not know the token that this server has for it")
        if not passage.is_of_a_host(self.status, self._headers):
            raise HostUnreachable(
                f"Something that is not a host answered with status {self.status}.",
                field="HAY_SAY_URL",
                fix="Check the address of the host.",
            )
        try:
            closing = json.loads(held).get("code") == HostClosing.code
        except (ValueError, AttributeError):
            closing = False
        if closing:
            raise NotHeard("it is closing")
