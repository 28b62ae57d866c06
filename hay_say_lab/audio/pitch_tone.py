"""What a pitch tracker heard: the contour as a tone, as loud as the clip, silent where the tracker heard no voice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.f0 import FRAMES_PER_SECOND, Contour, f0_contour
from hay_say_lab.audio.level import as_float32
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.scratch import zeros

if TYPE_CHECKING:
    import numpy

_OVERTONES = (1.0, 0.5, 0.25, 0.125)    # small loudspeakers do not play a low fundamental alone
_HIGHEST_SHARE = 0.45                   # of the sample rate, for an overtone
_LEVEL_SECONDS = 0.025
_RAMP_SECONDS = 0.010
_BLOCK_SECONDS = 5


def pitch_tone(
    samples: numpy.ndarray, sample_rate: int, contour: Contour | None = None, checkpoint: Checkpoint = unwatched
) -> numpy.ndarray:
    """Samples (N,) -> (N,) float32: a tone with three overtones on the contour (Harvest's, unless one is given)."""
    import numpy

    heard = contour or f0_contour(samples, sample_rate, checkpoint=part(checkpoint, 0.0, 0.9))
    frames = numpy.arange(len(heard.f0_hz))
    voiced = heard.f0_hz > 0
    # Through the gaps pitch goes in a straight line, so that it does not swoop where the tone fades.
    pitch = numpy.interp(frames, frames[voiced], heard.f0_hz[voiced]) if voiced.any() else numpy.zeros(len(frames))
    gate = voiced.astype(numpy.float64)
    tone = zeros(len(samples))
    if not voiced.any():
        return tone
    margin = round((_LEVEL_SECONDS + _RAMP_SECONDS) * sample_rate)
    phase = 0.0
    for start in range(0, len(samples), _BLOCK_SECONDS * sample_rate):
        checkpoint(0.9 + 0.1 * start / len(samples), "drawing the tone")
        end = min(start + _BLOCK_SECONDS * sample_rate, len(samples))
        position = numpy.arange(start, end) * (FRAMES_PER_SECOND / sample_rate)
        hertz = numpy.interp(position, frames, pitch)
        cycles = phase + numpy.cumsum(hertz) / sample_rate
        phase = float(cycles[-1] % 1.0)
        first, last = max(start - margin, 0), min(end + margin, len(samples))
        level = _level(samples, sample_rate, frames, gate, first, last)[start - first : end - first]
        tone[start:end] = as_float32(level * _wave(cycles, hertz, sample_rate))
    return tone


def _wave(cycles: numpy.ndarray, hertz: numpy.ndarray, sample_rate: int) -> numpy.ndarray:
    """A tone with overtones below half the sample rate, with a root mean square of 1."""
    import numpy

    wave, power = numpy.zeros(len(cycles)), numpy.zeros(len(cycles))
    for number, strength in enumerate(_OVERTONES, start=1):
        audible = strength * (number * hertz < _HIGHEST_SHARE * sample_rate)
        wave += audible * numpy.sin(2.0 * numpy.pi * number * cycles)
        power += 0.5 * audible * audible
    return wave / numpy.sqrt(numpy.maximum(power, 1e-12))


def _level(
    samples: numpy.ndarray, sample_rate: int, frames: numpy.ndarray, gate: numpy.ndarray, first: int, last: int
) -> numpy.ndarray:
    """The clip's root mean square around each of samples first..last, faded out where the gate (T,) is closed."""
    import numpy
    from scipy.ndimage import uniform_filter1d

    stretch = samples[first:last].astype(numpy.float64)
    power = uniform_filter1d(stretch * stretch, max(1, round(_LEVEL_SECONDS * sample_rate)), mode="nearest")
    nearest = numpy.rint(numpy.arange(first, last) * (FRAMES_PER_SECOND / sample_rate)).astype(int)
    open_ = gate[numpy.minimum(nearest, len(gate) - 1)]
    ramp = uniform_filter1d(open_, max(1, round(_RAMP_SECONDS * sample_rate)), mode="nearest")
    return numpy.sqrt(power.clip(0.0)) * ramp
