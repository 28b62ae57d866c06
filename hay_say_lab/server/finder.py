"""Which host the extension talks to: found or started when somebody calls, remembered until it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hay_say_lab.client.hosting import Address, Hosting
from hay_say_lab.errors import HostUnreachable


class HostFinder:
    """Everything that blocks runs in a thread, one at a time: fifty calls at once start one host.

    `found` is told each address that is new.
    """

    def __init__(self, hosting: Hosting, found: Callable[[Address], None]) -> None:
        self._hosting = hosting
        self._found = found
        self._lock = asyncio.Lock()
        self._address: Address | None = None

    async def address(self) -> Address:
        """The host, started where there is none. Raises HostUnreachable."""
        async with self._lock:
            return self._address or self._remember(await asyncio.to_thread(self._hosting.address))

    async def checked(self) -> Address:
        """The same, with its door tried first: for a call that cannot be made twice. Raises HostUnreachable."""
        async with self._lock:
            return self._remember(await asyncio.to_thread(self._hosting.address))

    async def present(self) -> Address:
        """The host that runs now: who only looks starts none. Raises HostUnreachable."""
        address = self._address or await asyncio.to_thread(self._hosting.present)
        if address is None:
            raise HostUnreachable(
                "No host runs now; the next call that needs one starts it.", field="host", fix="Ask for something."
            )
        return self._remember(address)

    async def resumed(self) -> Address:
        """The host after a crash, started only if jobs are unfinished. Raises HostUnreachable."""
        async with self._lock:
            return self._remember(await asyncio.to_thread(lambda: self._hosting.address(resume=True)))

    def lost(self, address: Address) -> None:
        """It does not answer there any more."""
        if self._address == address:
            self._address = None

    def _remember(self, address: Address) -> Address:
        if address != self._address:
            self._address = address
            self._found(address)
        return address
