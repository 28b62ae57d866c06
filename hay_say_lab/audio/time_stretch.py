"""Faster or slower at the same pitch.

WSOLA: W. Verhelst and M. Roelands, An overlap-add technique based on waveform similarity (WSOLA) for high quality
time-scale modification of speech, ICASSP 1993.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.level import Doubles, as_float32, level_exponent
from hay_say_lab.audio.progress import Checkpoint, unwatched
from hay_say_lab.audio.scratch import zeros

if TYPE_CHECKING:
    import numpy

SLOWEST, FASTEST = 0.25, 4.0
_HOP_SECONDS = 0.015                # windows of 30 ms: two periods of a low voice
_SEARCH_SECONDS = 0.0085            # to either side: one whole period of 60 Hz finds its place
_SMALLEST_ENERGY = 1e-9
_FRAMES_PER_CHECKPOINT = 256


def time_stretch(
    samples: numpy.ndarray, sample_rate: int, speed: float, checkpoint: Checkpoint = unwatched
) -> numpy.ndarray:
    """Samples (N,) -> (round(N / speed),) float32, at least one; speed 0.25 (slow)..4 (fast).

    Speed 1 gives the same array back. Each window is taken, within 8.5 ms of its place, from where it goes on most like
    the window before it.
    """
    import numpy

    wanted = max(1, round(len(samples) / speed)) if len(samples) else 0
    if speed == 1.0 or not len(samples):
        return samples
    hop, search = max(2, round(_HOP_SECONDS * sample_rate)), max(1, round(_SEARCH_SECONDS * sample_rate))
    if len(samples) < 2 * hop:
        return _squeezed(samples, wanted)
    exponent = level_exponent(samples)
    sound = Doubles(samples, exponent)
    window = 0.5 - 0.5 * numpy.cos(numpy.pi * numpy.arange(2 * hop) / hop)      # its two halves add up to 1
    frames = wanted // hop + 2
    stretched, falling = zeros(wanted), numpy.zeros(hop)
    start = -hop                                                                # the first window is centred on sample 0
    for frame in range(frames):
        if frame % _FRAMES_PER_CHECKPOINT == 0:
            checkpoint(frame / frames, "changing the speed")
        if frame:
            place = min(round(frame * hop * speed), len(samples)) - hop
            start = place + _most_alike(sound, start + hop, place, 2 * hop, search)
        laid = window * sound.between(start, start + 2 * hop)
        if frame and (room := min(hop, wanted - (frame - 1) * hop)) > 0:
            done = (falling + laid[:hop])[:room]
            stretched[(frame - 1) * hop : (frame - 1) * hop + room] = as_float32(numpy.ldexp(done, -exponent))
        falling = laid[hop:]
    return stretched


def _most_alike(sound: Doubles, model: int, place: int, width: int, search: int) -> int:
    """The offset within +-search at which the window at `place` is most like the one at `model`; 0 in silence."""
    import numpy
    from scipy.signal import correlate

    pattern = sound.between(model, model + width)
    stretch = sound.between(place - search, place + search + width)
    energy = numpy.cumsum(numpy.concatenate([[0.0], stretch * stretch]))
    energy = energy[width:] - energy[:-width]
    alike = correlate(stretch, pattern, "valid", method="fft") / numpy.sqrt(energy + _SMALLEST_ENERGY * width)
    if not numpy.any(pattern):
        return 0
    return int(alike.argmax()) - search


def _squeezed(samples: numpy.ndarray, wanted: int) -> numpy.ndarray:
    """A clip shorter than one window (30 ms) has no tempo: it is read faster or slower, by straight lines."""
    import numpy

    places = (numpy.arange(wanted) + 0.5) * len(samples) / wanted - 0.5
    return as_float32(numpy.interp(places, numpy.arange(len(samples)), samples.astype(numpy.float64)))
