"""HTTP ranges over bytes in memory or in a file (RFC 9110, one range)."""

from __future__ import annotations

import re

from hay_say_lab.errors import RangeUnsatisfiable

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def byte_range(header: str | None, total: int) -> tuple[int, int] | None:
    """(first, past the last) byte that a Range header asks for; None where the whole is to be sent.

    A header of another form is ignored, as the standard wants. Raises RangeUnsatisfiable behind the end.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(0) == "bytes=-":
        return None
    first_text, last_text = match.groups()
    if not first_text:
        count = min(int(last_text), total)
        first, past = total - count, total
    else:
        first = int(first_text)
        past = min(int(last_text) + 1, total) if last_text else total
    if first >= total or first >= past:
        raise RangeUnsatisfiable(
            f"The range starts behind the end ({total} bytes).", field="Range", fix=f"Ask within 0-{total - 1}."
        )
    return first, past
