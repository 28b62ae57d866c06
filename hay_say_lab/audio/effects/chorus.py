"""Several voices at once that never quite agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import Effect, Settings, Sound
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy

_NEAREST_SECONDS = 0.010            # no voice comes closer than this: below it, it would sound hollow


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    """The other voices alone, the same length: each a copy whose delay sways around its place. Where each begins to
    sway comes from the generator."""
    import numpy

    rate, voices = sound.sample_rate, int(settings["voices"])
    depth = settings["depth_ms"] / 1000.0 * rate
    starts = 2.0 * math.pi * (sound.generator.random() + numpy.arange(voices) / voices)
    turn = 2.0 * math.pi * settings["rate_hz"] / rate
    nearest = _NEAREST_SECONDS * rate
    before = int(nearest + 2.0 * depth) + 4
    for start, end in sound.blocks():
        places = numpy.arange(start, end)
        around = sound.samples.between(start - before, end + 4)
        wet = numpy.zeros(end - start)
        for phase in starts:
            delay = nearest + depth * (1.0 + numpy.sin(turn * places + phase))
            wet += _between(around, before + places - delay, start)
        yield wet / math.sqrt(voices)


def _between(samples: numpy.ndarray, places: numpy.ndarray, start: int) -> numpy.ndarray:
    """The samples at fractional places, by the cubic through the four around each (Lagrange); the first of the samples
    lies at place `start`."""
    import numpy

    whole = numpy.floor(places).astype(int)
    x = places - whole
    older, left, right, newer = (samples[whole - start + step] for step in (-1, 0, 1, 2))
    return (
        -x * (x - 1.0) * (x - 2.0) / 6.0 * older
        + (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0 * left
        - (x + 1.0) * x * (x - 2.0) / 2.0 * right
        + (x + 1.0) * x * (x - 1.0) / 6.0 * newer
    )


CHORUS = Effect(
    "chorus",
    "Several of the same voice at once; wider and softer.",
    (
        Number("rate_hz", "Hz", 0.05, 10.0, 0.8, 0.05, help="How fast the others sway."),
        Number("depth_ms", "ms", 0.0, 20.0, 2.0, 0.1, help="How far they sway; more is out of tune."),
        Number("voices", "voices", 1, 6, 3, 1, help="How many others there are."),
    ),
    apply,
    default_mix=0.5,
)
