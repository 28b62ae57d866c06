"""Sending recordings: what the host holds is not sent again, and what broke off goes on where it stood."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.client.api import Api
from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.errors import ClipMissing, Conflict, HostUnreachable, Unavailable, UploadMissing

if TYPE_CHECKING:
    from hay_say_lab.client.take import Take

WHOLE_BYTES = 4 << 20           # up to this a file goes in one call
PIECE_BYTES = 8 << 20           # of a larger one: what is sent again at most
MOST_TRIES = 5                  # without a byte more on the other side


def send_clip(api: Api, source: str | Path | Take) -> str:
    """A recording's sha256, once the host holds it under its present name. A take lies in the store and is not sent.

    Raises ClipMissing, InvalidRequest (not sound, empty, cut off), TooLarge (the file, or your quota), StorageFailed.
    """
    if not isinstance(source, str | Path):
        return str(api.get(f"/clips/{source.artifact}")["sha256"])
    path = Path(source).expanduser()
    if not path.is_file():
        raise ClipMissing(f"There is no file '{path.name}'.", field="clip", fix="Check its name and folder.")
    try:
        sha256 = _hash(path)
        total = path.stat().st_size
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ClipMissing(f"'{path.name}' cannot be read: {reason}.", field="clip", fix="Mend its permissions.") from None
    if total <= WHOLE_BYTES and not _known(api, sha256):
        kind = mimetypes.guess_type(path.name)[0] or ""
        headers = {"Content-Type": kind if kind.startswith("audio/") else "application/octet-stream"}
        return str(api.call("POST", "/clips", query={"label": path.name}, body=path, headers=headers).json()["sha256"])
    return str(_send_in_pieces(api, path, {"bytes": total, "label": path.name, "sha256": sha256})["clip"]["sha256"])


def send_voice(api: Api, path: Path) -> str:
    """An upload's id, once the host holds a file that an import can be made of ('upload:ID').

    Raises InvalidRequest, TooLarge (the file, or your quota), StorageFailed.
    """
    order = {"bytes": path.stat().st_size, "label": path.name, "sha256": _hash(path), "kind": "voice"}
    return str(_send_in_pieces(api, path, order)["id"])


def clip_named(name: str | Path) -> str:
    """A clip's sha256 by itself, or by the file that was sent. Raises ClipMissing."""
    if is_sha256(str(name)):
        return str(name)
    path = Path(name).expanduser()
    try:
        return _hash(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ClipMissing(f"'{path.name}' cannot be read: {reason}.", field="clip", fix="Give the clip's sha256.") from None


def _known(api: Api, sha256: str) -> bool:
    try:
        api.get(f"/clips/{sha256}")
    except ClipMissing:
        return False
    return True


def _send_in_pieces(api: Api, path: Path, order: dict[str, Any]) -> dict[str, Any]:
    """Ask where it stands, send the next piece, until the host says that it is complete -> what it says then.

    Asking again finds the upload that was begun, in this process or an earlier one, or the clip that it became.
    """
    farthest, tries = -1, 0
    with path.open("rb") as file:
        while True:
            standing = api.post("/uploads", order)
            while not standing["complete"]:
                tries = 0 if standing["offset"] > farthest else tries + 1
                farthest = max(farthest, standing["offset"])
                if tries > MOST_TRIES:
                    raise HostUnreachable(
                        "The upload does not get on.", field="clip", fix="Send it again: it goes on where it stands."
                    )
                try:
                    standing = _send_piece(api, file.seek(standing["offset"]), file.read(PIECE_BYTES), standing["id"])
                except (Conflict, UploadMissing, Unavailable):
                    break
            else:
                return dict(standing)


def _send_piece(api: Api, offset: int, piece: bytes, upload: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
    return dict(api.call("PATCH", f"/uploads/{upload}", body=piece, headers=headers).json())


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
