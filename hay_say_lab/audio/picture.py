"""A clip as a picture: peaks and a mel spectrogram, small enough to travel to a browser as one document."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.level import peak_of
from hay_say_lab.domain.clip import Clip

if TYPE_CHECKING:
    import numpy

PEAK_COLUMNS = 1200
SPECTROGRAM_COLUMNS = 600
BANDS = 80
FLOOR_DB = -80.0
SILENT_POWER = 1e-12
LOW_HZ = 50.0
WINDOW_SECONDS = 0.032
BATCH_COLUMNS = 256                     # bounds the memory of the transform, whatever the clip's length


def picture_of(clip: Clip) -> dict[str, Any]:
    """Peaks as int8 pairs, spectrogram as uint8 (0 = FLOOR_DB below the loudest cell, 255 = the loudest)."""
    import numpy

    samples = numpy.asarray(clip.samples, dtype=numpy.float32)
    low, high = _peaks(samples)
    cells = _mel_spectrogram(samples, clip.sample_rate)         # (columns, bands)
    top_hz = clip.sample_rate / 2
    return {
        "sample_rate": clip.sample_rate,
        "frames": len(samples),
        "seconds": len(samples) / clip.sample_rate,
        "peak": peak_of(samples),
        "peaks": {"columns": len(low), "low": _packed(low), "high": _packed(high)},
        "spectrogram": {
            "bands": BANDS,
            "columns": len(cells),
            "low_hz": LOW_HZ,
            "high_hz": top_hz,
            "scale": "mel",
            "floor_db": FLOOR_DB,
            "data": _packed(cells),
        },
    }


def hz_to_mel(hz: float | numpy.ndarray) -> numpy.ndarray:
    """Mel scale by O'Shaughnessy (1987): 2595 log10(1 + f / 700)."""
    import numpy

    return 2595.0 * numpy.log10(1.0 + numpy.asarray(hz, dtype=float) / 700.0)


def mel_to_hz(mel: float | numpy.ndarray) -> numpy.ndarray:
    import numpy

    return 700.0 * (10.0 ** (numpy.asarray(mel, dtype=float) / 2595.0) - 1.0)


def _peaks(samples: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Lowest and highest sample of each column, as int8 (127 = full scale)."""
    import numpy

    columns = min(PEAK_COLUMNS, max(1, len(samples)))
    edges = numpy.linspace(0, len(samples), columns, endpoint=False).astype(int)
    low, high = numpy.zeros((2, columns), dtype=numpy.float32)
    for column, start in enumerate(edges):
        end = edges[column + 1] if column + 1 < columns else len(samples)
        if len(stretch := samples[start:end]):
            low[column], high[column] = stretch.min(), stretch.max()
    low, high = (numpy.clip(side, -1.0, 1.0) * numpy.float32(127.0) for side in (low, high))
    return numpy.floor(low).clip(-127).astype(numpy.int8), numpy.ceil(high).astype(numpy.int8)


def _mel_spectrogram(samples: numpy.ndarray, sample_rate: int) -> numpy.ndarray:
    import numpy

    width = 1 << max(6, round(float(numpy.log2(WINDOW_SECONDS * sample_rate))))
    columns = int(min(SPECTROGRAM_COLUMNS, max(1, len(samples) // (width // 4))))
    centres = numpy.linspace(0, len(samples), columns, endpoint=False).astype(int)
    window = numpy.hanning(width).astype(numpy.float32)
    weights = _mel_weights(width, sample_rate)
    power = numpy.empty((columns, BANDS))
    for first in range(0, columns, BATCH_COLUMNS):
        rows = numpy.stack([_around(samples, centre, width) for centre in centres[first : first + BATCH_COLUMNS]])
        spectrum = numpy.abs(numpy.fft.rfft(rows * window, axis=1)) ** 2
        power[first : first + len(rows)] = spectrum @ weights
    decibels = 10.0 * numpy.log10(power + SILENT_POWER)
    loudest = max(decibels.max(), 10.0 * numpy.log10(SILENT_POWER) - FLOOR_DB)      # silence is dark, not bright
    relative = numpy.clip(decibels - loudest, FLOOR_DB, 0.0)
    return numpy.round((1.0 - relative / FLOOR_DB) * 255.0).astype(numpy.uint8)


def _around(samples: numpy.ndarray, centre: int, width: int) -> numpy.ndarray:
    """(width,) samples from centre - width / 2 on, silence outside of the clip."""
    import numpy

    start = centre - width // 2
    window = numpy.zeros(width, dtype=numpy.float32)
    inside = samples[max(start, 0) : max(start + width, 0)]
    at = max(-start, 0)
    window[at : at + len(inside)] = inside
    return window


def _mel_weights(width: int, sample_rate: int) -> numpy.ndarray:
    """Triangular weights (bins, BANDS), each summing to one (a band without a bin takes its nearest one)."""
    import numpy

    bins = numpy.fft.rfftfreq(width, 1.0 / sample_rate)
    edges = mel_to_hz(numpy.linspace(hz_to_mel(LOW_HZ), hz_to_mel(sample_rate / 2), BANDS + 2))
    rising = (bins[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    weights = numpy.clip(numpy.minimum(rising, falling), 0.0, None)
    for band in numpy.flatnonzero(weights.sum(axis=0) <= 0.0):
        weights[numpy.abs(bins - edges[band + 1]).argmin(), band] = 1.0
    return weights / weights.sum(axis=0)


def _packed(array: numpy.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
