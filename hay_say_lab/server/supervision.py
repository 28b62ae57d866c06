"""Looking after the host that this Jupyter server uses: a crash with unfinished jobs is mended at once.

A host that ends because nobody needs it takes its host.json away, and nobody starts another until the next call.
A host that was killed leaves host.json behind, naming a process that is gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hay_say_lab.client.hosting import Hosting
from hay_say_lab.errors import HostUnreachable

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_OF_HEALTH = 30.0            # a host that lived so long before it crashed is replaced without delay
LONGEST_DELAY_SECONDS = 60.0
SECONDS_TO_STOP = 1.0


class Supervisor:
    """Watches from the first host on until `stop`; Jupyter's end never ends the host.

    `resume` starts a host if jobs are unfinished and raises HostUnreachable if none is.
    """

    def __init__(self, hosting: Hosting, resume: Callable[[], Awaitable[object]]) -> None:
        self._hosting = hosting
        self._resume = resume
        self._task: asyncio.Task[None] | None = None
        self._delay_seconds = 0.0

    @property
    def watching(self) -> bool:
        return self._task is not None and not self._task.done()

    def watch(self) -> None:
        """There is a host to look after."""
        if not self.watching:
            self._task = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Returns within SECONDS_TO_STOP."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=SECONDS_TO_STOP)

    async def _watch(self) -> None:
        """Look, and mend; what cannot be mended is tried again, ever more rarely."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            if not await asyncio.to_thread(self._hosting.crashed):
                continue
            await asyncio.sleep(self._delay(loop.time() - since))
            log.warning("the host crashed")
            try:
                await self._resume()
                log.info("the host was started again: jobs were unfinished")
            except HostUnreachable as refusal:
                log.info("the host was not started again: %s", refusal.message)
            since = loop.time()

    def _delay(self, lived_seconds: float) -> float:
        """Seconds to wait before the next start: doubled while hosts crash as soon as they are started."""
        if lived_seconds >= SECONDS_OF_HEALTH:
            self._delay_seconds = 0.0
            return 0.0
        delay = self._delay_seconds
        self._delay_seconds = min(LONGEST_DELAY_SECONDS, max(1.0, 2 * delay))
        return delay
