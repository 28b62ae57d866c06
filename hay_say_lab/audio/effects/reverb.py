"""A room around the voice: a feedback delay network.

J.-M. Jot and A. Chaigne, Digital delay networks for designing artificial reverberators, AES 90 (1991): every line's
gain is chosen so that all of them fall by 60 dB in the same time; a Householder matrix mixes the lines without loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import Effect, Settings, Sound
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy

# Seconds at size 1; no two are in a simple ratio, so that echoes do not fall together.
_LINE_SECONDS = (
    0.01511, 0.01933, 0.02273, 0.02659, 0.03019, 0.03467, 0.03917, 0.04421, 0.04943, 0.05479, 0.06131, 0.06793,
)  # fmt: skip


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    """The room alone, and `decay_seconds` (at most 10) longer than the sound."""
    import numpy
    from scipy.signal import lfilter

    rate = sound.sample_rate
    delays = numpy.array([max(2, round(settings["size"] * seconds * rate)) for seconds in _LINE_SECONDS])
    gains = 10.0 ** (-3.0 * delays / (settings["decay_seconds"] * rate))
    pole = math.exp(-2.0 * math.pi * sound.below_nyquist(settings["damping_hz"]) / rate)
    lines = len(delays)
    into = numpy.full((lines, 1), 1.0 / math.sqrt(lines))
    out_of = numpy.where(numpy.arange(lines) % 2, -1.0, 1.0) / math.sqrt(lines)
    level = math.sqrt(max(1e-6, 1.0 - float((gains**2).mean())))      # a long room holds more energy, and is no louder

    before = round(settings["predelay_ms"] / 1000.0 * rate)
    tail = before + sound.tail_samples(settings["decay_seconds"])
    held = numpy.zeros((lines, int(delays.max())))                    # the newest sample of each line is the last one
    memory = numpy.zeros((lines, 1))
    for start, end in sound.blocks(int(delays.min()), tail):
        count, dry = end - start, sound.samples.between(start - before, end - before)
        ends = numpy.stack([held[line, -delay : held.shape[1] - delay + count] for line, delay in enumerate(delays)])
        ends, memory = lfilter([1.0 - pole], [1.0, -pole], ends * gains[:, None], axis=1, zi=memory)
        yield level * (out_of @ ends)
        mixed = ends - (2.0 / lines) * ends.sum(axis=0)
        held = numpy.concatenate([held[:, count:], mixed + into * dry], axis=1)


REVERB = Effect(
    "reverb",
    "As in a room, from a cupboard to a cathedral.",
    (
        Number("decay_seconds", "s", 0.1, 10.0, 1.2, 0.05, help="How long it rings (until 60 dB are gone)."),
        Number("size", "times", 0.2, 2.0, 1.0, 0.05, help="How far the walls are."),
        Number("damping_hz", "Hz", 500.0, 16000.0, 5000.0, 50.0, help="Walls swallow what lies above; low is soft."),
        Number("predelay_ms", "ms", 0.0, 200.0, 15.0, 1.0, help="How long the first echo takes."),
    ),
    apply,
    default_mix=0.25,
)
