"""What all handlers share: who calls, the body, the answer, and the one place where an error becomes a status."""

from __future__ import annotations

import asyncio
import http.client
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.deed import Action, Deed
from hay_say_lab.domain.job import Job
from hay_say_lab.domain.profile import LOCAL, SETTING
from hay_say_lab.errors import (
    Forbidden,
    InvalidRequest,
    JobMissing,
    LabError,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from hay_say_lab.service import wire
from hay_say_lab.service.door import Door
from hay_say_lab.service.identity import Caller, Identity, Role, require
from hay_say_lab.service.pace import Pace
from hay_say_lab.service.ranges import byte_range
from hay_say_lab.service.spans import parent_of
from hay_say_lab.service.views import JobView, job_view
from hay_say_lab.storage.audit import record
from hay_say_lab.storage.home import OF_THE_DISK, disk_refused

if TYPE_CHECKING:
    from hay_say_lab.service.routes import Route
    from hay_say_lab.service.surface import Surface

log = logging.getLogger(__name__)

T = TypeVar("T")

BLOCK_BYTES = 1 << 18
LARGEST_LIMIT = 500
LARGEST_JSON_BYTES = 4 << 20
DIGITS = re.compile(r"[0-9]{1,18}")
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Server": "hay-say-lab",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in, and by which names the host may be called."""

    door: Door
    identity: Identity
    hosts: frozenset[str]
    pace: Pace = field(default_factory=lambda: Pace(LOCAL))

    def check(self, caller: Caller, method: str, *, library: bool) -> None:
        """What the profile says of a call. Raises Forbidden, Full. Pieces of uploads have bounds of their own."""
        if library and not self.pace.profile.library_changes:
            raise Forbidden(
                f"Nobody changes the voices of this host: its profile is '{self.pace.profile.name}'.",
                field=SETTING,
                fix=f"Start it with {SETTING}=shared to change them.",
            )
        if method not in ("GET", "HEAD", "PATCH"):
            self.pace.check(caller.owner)


class LabHandler(RequestHandler):
    """One path. Verbs parse, call and answer; they hold no `try`."""

    def initialize(self, surface: Surface, access: Access, routes: dict[str, Route]) -> None:
        self.surface = surface
        self.access = access
        self.routes = routes
        self.caller = Caller("", Role.ANYONE)
        self._counted = False

    def set_default_headers(self) -> None:
        for name, value in HARMLESS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Host name, token, role, body kind: before any verb runs."""
        self._check_host()
        route = self.routes.get(self.request.method or "")
        if route is None:
            raise HTTPError(405)
        self._check_origin()
        if route.role is not Role.ANYONE:
            self.caller = self.access.identity.caller(self.request.headers.get("Authorization"))
            require(self.caller, route.role)
            self.access.check(self.caller, route.method, library=route.library)
        if route.counts:
            self.access.door.call()
            self._counted = True
        self._check_body(route)

    def on_finish(self) -> None:
        self._left()
        route = self.routes.get(self.request.method or "")
        self.surface.metrics.called(route.path if route else "none", self.get_status(), self.request.request_time())

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._left()

    def _left(self) -> None:
        """The call is over, whichever way it ended."""
        if self._counted:
            self._counted = False
            self.access.door.answered()

    @property
    def owner(self) -> str:
        return self.caller.owner

    @property
    def role(self) -> str:
        return self.caller.role.name.lower()

    @property
    def traceparent(self) -> str:
        """The caller's span; as W3C has it, one that cannot be read is none ('')."""
        given = self.request.headers.get("Traceparent", "").strip().lower()
        return given if parent_of(given) else ""

    def body_of(self, noun: type[T]) -> T:
        """The JSON body as a noun. Raises InvalidRequest with all problems."""
        return wire.read(noun, self.request.body)

    def reply(self, answer: Any, status: int = 200) -> None:
        """Send a view as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(wire.adapter(type(answer)).dump_json(answer))

    async def off_loop(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run something that reads the disk for long in a thread."""
        return await asyncio.to_thread(work, *arguments)

    async def tell(self, action: Action, subject: str, **detail: Any) -> None:
        """Write down in the audit log what the caller just did."""
        deed = Deed(action, subject, self.owner, self.role, detail)
        await self.surface.engine.store.write(record, deed)

    def whole_number(self, name: str, default: int, low: int, high: int) -> int:
        """A query argument. Raises InvalidRequest."""
        text = self.get_query_argument(name, str(default))
        if not DIGITS.fullmatch(text) or not low <= int(text) <= high:
            raise InvalidRequest(
                f"'{name}' must be a whole number from {low} to {high}.", field=name, fix=f"Use {default}."
            )
        return int(text)

    def flag(self, name: str) -> bool:
        """A query argument that is true or false; left out, false. Raises InvalidRequest."""
        text = self.get_query_argument(name, "false")
        if text not in ("true", "false"):
            raise InvalidRequest(f"'{name}' must be true or false.", field=name, fix="Leave it out.")
        return text == "true"

    def job(self, job_id: str, *, operators_too: bool = False) -> Job:
        """A job of the caller's. Another's is as missing as none. Raises JobMissing."""
        job = self.surface.engine.store.job(job_id)
        if job.owner != self.owner and not (operators_too and self.caller.role >= Role.OPERATOR):
            raise JobMissing("There is no such job.", field="job", fix="List yours with 'hay-say jobs'.")
        return job

    def view(self, job: Job) -> JobView:
        return job_view(job, self.surface.engine.news, self.surface.place(job))

    def send_bytes(self, content: bytes, media_type: str, etag: str, name: str, *, lasting: bool = True) -> None:
        """Content with ETag, one Range, and a name that no browser takes for a page. `lasting`: it is the same for ever."""
        part = self._announce(len(content), media_type, etag, name, lasting=lasting)
        self.finish(content[part[0] : part[1]] if part else None)

    async def send_file(self, path: Path, media_type: str, etag: str, name: str, *, lasting: bool = True) -> None:
        """The same for a file, of which only a block is in memory; a reader that leaves ends it."""
        part = self._announce(path.stat().st_size, media_type, etag, name, lasting=lasting)
        if part is not None:
            with path.open("rb") as file:
                file.seek(part[0])
                left = part[1] - part[0]
                while left > 0 and (block := await self.off_loop(file.read, min(BLOCK_BYTES, left))):
                    left -= len(block)
                    self.write(block)
                    try:
                        await self.flush()
                    except StreamClosedError:
                        return
        self.finish()

    def _announce(self, total: int, media_type: str, etag: str, name: str, *, lasting: bool) -> tuple[int, int] | None:
        """Status and headers for content of `total` bytes -> (first, past the last) to send; None for nothing."""
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Cache-Control", "private, max-age=31536000, immutable" if lasting else "private, no-cache")
        self.set_header("ETag", f'"{etag}"')
        if self.check_etag_header():
            self.set_status(304)
            return None
        wanted = self.request.headers.get("Range")
        if self.request.headers.get("If-Range", f'"{etag}"') != f'"{etag}"':
            wanted = None
        part = byte_range(wanted, total)
        if part is not None:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {part[0]}-{part[1] - 1}/{total}")
        first, past = part or (0, total)
        self.set_header("Content-Length", str(past - first))
        return None if self.request.method == "HEAD" else (first, past)

    def compute_etag(self) -> str | None:
        return None                         # `send_bytes` sets its own

    def write_error(self, status_code: int, **details: Any) -> None:
        """The error tree -> a status, once. People see the sentence; the traceback is in the log under the id."""
        error = details.get("exc_info", (None, None, None))[1]
        known = error if isinstance(error, LabError) else _known(error, status_code)
        self.set_status(known.status if error is not None else status_code)
        if isinstance(error, HTTPError) and not isinstance(known, NotFound | TooLarge):
            self.set_status(error.status_code)
        if self.get_status() == 403:
            self._refused(known)
        self.clear_header("Content-Disposition")
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        if known.retry_after_seconds is not None:
            self.set_header("Retry-After", str(max(1, round(known.retry_after_seconds))))
        if status_code == 405:
            self.set_header("Allow", ", ".join(sorted(self.routes)))
        if known.status == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        self.finish(wire.adapter(dict).dump_json(known.as_json()))

    def _refused(self, error: LabError) -> None:
        """Into the audit log: what was asked for by its route, never by what somebody typed."""
        route = self.routes.get(self.request.method or "")
        asked = f"{route.method} {route.path}" if route is not None else "no route"
        self.surface.witness.refused(Deed("deny", asked, self.owner, self.role, {"reason": error.message}))

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, LabError):
            log.info("%s %s: %s", self.request.method, type(self).__name__, error.code)
        elif isinstance(error, HTTPError):
            log.info("%s %s: %d", self.request.method, type(self).__name__, error.status_code)
        else:
            error.error_id = new_id()
            log.error("error %s", error.error_id, exc_info=(kind, error, trace))

    def _check_origin(self) -> None:
        """No page talks to the host: browsers go through a Jupyter server, which checks where they come from."""
        if self.request.method not in ("GET", "HEAD") and "Origin" in self.request.headers:
            raise Forbidden("This host takes no calls from web pages.", field="Origin", fix="Call Jupyter's address.")

    def _check_body(self, route: Route) -> None:
        """What pages can send to strangers without asking first (forms, plain text) is no JSON."""
        if self.request.method in ("GET", "HEAD") or isinstance(route.body, str):
            return
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and (self.request.body or (kind and route.body)):
            raise UnsupportedMedia(
                "This route reads application/json and nothing else.",
                field="Content-Type",
                fix="Send 'Content-Type: application/json'.",
            )
        if len(self.request.body) > LARGEST_JSON_BYTES:
            raise TooLarge(
                f"The body is larger than {LARGEST_JSON_BYTES >> 20} MB.", field="body", fix="Send less at once."
            )

    def _check_host(self) -> None:
        """A page that resolved its own name to this machine (DNS rebinding) is not let in."""
        if (self.request.host or "").lower() not in self.access.hosts:
            raise Forbidden("This host does not answer to that name.", field="Host", fix="Call it by its own address.")


class Missing(LabHandler):
    """Every path that is no route."""

    def prepare(self) -> None:
        self._check_host()
        raise NotFound("There is no such route.", field="path", fix="See /hay-say/v1/openapi.json.")


def _known(error: BaseException | None, status: int) -> LabError:
    if isinstance(error, OSError) and error.errno in OF_THE_DISK:
        return disk_refused(error)
    if isinstance(error, HTTPError):
        if error.status_code == 413:
            return TooLarge("The body is too large.", field="body", fix="Send less at once.")
        return InvalidRequest(http.client.responses.get(error.status_code, "The call cannot be answered.") + ".")
    if status == 413:
        return TooLarge("The body is too large.", field="body", fix="Send less at once.")
    return LabError(
        "Something went wrong inside the host.",
        error_id=str(getattr(error, "error_id", "")),
        fix="Look into the host's log for the error id.",
        field="host",
    )
