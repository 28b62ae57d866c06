"""A take's picture as a small PNG, for places where no script runs."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from hay_say_lab.client.png import indexed_png, ramp

WIDTH = 640             # pixels
WAVE_HEIGHT = 72
GAP_HEIGHT = 6
MOST_GAIN = 4.0         # quiet takes are drawn larger, as in the player

# Palette: 0 is clear, 1 the waveform's colour (readable on white and on black), the rest quiet to loud.
_CLEAR, _WAVE, _QUIETEST = 0, 1, 2
_WAVE_RGB = (47, 127, 209)


def picture_png(picture: Mapping[str, Any]) -> bytes:
    """Waveform above spectrogram, WIDTH pixels wide, from the document that the audio worker made."""
    rows = [*_waveform_rows(picture["peaks"]), *([bytes([_CLEAR]) * WIDTH] * GAP_HEIGHT)]
    rows += _spectrogram_rows(picture["spectrogram"])
    return indexed_png(rows, [(0, 0, 0), _WAVE_RGB, *ramp(256 - _QUIETEST)], first_is_clear=True)


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
