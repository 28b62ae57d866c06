"""Louder or quieter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.declaration import Effect, Settings, Sound
from hay_say_lab.audio.level import gain_of
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    return (block * gain_of(settings["gain_db"]) for block in sound.unchanged())


GAIN = Effect(
    "gain",
    "The same, louder or quieter.",
    (Number("gain_db", "dB", -60.0, 24.0, 0.0, 0.1, help="How much louder (above 0) or quieter."),),
    apply,
)
