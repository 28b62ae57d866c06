"""The two ways a call goes to the host: kept whole and repeated where a host dies, or streamed through once."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass

from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError

from hay_say_lab.client.hosting import Address
from hay_say_lab.errors import HostLost, HostUnreachable, TooLarge
from hay_say_lab.server import passage
from hay_say_lab.server.exchange import Exchange, NotHeard
from hay_say_lab.server.finder import HostFinder
from hay_say_lab.server.relay import Listener, Relay

LARGEST_KEPT_BYTES = 4 << 20        # of a body that is kept
LARGEST_STREAMED_BYTES = 1 << 30    # of an upload
SECONDS_TO_REPEAT = 60.0            # a host that dies is replaced within this
SECONDS_TO_REACH_REMOTE = 3.0       # a host that somebody else runs is not ours to replace
SECONDS_BETWEEN_TRIES = 0.05        # doubled from try to try
LONGEST_PAUSE_SECONDS = 0.5
SECONDS_TO_TAKE = 60.0              # a host that takes nothing of an upload for so long is stuck
# Supervision is no client: it starts no host.
LOOKING = frozenset({f"{passage.PREFIX}/health", f"{passage.PREFIX}/ready"})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is asked of the host: `path` without the query, `target` with it."""

    method: str
    path: str
    target: str
    headers: HTTPHeaders


def body_too_large() -> TooLarge:
    return TooLarge(f"The body is larger than {LARGEST_KEPT_BYTES >> 20} MB.", field="body", fix="Send less at once.")


class Call(ABC):
    """`take` the body piece by piece, then `perform`. `abandon`: nobody waits for the answer any more."""

    def __init__(self, outgoing: Outgoing, finder: HostFinder, listener: Listener) -> None:
        self._outgoing = outgoing
        self._finder = finder
        self._listener = listener
        self._exchange: Exchange | None = None
        self.abandoned = False

    @abstractmethod
    async def take(self, chunk: bytes) -> None:
        """A piece of the body, in order."""

    @abstractmethod
    async def perform(self) -> bool:
        """Whether the answer was passed on to its end. Raises LabError where there is none to pass on."""

    def abandon(self) -> None:
        self.abandoned = True
        if self._exchange is not None:
            self._exchange.close()


class KeptCall(Call):
    """A call with a small body, or none."""

    def __init__(self, outgoing: Outgoing, finder: HostFinder, listener: Listener) -> None:
        super().__init__(outgoing, finder, listener)
        self._body = bytearray()
        self._too_large = False

    async def take(self, chunk: bytes) -> None:
        """What is too large is read to its end all the same, so that the refusal is heard."""
        self._too_large |= len(self._body) + len(chunk) > LARGEST_KEPT_BYTES
        if self._too_large:
            self._body.clear()
        else:
            self._body += chunk

    async def perform(self) -> bool:
        """Again and again where a host closed its door or died, and calling again does nothing twice.

        Raises TooLarge, HostUnreachable, HostLost.
        """
        if self._too_large:
            raise body_too_large()
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        pause = SECONDS_BETWEEN_TRIES
        while True:
            looking = self._outgoing.path in LOOKING
            address = await (self._finder.present() if looking else self._finder.address())
            if deadline is None:
                deadline = loop.time() + (SECONDS_TO_REPEAT if address.host_id else SECONDS_TO_REACH_REMOTE)
            try:
                return await self._try(address)
            except NotHeard as unheard:
                self._finder.lost(address)
                if self.abandoned:
                    return False
                if loop.time() > deadline:
                    raise HostUnreachable(
                        f"The host does not answer: {unheard}.", field="host", fix="See 'hay-say doctor'."
                    ) from None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _try(self, address: Address) -> bool:
        """Raises NotHeard where the call can be made again, HostLost where it cannot."""
        relay = Relay(self._listener)
        relay.may_begin.set()
        exchange = self._exchange = await Exchange.open(address)
        if self.abandoned:                  # while a host was being started, say
            exchange.close()
            return False
        try:
            await self._send(exchange)
            await exchange.read(relay)
        except StreamClosedError:
            exchange.close()
        if relay.complete and not self.abandoned:
            await relay.conclude()
            return True
        if relay.begun or self.abandoned:
            return False
        self._finder.lost(address)
        if not passage.may_be_repeated(self._outgoing.method, self._outgoing.path):
            raise HostLost(
                "The host was lost while it answered.", field="host", fix="Look whether it happened, then call again."
            )
        raise NotHeard("it ended while it answered")

    async def _send(self, exchange: Exchange) -> None:
        headers = self._outgoing.headers.copy()
        if self._body or self._outgoing.method not in ("GET", "HEAD"):
            headers["Content-Length"] = str(len(self._body))
        await exchange.begin(self._outgoing.method, self._outgoing.target, headers)
        if self._body:
            await exchange.send(bytes(self._body))
        exchange.end()


class StreamedCall(Call):
    """An upload: `open`, then every piece goes on as it comes, as fast as the host takes it."""

    _relay: Relay
    _reading: asyncio.Task[None]

    async def open(self, length: str | None) -> None:
        """Find a host with an open door and send the head. Raises TooLarge, HostUnreachable."""
        if length is not None and length.isdigit() and int(length) > LARGEST_STREAMED_BYTES:
            raise TooLarge(
                f"The body is larger than {LARGEST_STREAMED_BYTES >> 20} MB.", field="body", fix="Send a shorter part."
            )
        address = await self._finder.checked()
        try:
            self._exchange = await Exchange.open(address)
            headers = self._outgoing.headers.copy()
            if length is not None:
                headers["Content-Length"] = length
            await self._exchange.begin(self._outgoing.method, self._outgoing.target, headers)
        except (NotHeard, StreamClosedError):
            raise _closed() from None
        self._relay = Relay(self._listener)
        self._reading = asyncio.create_task(self._read(self._exchange))

    async def take(self, chunk: bytes) -> None:
        """Where the host has answered already, the rest is read and dropped, so that its answer is heard."""
        if self._exchange is None or self._relay.status or self._reading.done():
            return
        try:
            async with asyncio.timeout(SECONDS_TO_TAKE):
                await self._exchange.send(chunk)
        except TimeoutError:
            self._exchange.close()
        except StreamClosedError:
            await asyncio.wait({self._reading})

    def abandon(self) -> None:
        super().abandon()
        self._relay.may_begin.set()         # an early answer waits for nobody any more

    async def perform(self) -> bool:
        assert self._exchange is not None
        if not self._relay.status and not self._reading.done():
            self._exchange.end()
        self._relay.may_begin.set()
        await self._reading
        if self.abandoned:
            return False
        if self._relay.complete:
            try:
                await self._relay.conclude()
            except NotHeard:
                raise _closed() from None
            return True
        if self._relay.begun:
            return False
        raise _closed()

    async def _read(self, exchange: Exchange) -> None:
        try:
            await exchange.read(self._relay)
        except StreamClosedError:
            exchange.close()


def _closed() -> HostUnreachable:
    """An upload that did not arrive has done nothing: it is safe to send it again."""
    return HostUnreachable("The host closed while the file was on its way.", field="host", fix="Send it again.")
