"""The lanes of a lab: how many jobs wait in each, and stopping one for a while."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hay_say_lab.client.api import Api


class LaneBoard:
    """`lab.lanes.all()`, `lab.lanes.pause("batch")`, `lab.lanes.resume("batch")`. Asked anew each time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def all(self) -> dict[str, Any]:
        """The lanes with their weights, pauses and counts, and how many jobs leave a minute."""
        return dict(self._api.get("/lanes"))

    def pause(self, lane: str) -> dict[str, Any]:
        """Start nothing more of a lane; what runs goes on. Operators only. Raises Forbidden, NotFound."""
        return dict(self._api.post(f"/lanes/{quote(lane, safe='')}/pause", {}))

    def resume(self, lane: str) -> dict[str, Any]:
        """Let a paused lane go on. Operators only. Raises Forbidden, NotFound."""
        return dict(self._api.post(f"/lanes/{quote(lane, safe='')}/resume", {}))
