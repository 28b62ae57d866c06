"""Clips on their way to a host: a file is sent once, and named by its content ever after."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from hay_say_lab.client.api import Api
from hay_say_lab.errors import ClipMissing

if TYPE_CHECKING:
    from hay_say_lab.client.take import Take


def send_clip(api: Api, source: str | Path | Take) -> str:
    """The sha256 of a sound file, sent where the host does not know it; of a take, which lies in the store.

    Raises ClipMissing, InvalidRequest (not sound, empty, cut off), TooLarge.
    """
    if not isinstance(source, str | Path):
        return str(api.get(f"/clips/{source.artifact}")["sha256"])
    path = Path(source).expanduser()
    if not path.is_file():
        raise ClipMissing(f"There is no file '{path.name}'.", field="clip", fix="Check its name and folder.")
    try:
        sha256 = _hash(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ClipMissing(f"'{path.name}' cannot be read: {reason}.", field="clip", fix="Mend its permissions.") from None
    try:
        return str(api.get(f"/clips/{sha256}")["sha256"])
    except ClipMissing:
        kind = mimetypes.guess_type(path.name)[0] or ""
        headers = {"Content-Type": kind if kind.startswith("audio/") else "application/octet-stream"}
        query = {"label": path.name}
        return str(api.call("POST", "/clips", query=query, body=path, headers=headers).json()["sha256"])


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
