"""What passes between a browser and the host: allow-lists, because whatever is not named here stays outside."""

from __future__ import annotations

import re
import urllib.parse
import uuid

from tornado.httputil import HTTPHeaders

from hay_say_lab.errors import NotFound

PREFIX = "/hay-say/v1"

# Cookies, Authorization, XSRF, Origin, Host, hop-by-hop headers and any that name an owner are not among these.
TO_HOST = (
    "Accept",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Range",
    "Traceparent",
    "Upload-Offset",
)
FROM_HOST = (
    "Accept-Ranges",
    "Cache-Control",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Referrer-Policy",
    "Retry-After",
    "Upload-Complete",
    "Upload-Length",
    "Upload-Offset",
    "X-Accel-Buffering",
    "X-Content-Type-Options",
)
JUPYTERS_OWN = frozenset({"token", "_xsrf"})            # query arguments that are for Jupyter's login
HOST_SAYS = re.compile(r"application/(json|octet-stream)|audio/.+|text/event-stream")

_SAFE = frozenset({"GET", "HEAD"})
_REPEATABLE = re.compile(rf"{PREFIX}/(preflight|jobs|jobs/[^/]+/cancel)")
_KEYED = f"{PREFIX}/jobs"
_UP_OR_STAY = re.compile(r"(\.|%2e){1,2}", re.IGNORECASE)


def target(path: str, query: str) -> str:
    """The host's path and query for a call, as they were sent but for Jupyter's own arguments.

    `path` lies behind Jupyter's base URL. Raises NotFound for a path that climbs: a proxy in front of a remote
    host might follow it to somewhere else, with our token.
    """
    if not path.startswith(f"{PREFIX}/") or any(_UP_OR_STAY.fullmatch(part) for part in path.split("/")):
        raise NotFound("There is no such route.", field="path", fix=f"See {PREFIX}/openapi.json.")
    kept = [
        part
        for part in query.split("&")
        if part and urllib.parse.unquote_plus(part.partition("=")[0]) not in JUPYTERS_OWN
    ]
    return path + (f"?{'&'.join(kept)}" if kept else "")


def to_host(method: str, path: str, given: HTTPHeaders) -> HTTPHeaders:
    """The headers that the host gets; a new job gets an idempotency key, so that the call can be repeated."""
    headers = HTTPHeaders({name: given[name] for name in TO_HOST if name in given})
    if method == "POST" and path == _KEYED and "Idempotency-Key" not in headers:
        headers["Idempotency-Key"] = uuid.uuid4().hex
    return headers


def from_host(answer: HTTPHeaders) -> HTTPHeaders:
    """The headers that the browser gets."""
    return HTTPHeaders({name: answer[name] for name in FROM_HOST if name in answer})


def is_of_a_host(status: int, answer: HTTPHeaders) -> bool:
    """Whether an answer can be a host's: a page or a redirect of whatever answers at a wrong address is not."""
    if status in (204, 304):
        return True
    kind = answer.get("Content-Type", "").partition(";")[0].strip().lower()
    return not 300 <= status < 400 and HOST_SAYS.fullmatch(kind) is not None


def may_be_repeated(method: str, path: str) -> bool:
    """Whether a call that the host may have heard can be made again without doing anything twice."""
    return method in _SAFE or (method == "POST" and _REPEATABLE.fullmatch(path) is not None)
