"""A recipe inside a sound file: a RIFF chunk of our own in WAV, a Vorbis comment in FLAC.

libsndfile drops comments over about 1 kB from WAV without a word, hence the chunk of our own. Both containers
are changed only where their specifications let anybody add things, so every player still reads them.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.errors import InvalidRequest

RIFF_CHUNK = b"hsay"
FLAC_FIELD = "HAY_SAY_RECIPE"
_FLAC_COMMENT_BLOCK = 4
_LARGEST_FLAC_BLOCK = (1 << 24) - 1
LARGEST_RECIPE = 8 << 20
MOST_CHUNKS = 10_000            # a hostile file may consist of nothing but empty chunks or comments


def tag_wav(wav: bytes, recipe: Mapping[str, Any]) -> bytes:
    """Append the recipe as a chunk and mend the RIFF size. `wav` is a whole RIFF/WAVE file."""
    body = canonical_json(recipe)
    padding = b"\0" if len(body) % 2 else b""
    tagged = wav + (b"\0" if len(wav) % 2 else b"") + RIFF_CHUNK + struct.pack("<I", len(body)) + body + padding
    return tagged[:4] + struct.pack("<I", len(tagged) - 8) + tagged[8:]


def tag_flac(flac: bytes, recipe: Mapping[str, Any], fields: Mapping[str, str]) -> bytes:
    """Replace the Vorbis comment block by one that holds `fields` and the recipe."""
    blocks = [(kind, body) for kind, body in _flac_blocks(flac) if kind != _FLAC_COMMENT_BLOCK]
    audio = flac[_flac_audio_at(flac) :]
    comments = [f"{name}={value}" for name, value in sorted(fields.items())]
    comments.append(f"{FLAC_FIELD}={canonical_json(recipe).decode()}")
    vendor = b"Hay Say Lab"
    body = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(comments))
    for comment in comments:
        encoded = comment.encode()
        body += struct.pack("<I", len(encoded)) + encoded
    if len(body) > _LARGEST_FLAC_BLOCK:
        raise InvalidRequest(
            "The recipe is too long for a FLAC file's tags.", field="format", fix="Export as WAV instead."
        )
    blocks.insert(1, (_FLAC_COMMENT_BLOCK, body))
    out = b"fLaC"
    for index, (kind, content) in enumerate(blocks):
        last = 0x80 if index == len(blocks) - 1 else 0
        out += bytes([kind | last]) + len(content).to_bytes(3, "big") + content
    return out + audio


def read_recipe(content: bytes) -> dict[str, Any]:
    """The recipe document of an exported WAV or FLAC. Raises InvalidRequest where there is none."""
    try:
        if content[:4] == b"RIFF":
            found = next((body for name, body in _riff_chunks(content) if name == RIFF_CHUNK), None)
        elif content[:4] == b"fLaC":
            comments = next((body for kind, body in _flac_blocks(content) if kind == _FLAC_COMMENT_BLOCK), b"")
            prefix = f"{FLAC_FIELD}=".encode()
            found = next((c[len(prefix) :] for c in _vorbis_comments(comments) if c.startswith(prefix)), None)
        else:
            found = None
        document = json.loads(found) if found is not None and len(found) <= LARGEST_RECIPE else None
    except (struct.error, ValueError, IndexError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidRequest(
            "The file carries no recipe of Hay Say Lab.",
            field="file",
            fix="Give a WAV or FLAC that this tool exported, untouched by other programs.",
        )
    return document


def _riff_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(content):
            return
        size = struct.unpack_from("<I", content, at + 4)[0]
        if at + 8 + size > len(content):
            return                      # it says more than there is: nothing behind it can be trusted
        yield content[at : at + 4], content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _flac_blocks(content: bytes) -> Iterator[tuple[int, bytes]]:
    at, last = 4, False
    for _ in range(MOST_CHUNKS):
        if last or at + 4 > len(content):
            return
        head, size = content[at], int.from_bytes(content[at + 1 : at + 4], "big")
        last = bool(head & 0x80)
        yield head & 0x7F, content[at + 4 : at + 4 + size]
        at += 4 + size


def _flac_audio_at(content: bytes) -> int:
    return 4 + sum(4 + len(body) for _, body in _flac_blocks(content))


def _vorbis_comments(body: bytes) -> Iterator[bytes]:
    vendor = struct.unpack_from("<I", body, 0)[0]
    at = 4 + vendor
    count = struct.unpack_from("<I", body, at)[0]
    at += 4
    for _ in range(min(count, MOST_CHUNKS)):
        size = struct.unpack_from("<I", body, at)[0]
        yield body[at + 4 : at + 4 + size]
        at += 4 + size
