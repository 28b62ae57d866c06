"""A voice on its way in, in somebody's hands: progress, cancel, result."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hay_say_lab.client import display
from hay_say_lab.client.api import Api
from hay_say_lab.client.clips import send_voice
from hay_say_lab.errors import InvalidRequest, JobCancelled, LabError, from_json

_SECONDS_BETWEEN_LOOKS = 0.2
_ENDED = ("succeeded", "failed", "cancelled")


class ImportHandle:
    """One import. Closing the notebook or losing the handle stops nothing: `lab.imports[id]` gives it again."""

    def __init__(self, api: Api, document: dict[str, Any]) -> None:
        self._api = api
        self.document = document                # as last told

    def __repr__(self) -> str:
        brought = ", ".join([*self.document["voices"], *self.document["assets"]])
        return f"<ImportHandle {self.id} {self.document['state']} {brought or self.document['source']}>"

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def status(self) -> dict[str, Any]:
        """The import as it is now: state, step, progress, plan, what it brought, warnings, error."""
        if self.document["state"] not in _ENDED:
            self.document = dict(self._api.get(f"/imports/{quote(self.id)}"))
        return self.document

    @property
    def state(self) -> str:
        return str(self.status["state"])

    def cancel(self) -> None:
        """Nothing of it stays. Raises IllegalTransition where it has ended, Conflict where its voice is there in a moment."""
        self.document = dict(self._api.post(f"/imports/{quote(self.id)}/cancel"))

    def retry(self) -> None:
        """Try a failed one again; what was fetched is gone on with. Raises IllegalTransition for any other."""
        self.document = dict(self._api.post(f"/imports/{quote(self.id)}/retry", repeat=False))

    def result(self, timeout: float | None = None) -> list[str] | ImportHandle:
        """Wait for the voices (and assets): their ids. An interrupt gives the handle back and leaves it running.

        Raises what went wrong (InvalidRequest, FetchFailed, Conflict, ...), JobCancelled, TimeoutError.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        bar = display.count_view(self.document["title"] or self.document["source"], 100, "%")
        try:
            while (status := self.status)["state"] not in _ENDED:
                bar.update(*percent(status))
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"Import {self.id} has not ended after {timeout} s; it goes on.")
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            bar.update(*percent(status))
        except KeyboardInterrupt:
            return self
        finally:
            bar.close()
        if status["state"] == "succeeded":
            return [*status["voices"], *status["assets"]]
        if status["state"] == "cancelled":
            raise JobCancelled(f"Import {self.id} was cancelled.")
        raise from_json(status["error"]) if status["error"] else LabError("The import gave no reason.")


def source_for(api: Api, source: str | Path) -> str:
    """A source as the host understands it: a path of this machine in full, or sent to a host that runs elsewhere.

    Raises InvalidRequest for a folder of this machine where the host is another's, and as `send_voice`.
    """
    text = str(source)
    if text.startswith("haysay:") and "://" not in text and not text.startswith("haysay:upload:"):
        return f"haysay:{Path(text.removeprefix('haysay:')).expanduser().absolute()}"
    place, _, voice = text.rpartition("#") if "#" in text and not os.path.exists(text) else (text, "", "")
    path = Path(place).expanduser()
    if text.startswith(("hf:", "haysay:", "upload:", "https://", "http://")) or not path.exists():
        return text
    if not os.environ.get("HAY_SAY_URL"):
        return f"{path.absolute()}#{voice}" if voice else str(path.absolute())
    if path.is_dir():
        raise InvalidRequest(
            f"'{path.name}' is a folder of this machine, and the host is another.", field="source", fix="Pack it into a zip first."
        )
    return f"upload:{send_voice(api, path)}"


class ImportDesk:
    """`lab.imports`: those on their way and those that have been, newest first; `lab.imports[id]` is one of them."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __getitem__(self, name: str) -> ImportHandle:
        """Raises ImportMissing."""
        return ImportHandle(self._api, dict(self._api.get(f"/imports/{quote(name, safe='')}")))

    def __iter__(self) -> Iterator[ImportHandle]:
        cursor: str | None = None
        while True:
            page = self._api.get("/imports", limit=100, cursor=cursor)
            yield from (ImportHandle(self._api, dict(one)) for one in page["imports"])
            cursor = page["cursor"]
            if cursor is None:
                return

    def begin(self, order: dict[str, Any]) -> ImportHandle:
        """Raises InvalidRequest, Full, Forbidden."""
        return ImportHandle(self._api, dict(self._api.post("/imports", order, repeat=False)))

    def plan(self, order: dict[str, Any]) -> dict[str, Any]:
        """What would be fetched: files, bytes, licence, version. Raises what stands in the way."""
        return dict(self._api.post("/imports/plan", order))


BEGINS_AT = {"resolve": 0, "fetch": 5, "unpack": 70, "examine": 75, "convert": 80, "settle": 95}     # percent


def percent(status: dict[str, Any]) -> tuple[int, str]:
    """How much of an import is done (0..100), and in words."""
    if status["state"] in _ENDED:
        return 100, str(status["state"])
    progress = status["progress"]
    if progress is None:
        return 0, str(status["state"])
    done = BEGINS_AT[progress["step"]]
    if progress["step"] == "fetch" and progress["bytes"]:
        done += int((BEGINS_AT["unpack"] - done) * min(1.0, progress["bytes_done"] / progress["bytes"]))
        return done, f"{progress['bytes_done'] / 1e6:.1f} of {progress['bytes'] / 1e6:.1f} MB"
    return done, " ".join(part for part in (progress["step"], progress["name"]) if part)
