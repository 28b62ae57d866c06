"""Opens a panel by its name: the package root hands this to the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hay_say_lab.client.api import Api
from hay_say_lab.client.follower import Follower
from hay_say_lab.widgets.bridge import Bridge
from hay_say_lab.widgets.compare import Compare
from hay_say_lab.widgets.generate import Generate
from hay_say_lab.widgets.queue import Queue

PANELS: Mapping[str, type[Bridge]] = {"compare": Compare, "generate": Generate, "queue": Queue}


def open_panel(panel: str, api: Api, follower: Follower, traits: dict[str, Any]) -> Bridge:
    return PANELS[panel](api, follower, **traits)
