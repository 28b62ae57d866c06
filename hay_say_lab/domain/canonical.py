"""Names made from content: canonical JSON, sha256, and sortable ids."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from typing import Any

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_ids = threading.Lock()
_last_id = 0


def canonical_json(document: Any) -> bytes:
    """One byte string per value: sorted keys, no spaces, UTF-8; NaN and infinities raise ValueError."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_id(document: Any) -> str:
    """sha256 (64 hex digits) of a JSON document's canonical form."""
    return sha256_hex(canonical_json(document))


def is_sha256(text: str) -> bool:
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


def new_id() -> str:
    """A ULID: 48 bits of milliseconds and 80 random bits in 26 letters of Crockford's base 32.

    Those of one process sort in the order in which they were made, also within a millisecond and when the clock is set
    back: then the last one is raised by a little that nobody can guess (the ULID specification's monotonic factory).
    """
    global _last_id
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    with _ids:
        number = _last_id = max(number, _last_id + 1 + int.from_bytes(os.urandom(4), "big"))
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    return len(text) == 26 and text[0] <= "7" and all(letter in _CROCKFORD for letter in text)
