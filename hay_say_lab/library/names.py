"""Names that strangers chose: made into paths inside a folder, or refused; and into the slugs of voice ids."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from hay_say_lab.errors import InvalidRequest

LONGEST_PART_BYTES = 200        # file systems take 255; `.part.json` comes behind it
MOST_PARTS = 16
LONGEST_SLUG = 64
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10))})

_ODD = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|\u202a-\u202e\u2066-\u2069]')


def inside(text: str, field: str) -> str:
    """A relative path that stays inside its folder, on every system, written with '/'. Raises InvalidRequest."""
    path = PurePosixPath(text)
    if not text or path.is_absolute() or not path.parts or len(path.parts) > MOST_PARTS or _ODD.search(text):
        raise _refused(text, field)
    for part in text.split("/"):
        stem = part.partition(".")[0].rstrip(" ").lower()
        if part in ("", ".", "..") or part != part.rstrip(" .") or stem in RESERVED or len(part.encode()) > LONGEST_PART_BYTES:
            raise _refused(text, field)
    return str(path)


def file_name(text: str, otherwise: str) -> str:
    """The last part of an address or a title as a file's name; `otherwise` where nothing of it can be kept."""
    kept = re.sub(r"[^\w.+ -]", "_", unicodedata.normalize("NFC", text)).strip(" .")
    while len(kept.encode()) > LONGEST_PART_BYTES:
        kept = kept[1:]                 # the ending says most
    return kept if kept and kept.partition(".")[0].rstrip(" ").lower() not in RESERVED else otherwise


def slug_of(title: str) -> str:
    """The part of a voice id behind the colon that a title suggests; '' where it holds no letter of a-z and no digit."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._+]+", "-", plain).strip("-._+")[:LONGEST_SLUG].rstrip("-._+")


def _refused(text: str, field: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{text[:80]}' is no name of a file inside a folder.", field=field, fix="Use letters, digits and '/' between folders."
    )
