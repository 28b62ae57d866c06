"""Sound files for uploads, good and bad, as bytes."""

from __future__ import annotations

import io
import struct

import numpy
import soundfile

RATE = 16_000


def tone(seconds: float = 0.5, sample_rate: int = RATE, channels: int = 1) -> numpy.ndarray:
    """A quiet sine -> samples (N, C) float32."""
    times = numpy.arange(round(seconds * sample_rate)) / sample_rate
    samples = 0.3 * numpy.sin(2 * numpy.pi * 220 * times, dtype=numpy.float64)
    return numpy.repeat(samples.astype(numpy.float32)[:, None], channels, axis=1)


def encoded(samples: numpy.ndarray, container: str = "WAV", subtype: str | None = None, rate: int = RATE) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=container, subtype=subtype)
    return buffer.getvalue()


def noise(seconds: float, seed: int = 1) -> bytes:
    """A WAV that does not compress: for uploads of a wanted size (32 kB a second)."""
    rng = numpy.random.default_rng(seed)
    return encoded((rng.random((round(seconds * RATE), 1), dtype=numpy.float32) - 0.5) * 0.2)


def with_nan() -> bytes:
    samples = tone()
    samples[100] = numpy.nan
    return encoded(samples, subtype="FLOAT")


def hours_of_silence(hours: float = 10, told: bool = True) -> bytes:
    """A FLAC of silence at 10 samples a second, so that it costs nothing; not `told`: its header keeps the length back."""
    content = bytearray(encoded(numpy.zeros((round(hours * 36_000), 1), numpy.float32), "FLAC", rate=10))
    if not told:                        # the last 36 bits of STREAMINFO's rate, channels, depth and length
        assert content[:4] == b"fLaC"
        place = 4 + 4 + 10
        word = struct.unpack(">Q", content[place : place + 8])[0]
        content[place : place + 8] = struct.pack(">Q", word >> 36 << 36)
    return bytes(content)
