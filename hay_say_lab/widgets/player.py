"""The player: listen to one take in a notebook."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import Any

import traitlets

from hay_say_lab.errors import LabError
from hay_say_lab.widgets.bundle import bundle
from hay_say_lab.widgets.card import recipe_card
from hay_say_lab.widgets.chunks import ASIDE, BACKGROUND, Ask, Chunk, Cutter, error_message
from hay_say_lab.widgets.facts import ANSWERS, asked
from hay_say_lab.widgets.panel import Panel
from hay_say_lab.widgets.source import FORMATS, Source

_log = logging.getLogger(__name__)


class Player(Panel):
    """Listen to one take, look at it, see its recipe, save it.

    The traits are small and all written here, once; the browser reads them. Sound never lies in a trait, so no
    notebook saves it: the browser sends {"kind": "chunk", "id", "format", "from"} and gets the same with "total"
    and one buffer, or {"kind": "error", "id", "message", "fix"}. Facts are asked for alike: {"kind": "reports" or
    "pitch", "id"} gets the same with "document".
    """

    _esm = bundle("player")

    artifact = traitlets.Unicode().tag(sync=True)               # written by Python: sha256 of the clip
    title = traitlets.Unicode().tag(sync=True)                  # written by Python
    seconds = traitlets.Float().tag(sync=True)                  # written by Python; 0 where no picture told it
    sample_rate = traitlets.Int().tag(sync=True)                # written by Python; 0 where no picture told it
    picture = traitlets.Dict().tag(sync=True)                   # written by Python; empty where it could not be read
    timings: Any = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)    # written by Python
    recipe = traitlets.Dict().tag(sync=True)                    # written by Python: `recipe_card`
    formats = traitlets.List(traitlets.Unicode()).tag(sync=True)    # written by Python: what can be exported
    error = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)      # written by Python: message, fix

    def __init__(self, source: Source) -> None:
        """Reads the take's small documents; one that cannot be read is told in `error`, and the rest still shows."""
        self._cutter = Cutter(source.export)
        self._source = source
        super().__init__(artifact=source.artifact, title=source.title, formats=list(FORMATS))
        try:
            picture = source.picture()
            self.picture = picture
            self.seconds, self.sample_rate = picture.get("seconds", 0.0), picture.get("sample_rate", 0)
            self.timings = source.timings()
            self.recipe = recipe_card(source.recipe())
        except LabError as error:
            self.error = error_message(error)

    def _hear(self, _widget: Any, message: object, _buffers: object) -> None:
        try:
            if isinstance(message, dict) and message.get("kind") in ANSWERS:
                self._tell(*asked(message))
                return
            ask = Ask.read(message)
        except LabError as error:
            id = message.get("id") if isinstance(message, dict) else None
            self.send({"kind": "error", "id": id, **error_message(error)})
            return
        coming = BACKGROUND.do(lambda: self._cutter.cut(ask))
        coming.add_done_callback(lambda done: self._answer(ask, done))

    def _tell(self, id: int, kind: str) -> None:
        """Facts, on a thread of their own: sound never waits for them."""
        coming = ASIDE.do(lambda: ANSWERS[kind](self._source))
        coming.add_done_callback(lambda done: self._told(id, kind, done))

    def _told(self, id: int, kind: str, done: Future[dict[str, Any]]) -> None:
        error = done.exception()
        if error is None:
            self.send({"kind": kind, "id": id, "document": done.result()})
        else:
            self._failed(id, error)

    def _answer(self, ask: Ask, done: Future[Chunk]) -> None:
        error = done.exception()
        if error is None:
            chunk = done.result()
            self.send(
                {"kind": "chunk", "id": ask.id, "from": chunk.first, "total": chunk.total},
                buffers=[chunk.content],
            )
            return
        self._failed(ask.id, error)

    def _failed(self, id: int, error: BaseException) -> None:
        if not isinstance(error, LabError):
            _log.error("A question about %s failed.", self.artifact, exc_info=error)
        self.send({"kind": "error", "id": id, **error_message(error)})
