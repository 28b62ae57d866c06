"""Sounds that tests are made of, and files of them in every container."""

from __future__ import annotations

import io
from pathlib import Path

import numpy
import soundfile

SAMPLE_RATE = 44_100


def own_memory_kb() -> int:
    """Anonymous memory of this process: what no file backs (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])


def tone(seconds: float = 0.5, hertz: float = 440.0, sample_rate: int = SAMPLE_RATE, peak: float = 0.5) -> numpy.ndarray:
    """A sine with a little noise: samples (N,) float32."""
    count = round(seconds * sample_rate)
    noise = numpy.random.default_rng(0).standard_normal(count)
    sine = numpy.sin(2 * numpy.pi * hertz * numpy.arange(count) / sample_rate)
    return (peak * (0.98 * sine + 0.005 * noise)).astype(numpy.float32)


def encoded(
    container: str, encoding: str | None = None, samples: numpy.ndarray | None = None, sample_rate: int = SAMPLE_RATE
) -> bytes:
    """A sound file; `samples` (N,) or (N, channels)."""
    buffer = io.BytesIO()
    soundfile.write(
        buffer, tone(sample_rate=sample_rate) if samples is None else samples, sample_rate, format=container, subtype=encoding
    )
    return buffer.getvalue()


def decoded(content: bytes) -> tuple[numpy.ndarray, int]:
    """Samples float32 and sample rate of a sound file."""
    return soundfile.read(io.BytesIO(content), dtype="float32")
