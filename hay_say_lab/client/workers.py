"""The workers of a lab: who is warm, what they hold, and keeping or ending one."""

from __future__ import annotations

from typing import Any

from hay_say_lab.client.api import Api


class WorkerBoard:
    """`lab.workers.all()`, `lab.workers.pin(3)`, `lab.workers.eject(3)`. Asked anew each time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def all(self) -> dict[str, Any]:
        """The workers with their voices and memory, and the devices with their budgets."""
        return dict(self._api.get("/workers"))

    def pin(self, worker: int) -> dict[str, Any]:
        """Keep a worker warm. Operators only. Raises Forbidden, NotFound."""
        return dict(self._api.post(f"/workers/{worker}/pin", {}))

    def unpin(self, worker: int) -> dict[str, Any]:
        """Let a pinned worker go when that is best. Operators only. Raises Forbidden, NotFound."""
        return dict(self._api.post(f"/workers/{worker}/unpin", {}))

    def eject(self, worker: int) -> dict[str, Any]:
        """End an idle worker now. Operators only. Raises Forbidden, NotFound, Conflict where it is at work."""
        return dict(self._api.post(f"/workers/{worker}/eject", {}))
