"""A panel whose browser side talks to the host: calls go through the kernel's own client, answers come back with their id.

So a panel works wherever its kernel does, also in a page with no Jupyter server beside it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from hay_say_lab.client.api import Api
from hay_say_lab.client.follower import Follower
from hay_say_lab.errors import InvalidRequest, LabError
from hay_say_lab.widgets.chunks import LARGEST_CHUNK_BYTES, Background
from hay_say_lab.widgets.panel import Panel

_log = logging.getLogger(__name__)

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
CALLS_AT_ONCE = 4
CALLS = Background(CALLS_AT_ONCE)

Answered = tuple[dict[str, Any], list[bytes]]


@dataclass(frozen=True, slots=True)
class Question:
    """A message from a browser: `id` comes back with the answer."""

    id: int
    kind: str
    content: Mapping[str, Any]
    buffers: list[Any]

    @classmethod
    def read(cls, message: object, buffers: object) -> Question:
        """Raises InvalidRequest where it is not one of ours."""
        if not isinstance(message, dict) or message.get("kind") not in _ANSWERS:
            raise InvalidRequest("The kernel does not know this message.", field="kind", fix=f"One of: {', '.join(_ANSWERS)}.")
        id = message.get("id")
        if not isinstance(id, int) or isinstance(id, bool):
            raise InvalidRequest("'id' is a whole number.", field="id", fix="Send one.")
        return cls(id, message["kind"], message, list(buffers) if isinstance(buffers, list) else [])

    def text(self, name: str) -> str:
        """Raises InvalidRequest."""
        value = self.content.get(name)
        if not isinstance(value, str):
            raise InvalidRequest(f"'{name}' is a text.", field=name, fix="Send it.")
        return value

    def path(self, name: str = "path") -> str:
        """A path behind the API's prefix. Raises InvalidRequest for one that leaves it."""
        value = self.text(name)
        climbs = any(part in (".", "..") for part in value.partition("?")[0].split("/"))
        if not value.startswith("/") or climbs or any(letter <= " " for letter in value):
            raise InvalidRequest(f"'{name}' is no path of the host's.", field=name, fix="See docs/rest.md.")
        return value

    def count(self, name: str) -> int:
        """Raises InvalidRequest."""
        value = self.content.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InvalidRequest(f"'{name}' is a whole number from 0.", field=name, fix="Start from 0.")
        return value


class Bridge(Panel):
    """A subclass brings `_esm` and its traits. The browser sends {"kind": "call", "id", "method", "path", "body"},
    {"kind": "fetch", "id", "path", "from"} (answered by chunks), {"kind": "append", "id", "upload", "offset"} with one
    buffer, {"kind": "follow"} and {"kind": "unfollow"}; what fails is answered by {"kind": "error", "id", "error"}.
    """

    def __init__(self, api: Api, follower: Follower, **traits: Any) -> None:
        self._api = api
        self._follower = follower
        self._views_that_follow = 0
        super().__init__(**traits)

    def close(self) -> None:
        self._follower.unlisten(self)
        super().close()

    # What the follower's thread tells.

    def news(self, events: list[dict[str, Any]], progress: Mapping[str, Any]) -> None:
        self.send({"kind": "news", "news": {"events": events, "progress": dict(progress)}})

    def connection(self, connected: bool) -> None:
        self.send({"kind": "connection", "connected": connected})

    # What the browser asks.

    def _hear(self, _widget: Any, message: object, buffers: object) -> None:
        try:
            question = Question.read(message, buffers)
        except LabError as error:
            id = message.get("id") if isinstance(message, dict) else None
            self.send({"kind": "error", "id": id, "error": error.as_json()})
            return
        coming = CALLS.do(lambda: _ANSWERS[question.kind](self, question))
        coming.add_done_callback(lambda done: self._answer(question, done))

    def _answer(self, question: Question, done: Future[Answered]) -> None:
        error = done.exception()
        if error is None:
            content, buffers = done.result()
            self.send({"id": question.id, **content}, buffers=buffers)
            return
        if not isinstance(error, LabError):
            _log.error("A panel's %s failed.", question.kind, exc_info=error)
            error = LabError("The kernel could not do this.", field="kernel", fix="The kernel's log says why.")
        self.send({"kind": "error", "id": question.id, "error": error.as_json()})

    def _call(self, question: Question) -> Answered:
        method, body = question.text("method"), question.content.get("body")
        if method not in METHODS:
            raise InvalidRequest(f"There is no method '{method[:20]}'.", field="method", fix=f"One of: {', '.join(sorted(METHODS))}.")
        headers = {} if body is None else {"Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        answer = self._api.call(method, question.path(), body=content, headers=headers, repeat=method == "GET")
        return {"kind": "document", "document": answer.json()}, []

    def _fetch(self, question: Question) -> Answered:
        """One chunk of a file, by Range: nothing is kept here between two of them."""
        first = question.count("from")
        headers = {"Range": f"bytes={first}-{first + LARGEST_CHUNK_BYTES - 1}"}
        answer = self._api.call("GET", question.path(), headers=headers)
        told = answer.headers.get("Content-Range", "")
        total = int(told.rpartition("/")[2]) if answer.status == 206 else len(answer.content)
        chunk = answer.content if answer.status == 206 else answer.content[first : first + LARGEST_CHUNK_BYTES]
        media_type = answer.headers.get("Content-Type", "")
        return {"kind": "chunk", "from": first, "total": total, "media_type": media_type}, [chunk]

    def _append(self, question: Question) -> Answered:
        if len(question.buffers) != 1:
            raise InvalidRequest("A piece of an upload is one buffer.", field="buffers", fix="Send it.")
        upload = question.text("upload")
        if not upload.isalnum():
            raise InvalidRequest("'upload' is the id of one.", field="upload", fix="Begin it by POST /uploads.")
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(question.count("offset"))}
        answer = self._api.call("PATCH", f"/uploads/{upload}", body=bytes(question.buffers[0]), headers=headers)
        return {"kind": "document", "document": answer.json()}, []

    def _follow(self, _question: Question) -> Answered:
        self._views_that_follow += 1
        self._follower.listen(self)
        return {"kind": "document", "document": None}, []

    def _unfollow(self, _question: Question) -> Answered:
        self._views_that_follow = max(0, self._views_that_follow - 1)
        if self._views_that_follow == 0:
            self._follower.unlisten(self)
        return {"kind": "document", "document": None}, []


_ANSWERS: dict[str, Callable[[Bridge, Question], Answered]] = {
    "call": Bridge._call,
    "fetch": Bridge._fetch,
    "append": Bridge._append,
    "follow": Bridge._follow,
    "unfollow": Bridge._unfollow,
}
