"""The progress panel: where a job is, what it waits for, and the way to stop it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, TypedDict, Unpack

import traitlets

from hay_say_lab.domain.job import State
from hay_say_lab.errors import LabError
from hay_say_lab.widgets.bundle import bundle
from hay_say_lab.widgets.chunks import error_message
from hay_say_lab.widgets.panel import Panel

_log = logging.getLogger(__name__)


class Change(TypedDict, total=False):
    """What `Progress.update` takes; what is left out stays as it is."""

    job: str
    title: str
    state: str
    stage: str
    fraction: float | None
    message: str
    lane: str
    position: int
    waiting: str
    warnings: list[str]


class Progress(Panel):
    """Show one job on its way. All traits are written by Python; the browser sends {"kind": "cancel"} only."""

    _esm = bundle("progress")

    job = traitlets.Unicode().tag(sync=True)                    # written by Python: the job's id
    title = traitlets.Unicode().tag(sync=True)                  # written by Python
    state = traitlets.Enum([state.value for state in State], State.QUEUED.value).tag(sync=True)  # written by Python
    stage = traitlets.Unicode().tag(sync=True)                  # written by Python: what is being done, for people
    fraction = traitlets.Float(allow_none=True, default_value=None).tag(sync=True)  # written by Python: 0..1 or None
    message = traitlets.Unicode().tag(sync=True)                # written by Python: the worker's last word
    lane = traitlets.Unicode().tag(sync=True)                   # written by Python
    position = traitlets.Int().tag(sync=True)                   # written by Python: place in the lane, 1 = next; 0 = none
    waiting = traitlets.Unicode().tag(sync=True)                # written by Python: why admission keeps it waiting
    warnings = traitlets.List(traitlets.Unicode()).tag(sync=True)   # written by Python: what is other than asked for

    def __init__(self, cancel: Callable[[], object], **change: Unpack[Change]) -> None:
        """`cancel` is called on a thread of its own when a person presses Cancel; its LabError is shown."""
        self._cancel = cancel
        super().__init__(**change)

    def update(self, **change: Unpack[Change]) -> None:
        """Write several traits as one message; raises TypeError for a name that is none of them."""
        unknown = change.keys() - Change.__annotations__.keys()
        if unknown:
            raise TypeError(f"Progress has no {', '.join(sorted(unknown))}.")
        with self.hold_sync():
            for name, value in change.items():
                setattr(self, name, value)

    def _hear(self, _widget: Any, message: object, _buffers: object) -> None:
        if isinstance(message, dict) and message.get("kind") == "cancel":
            threading.Thread(target=self._do_cancel, name="hay-say-cancel", daemon=True).start()

    def _do_cancel(self) -> None:
        try:
            self._cancel()
        except LabError as error:
            _log.warning("Cancelling %s failed: %s", self.job, error)
            self.send({"kind": "error", **error_message(error)})
