"""An equaliser of three bands: low shelf, bell, high shelf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.biquads import filtered, peak_section, shelf_section
from hay_say_lab.audio.effects.declaration import HIGHEST_SHARE, Effect, Settings, Sound
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    """A band that lies above what the sample rate carries has nothing to change, and is left out."""
    rate = sound.sample_rate
    low, peak, high = (settings[name] for name in ("low_hz", "peak_hz", "high_hz"))
    sections = []
    if settings["low_db"]:
        sections.append(shelf_section(rate, sound.below_nyquist(low), settings["low_db"], high=False))
    if settings["peak_db"] and peak < HIGHEST_SHARE * rate:
        sections.append(peak_section(rate, peak, settings["peak_db"], settings["peak_q"]))
    if settings["high_db"] and high < HIGHEST_SHARE * rate:
        sections.append(shelf_section(rate, high, settings["high_db"], high=True))
    return filtered(sound, sections) if sections else sound.unchanged()


EQ = Effect(
    "eq",
    "Warmer or thinner, nearer or farther, brighter or duller.",
    (
        Number("low_db", "dB", -24.0, 24.0, 0.0, 0.1, help="The body of the sound, below low_hz."),
        Number("low_hz", "Hz", 20.0, 1000.0, 150.0, 1.0, help="Where the low shelf ends."),
        Number("peak_db", "dB", -24.0, 24.0, 0.0, 0.1, help="What lies around peak_hz."),
        Number("peak_hz", "Hz", 100.0, 16000.0, 2500.0, 1.0, help="The middle of the bell; 2 to 4 kHz is presence."),
        Number("peak_q", "Q", 0.1, 10.0, 1.0, 0.1, help="How narrow the bell is."),
        Number("high_db", "dB", -24.0, 24.0, 0.0, 0.1, help="The air of the sound, above high_hz."),
        Number("high_hz", "Hz", 1000.0, 16000.0, 7000.0, 1.0, help="Where the high shelf begins."),
    ),
    apply,
)
