"""Echoes, one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import Effect, Settings, Sound
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy

_GONE = 1e-3                        # an echo 60 dB down is not waited for


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    """The echoes alone, until they are 60 dB down or 10 seconds have passed. Each is the one before, duller and
    `feedback` times as loud."""
    import numpy
    from scipy.signal import lfilter

    rate, feedback = sound.sample_rate, settings["feedback"]
    delay = max(1, round(settings["time_seconds"] * rate))
    echoes = 1 if feedback == 0.0 else 1 + math.ceil(math.log(_GONE) / math.log(feedback))
    tail = max(delay, sound.tail_samples(echoes * settings["time_seconds"]))
    pole = math.exp(-2.0 * math.pi * sound.below_nyquist(settings["damping_hz"]) / rate)
    before, memory = numpy.zeros(delay), numpy.zeros(1)
    for start, end in sound.blocks(delay, tail):
        count = end - start
        if start:
            back, memory = lfilter([1.0 - pole], [1.0, -pole], before[:count], zi=memory)
            before = feedback * back + sound.samples.between(start - delay, end - delay)
        yield before[:count]


DELAY = Effect(
    "delay",
    "As across a valley.",
    (
        Number("time_seconds", "s", 0.01, 2.0, 0.3, 0.01, help="The time from one echo to the next."),
        Number("feedback", "share", 0.0, 0.95, 0.35, 0.01, help="How loud each echo is against the one before."),
        Number("damping_hz", "Hz", 500.0, 16000.0, 6000.0, 50.0, help="Each echo loses what lies above."),
    ),
    apply,
    default_mix=0.25,
)
