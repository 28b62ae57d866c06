"""Voicing: how well a short stretch of sound repeats itself at the period of a voice.

The normalised autocorrelation of P. Boersma, Accurate short-term analysis of the fundamental frequency (1993): 1 for
a perfectly periodic stretch, near 0 for noise, whatever the level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.resampling import resampled
from hay_say_lab.audio.scratch import padded as padded_with

if TYPE_CHECKING:
    import numpy

ANALYSIS_RATE = 8_000               # a voice repeats itself below 4 kHz or nowhere
WINDOW_SECONDS = 0.060
LOWEST_HZ, HIGHEST_HZ = 60.0, 800.0
VOICED_FROM = 0.5                   # periodicity: white noise reaches 0.35, a voice at 3 dB SNR 0.6
_WIDTH = round(WINDOW_SECONDS * ANALYSIS_RATE)      # 480 samples
_FFT = 1024                         # at least _WIDTH + the longest period, so that nothing wraps around
_BATCH_FRAMES = 512
_SMALLEST_POWER = 1e-18


def periodicity(
    samples: numpy.ndarray, sample_rate: int, frames_per_second: int, frames: int, checkpoint: Checkpoint = unwatched
) -> numpy.ndarray:
    """(frames,) float32 in 0..1: the best repetition at any period of a voice, frame i centred on its middle."""
    import numpy

    shortest, longest = int(ANALYSIS_RATE / HIGHEST_HZ), int(ANALYSIS_RATE / LOWEST_HZ)
    best = numpy.zeros(frames, dtype=numpy.float32)
    for first, repeats in _repetitions(samples, sample_rate, frames_per_second, frames, 0.5, checkpoint):
        inner = repeats[:, shortest : longest + 1]
        # A slope down from lag 0 is no repetition: only a local maximum is.
        peak = (inner >= repeats[:, shortest - 1 : longest]) & (inner >= repeats[:, shortest + 1 : longest + 2])
        best[first : first + len(repeats)] = numpy.where(peak, inner, 0.0).max(axis=1)
    return best.clip(0.0, 1.0)


def periodicity_at(
    samples: numpy.ndarray,
    sample_rate: int,
    frames_per_second: int,
    f0_hz: numpy.ndarray,
    checkpoint: Checkpoint = unwatched,
) -> numpy.ndarray:
    """(T,) float32 in 0..1: the repetition at the period of f0 (T,), frame i centred on i / frames_per_second; 0 where
    f0 is 0."""
    import numpy

    found = numpy.zeros(len(f0_hz), dtype=numpy.float32)
    for first, repeats in _repetitions(samples, sample_rate, frames_per_second, len(f0_hz), 0.0, checkpoint):
        pitch = f0_hz[first : first + len(repeats)]
        lag = numpy.rint(ANALYSIS_RATE / numpy.maximum(pitch, LOWEST_HZ / 2)).astype(int).clip(2, _WIDTH // 2)
        rows = numpy.arange(len(repeats))
        near = numpy.max([repeats[rows, lag + step] for step in (-1, 0, 1)], axis=0)
        found[first : first + len(repeats)] = numpy.where(pitch > 0, near, 0.0)
    return found.clip(0.0, 1.0)


def _repetitions(
    samples: numpy.ndarray,
    sample_rate: int,
    frames_per_second: int,
    frames: int,
    offset_frames: float,
    checkpoint: Checkpoint,
) -> Iterator[tuple[int, numpy.ndarray]]:
    """(first frame, normalised autocorrelation (n, lags)) batch by batch; frame i's centre is i + offset frames."""
    import numpy

    slow = resampled(samples, sample_rate, ANALYSIS_RATE, checkpoint=part(checkpoint, 0.0, 0.3))
    padded = padded_with(slow, _WIDTH, _WIDTH)
    window = numpy.hanning(_WIDTH + 1)[:-1]
    own = numpy.fft.irfft(numpy.abs(numpy.fft.rfft(window, _FFT)) ** 2)[: _WIDTH // 2 + 2]
    for first in range(0, frames, _BATCH_FRAMES):
        checkpoint(0.3 + 0.7 * first / frames, "looking for a voice")
        numbers = numpy.arange(first, min(first + _BATCH_FRAMES, frames))
        centres = numpy.rint((numbers + offset_frames) * (ANALYSIS_RATE / frames_per_second)).astype(int)
        starts = numpy.minimum(centres + _WIDTH // 2, len(padded) - _WIDTH)
        stretches = padded[starts[:, None] + numpy.arange(_WIDTH)].astype(numpy.float64)
        stretches = (stretches - stretches.mean(axis=1, keepdims=True)) * window
        spectrum = numpy.abs(numpy.fft.rfft(stretches, _FFT)) ** 2
        lags = numpy.fft.irfft(spectrum)[:, : len(own)]
        loudest = numpy.maximum(lags[:, :1], _SMALLEST_POWER)
        yield first, (lags / loudest) * (own[0] / own)
