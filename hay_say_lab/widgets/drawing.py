"""A take's picture as a small PNG, for places where no script runs."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

WIDTH = 640             # pixels
WAVE_HEIGHT = 72
GAP_HEIGHT = 6
MOST_GAIN = 4.0         # quiet takes are drawn larger, as in the player

# Palette: 0 is clear, 1 the waveform's colour (readable on white and on black), the rest quiet to loud.
_CLEAR, _WAVE, _QUIETEST = 0, 1, 2
_WAVE_RGB = (47, 127, 209)
_STOPS = (
    (0.0, (18, 18, 24)),
    (0.2, (38, 24, 84)),
    (0.42, (112, 31, 129)),
    (0.62, (205, 64, 105)),
    (0.8, (248, 137, 84)),
    (1.0, (253, 236, 168)),
)


def picture_png(picture: Mapping[str, Any]) -> bytes:
    """Waveform above spectrogram, WIDTH pixels wide, from the document that the audio worker made."""
    rows = [*_waveform_rows(picture["peaks"]), *([bytes([_CLEAR]) * WIDTH] * GAP_HEIGHT)]
    rows += _spectrogram_rows(picture["spectrogram"])
    return _png(rows, _palette())


def _waveform_rows(peaks: Mapping[str, Any]) -> list[bytes]:
    """WAVE_HEIGHT rows; column x reaches from its lowest to its highest sample around the middle row."""
    low, high = (memoryview(base64.b64decode(peaks[side])).cast("b").tolist() for side in ("low", "high"))
    largest = max(1, max(map(abs, low), default=1), max(map(abs, high), default=1))
    reach = min(MOST_GAIN, 127 / largest) / 127 * (WAVE_HEIGHT / 2 - 1)
    middle = WAVE_HEIGHT / 2
    rows = [bytearray([_CLEAR]) * WIDTH for _ in range(WAVE_HEIGHT)]
    for x, (first, behind) in enumerate(_shares(len(low), WIDTH)):
        top = round(middle - max(high[first:behind]) * reach - 0.5)
        bottom = round(middle - min(low[first:behind]) * reach + 0.5)
        for y in range(max(0, top), min(WAVE_HEIGHT, bottom)):
            rows[y][x] = _WAVE
    return [bytes(row) for row in rows]


def _shares(columns: int, parts: int) -> Iterator[tuple[int, int]]:
    """`parts` slices that cover `columns` in order; neighbours share the column that lies under both."""
    for part in range(parts):
        yield part * columns // parts, -((part + 1) * columns // -parts)


def _spectrogram_rows(spectrogram: Mapping[str, Any]) -> list[bytes]:
    """One row per band, the highest first."""
    bands, columns = spectrogram["bands"], spectrogram["columns"]
    levels = bytes(_QUIETEST + level * (255 - _QUIETEST) // 255 for level in range(256))
    cells = base64.b64decode(spectrogram["data"]).translate(levels)
    pick = itemgetter(*(x * columns // WIDTH for x in range(WIDTH)))
    return [bytes(pick(cells[band::bands])) for band in reversed(range(bands))]


def _palette() -> list[tuple[int, int, int]]:
    colours = [(0, 0, 0), _WAVE_RGB]
    for index in range(_QUIETEST, 256):
        at = (index - _QUIETEST) / (255 - _QUIETEST)
        upper = next(i for i, (stop, _) in enumerate(_STOPS) if i and stop >= at)
        (start, dark), (end, bright) = _STOPS[upper - 1], _STOPS[upper]
        share = (at - start) / (end - start)
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(dark, bright, strict=True))
        colours.append((red, green, blue))
    return colours


def _png(rows: Sequence[bytes], palette: Sequence[tuple[int, int, int]]) -> bytes:
    """Rows of palette indices -> PNG (W3C Recommendation, second edition: colour type 3; index 0 is transparent)."""
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in palette)
    lines = b"".join(b"\0" + row for row in rows)
    parts = ((b"IHDR", header), (b"PLTE", colours), (b"tRNS", b"\0"), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, content) for kind, content in parts)


def _part(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
