"""What a worker wrote may hold anything: before it is kept or shown, secrets, paths and what people wrote leave it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

SHORTEST = 4                    # characters: hiding less would hide half of every sentence
_SECRETS = (
    re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]+"),
    re.compile(r"(?i)[\w-]*(?:token|secret|passw(?:or)?d|api[_-]?key|authorization|credential)[\w-]*[\"']?\s*[=:]\s*\S+"),
    re.compile(r"\b(?:hf|sk|ghp|gho|github_pat|xox[abp]|AKIA)[_-]?[A-Za-z0-9_-]{12,}"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)


def redact(text: str, home: Path, written: Iterable[str] = ()) -> str:
    """Without secrets, without the paths of the data home and the person's folder, without what was `written` in a request."""
    for secret in _SECRETS:
        text = secret.sub("[secret]", text)
    for line in sorted({line.strip() for entry in written for line in entry.splitlines()}, key=len, reverse=True):
        if len(line) >= SHORTEST:
            text = text.replace(line, "[text]")
    for place, name in ((home, "[data home]"), (Path.home(), "~")):
        if len(place.parts) > 1:
            text = text.replace(str(place), name)
    return text
