"""PNG files without a drawing library: rows of palette indices, and the colours of spectrograms."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

Colour = tuple[int, int, int]

# From quiet to loud; rises evenly in lightness. The panels' ramp on dark ground (palette.ts).
_STOPS: tuple[tuple[float, Colour], ...] = (
    (0.0, (18, 18, 24)),
    (0.2, (38, 24, 84)),
    (0.42, (112, 31, 129)),
    (0.62, (205, 64, 105)),
    (0.8, (248, 137, 84)),
    (1.0, (253, 236, 168)),
)


def ramp(count: int) -> list[Colour]:
    """`count` colours from quiet to loud."""
    colours: list[Colour] = []
    for index in range(count):
        at = index / (count - 1)
        upper = next(i for i, (stop, _) in enumerate(_STOPS) if i and stop >= at)
        (start, dark), (end, bright) = _STOPS[upper - 1], _STOPS[upper]
        share = (at - start) / (end - start)
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(dark, bright, strict=True))
        colours.append((red, green, blue))
    return colours


def indexed_png(rows: Sequence[bytes], palette: Sequence[Colour], *, first_is_clear: bool = False) -> bytes:
    """Rows of palette indices -> PNG (W3C Recommendation, second edition: colour type 3)."""
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in palette)
    lines = b"".join(b"\0" + row for row in rows)
    clear = ((b"tRNS", b"\0"),) if first_is_clear else ()
    parts = ((b"IHDR", header), (b"PLTE", colours), *clear, (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, content) for kind, content in parts)


def _part(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
