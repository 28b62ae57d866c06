"""What is bright is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.biquads import butterworth_sections, filtered
from hay_say_lab.audio.effects.declaration import HIGHEST_SHARE, Effect, Settings, Sound
from hay_say_lab.domain.control import Choice, Number

if TYPE_CHECKING:
    import numpy


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    """A cutoff above what the sample rate carries takes nothing away."""
    cutoff = settings["cutoff_hz"]
    if cutoff >= HIGHEST_SHARE * sound.sample_rate:
        return sound.unchanged()
    return filtered(sound, butterworth_sections(sound, cutoff, "lowpass", int(settings["slope_db"])))


LOW_PASS = Effect(
    "low_pass",
    "Duller; lower down, as through a wall.",
    (
        Number("cutoff_hz", "Hz", 100.0, 20000.0, 8000.0, 1.0, help="What lies above is taken away (-3 dB here)."),
        Choice("slope_db", ("12", "24", "48"), "12", help="How steeply, in dB per octave."),
    ),
    apply,
)
