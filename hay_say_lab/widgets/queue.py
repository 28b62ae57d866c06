"""The queue panel: jobs, lanes, warm models and storage."""

from __future__ import annotations

from hay_say_lab.widgets.bridge import Bridge
from hay_say_lab.widgets.bundle import bundle


class Queue(Bridge):
    """It has no traits: all that it shows comes by calls and news."""

    _esm = bundle("queue")
