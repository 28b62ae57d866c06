"""Louder or quieter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import Effect, Settings, Sound
from hay_say_lab.audio.level import gain_of
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy


def apply(sound: Sound, settings: Settings) -> numpy.ndarray:
    return sound.samples * gain_of(settings["gain_db"])


GAIN = Effect(
    "gain",
    "The same, louder or quieter.",
    (Number("gain_db", "dB", -60.0, 24.0, 0.0, 0.1, help="How much louder (above 0) or quieter."),),
    apply,
)
