"""A recipe inside a sound file: a RIFF chunk of our own in WAV, a Vorbis comment in FLAC and OGG, ID3 in MP3.

libsndfile drops comments over about 1 kB from WAV without a word, hence the chunk of our own. The containers
are changed only where their specifications let anybody add things, so every player still reads them.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from hay_say_lab.audio import id3, ogg
from hay_say_lab.domain.canonical import canonical_json, sha256_hex
from hay_say_lab.errors import InvalidRequest

RIFF_CHUNK = b"hsay"
FLAC_FIELD = "HAY_SAY_RECIPE"       # also in OGG and MP3
_FLAC_COMMENT_BLOCK = 4
_LARGEST_FLAC_BLOCK = (1 << 24) - 1
LARGEST_RECIPE = 8 << 20
_LARGEST_FIELDS = 1 << 20       # what may stand beside the recipe
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
    body = _comment_body(recipe, fields)
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


def tag_ogg(vorbis: bytes, recipe: Mapping[str, Any], fields: Mapping[str, str]) -> bytes:
    """Replace the comments of an Ogg Vorbis stream by `fields` and the recipe, and its random serial number by one that
    comes from them: the same sound and recipe are the same bytes."""
    body = _comment_body(recipe, fields)
    return ogg.with_comments(vorbis, body, int(sha256_hex(body)[:8], 16))


def tag_mp3(mp3: bytes, recipe: Mapping[str, Any], fields: Mapping[str, str]) -> bytes:
    """Put an ID3v2.4 tag with `fields` and the recipe before the sound, in the place of one that is there."""
    return id3.id3_tag({**fields, FLAC_FIELD: canonical_json(recipe).decode()}) + id3.without_tag(mp3)


def without_peak_chunk(wav: bytes) -> bytes:
    """A float WAV without the chunk in which libsndfile notes the time of writing."""
    kept = b"".join(
        name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        for name, body in _riff_chunks(wav)
        if name != b"PEAK"
    )
    return wav[:4] + struct.pack("<I", len(kept) + 4) + wav[8:12] + kept


def read_recipe(content: bytes) -> dict[str, Any]:
    """The recipe document of an exported WAV, FLAC, OGG or MP3. Raises InvalidRequest where there is none."""
    try:
        found = _written(content)
        document = json.loads(found) if found is not None and len(found) <= LARGEST_RECIPE else None
    except (struct.error, ValueError, IndexError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidRequest(
            "The file carries no recipe of Hay Say Lab.",
            field="file",
            fix="Give a WAV, FLAC, OGG or MP3 that this tool exported, untouched by other programs.",
        )
    return document


def _written(content: bytes) -> bytes | None:
    """The recipe's bytes as they lie in the file, whatever they are; None where there are none."""
    match content[:4]:
        case b"RIFF":
            return next((body for name, body in _riff_chunks(content) if name == RIFF_CHUNK), None)
        case b"fLaC":
            comments = next((body for kind, body in _flac_blocks(content) if kind == _FLAC_COMMENT_BLOCK), b"")
            return _recipe_comment(comments)
        case ogg.CAPTURE:
            body = ogg.comment_body(content, LARGEST_RECIPE + _LARGEST_FIELDS)
            return None if body is None else _recipe_comment(body)
        case start if start[:3] == id3.MAGIC:
            return id3.user_text(content, FLAC_FIELD, LARGEST_RECIPE)
    return None


def _recipe_comment(body: bytes) -> bytes | None:
    prefix = f"{FLAC_FIELD}=".encode()
    return next((c[len(prefix) :] for c in _vorbis_comments(body) if c.startswith(prefix)), None)


def _comment_body(recipe: Mapping[str, Any], fields: Mapping[str, str]) -> bytes:
    """Vorbis comments: vendor, count, and each comment with its length."""
    comments = [f"{name}={value}" for name, value in sorted(fields.items())]
    comments.append(f"{FLAC_FIELD}={canonical_json(recipe).decode()}")
    vendor = b"Hay Say Lab"
    body = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(comments))
    for comment in comments:
        encoded = comment.encode()
        body += struct.pack("<I", len(encoded)) + encoded
    return body


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
