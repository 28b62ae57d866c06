"""The tornado application: one handler per path, from the route table."""

from __future__ import annotations

import logging
from typing import Any

from tornado.web import Application, RequestHandler

from hay_say_lab.service.handler import LARGEST_JSON_BYTES, Access, Missing
from hay_say_lab.service.routes import ROUTES, Route, pattern
from hay_say_lab.service.surface import Surface

log = logging.getLogger(__name__)

# A JSON body that is somewhat too large is read, so that its refusal is typed; beyond this the connection is closed.
LARGEST_READ_BYTES = 4 * LARGEST_JSON_BYTES


def application(surface: Surface, access: Access) -> Application:
    """All routes behind one prefix; anything else is a typed 404."""
    paths: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = route
    rules: list[Any] = [
        (pattern(path), next(iter(verbs.values())).handler, {"surface": surface, "access": access, "routes": verbs})
        for path, verbs in paths.items()
    ]
    rules.append((r".*", Missing, {"surface": surface, "access": access, "routes": {}}))
    return Application(rules, compress_response=False, log_function=_log)


def _log(handler: RequestHandler) -> None:
    """One line a call: never a path or a query, which hold what people typed."""
    milliseconds = handler.request.request_time() * 1000
    verb, kind = handler.request.method, type(handler).__name__
    log.info("%s %s %d %.1f ms", verb, kind, handler.get_status(), milliseconds)
