"""The part of JSON Patch (RFC 6902) that our fixes use: add, remove and replace on objects and lists."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any


def patched(document: Any, patch: Iterable[Mapping[str, Any]]) -> Any:
    """A copy of `document` with every operation applied in order. Raises LookupError where a place is missing."""
    changed = copy.deepcopy(document)
    for step in patch:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        place = changed
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        _apply(place, last, step)
    return changed


def _apply(place: Any, last: str, step: Mapping[str, Any]) -> None:
    key: Any = int(last) if isinstance(place, list) else last
    match step["op"]:
        case "remove":
            del place[key]
        case "replace":
            place[key]              # RFC 6902: the target must exist
            place[key] = step["value"]
        case "add" if isinstance(place, list):
            place.insert(key, step["value"])
        case "add":
            place[key] = step["value"]
        case unknown:
            raise LookupError(f"no operation '{unknown}'")
