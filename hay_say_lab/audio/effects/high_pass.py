"""What rumbles is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.biquads import butterworth_sections, filtered
from hay_say_lab.audio.effects.declaration import Effect, Settings, Sound
from hay_say_lab.domain.control import Choice, Number

if TYPE_CHECKING:
    import numpy


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    cutoff = sound.below_nyquist(settings["cutoff_hz"])
    return filtered(sound, butterworth_sections(sound, cutoff, "highpass", int(settings["slope_db"])))


HIGH_PASS = Effect(
    "high_pass",
    "Without rumble; higher up, as from a small loudspeaker.",
    (
        Number("cutoff_hz", "Hz", 10.0, 8000.0, 80.0, 1.0, help="What lies below is taken away (-3 dB here)."),
        Choice("slope_db", ("12", "24", "48"), "12", help="How steeply, in dB per octave."),
    ),
    apply,
)
