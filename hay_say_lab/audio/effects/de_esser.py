"""Hissing s sounds are turned down, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.ballistics import SMALLEST_LEVEL, followed, step_samples, turned_down
from hay_say_lab.audio.effects.declaration import HIGHEST_SHARE, Effect, Settings, Sound
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy

_FILTER_SECONDS = 0.004
_ATTACK_MS, _RELEASE_MS = 2.0, 30.0


def apply(sound: Sound, settings: Settings) -> numpy.ndarray:
    """The band above frequency_hz is taken down where it holds more of the sound than the threshold allows. A band
    above what the sample rate carries holds nothing."""
    import numpy

    if settings["frequency_hz"] >= HIGHEST_SHARE * sound.sample_rate:
        return sound.samples
    hiss = _high_band(sound, settings["frequency_hz"])
    step = step_samples(sound.sample_rate)
    share_db = 10.0 * numpy.log10(_powers(hiss, step) / _powers(sound.samples, step))
    over = numpy.clip(share_db - settings["threshold_db"], 0.0, settings["reduction_db"])
    return sound.samples - hiss + turned_down(sound, hiss, followed(over, _ATTACK_MS, _RELEASE_MS))


def _high_band(sound: Sound, hertz: float) -> numpy.ndarray:
    """(N,) what lies above `hertz`, without delay: the rest plus this is the sound again."""
    import numpy
    from scipy.signal import firwin, oaconvolve

    reach = max(2, round(_FILTER_SECONDS * sound.sample_rate / 2))
    kernel = firwin(2 * reach + 1, hertz, fs=sound.sample_rate, pass_zero=False)
    band = numpy.empty(len(sound.samples))
    for start, end in sound.blocks():
        first = max(start - reach, 0)
        surrounded = sound.samples[first : end + reach]
        whole = oaconvolve(numpy.pad(surrounded, reach), kernel, "valid")
        band[start:end] = whole[start - first : start - first + end - start]
    return band


def _powers(samples: numpy.ndarray, step: int) -> numpy.ndarray:
    """(steps,) the mean square of five milliseconds around each."""
    import numpy
    from scipy.ndimage import uniform_filter1d

    sums = numpy.add.reduceat(samples * samples, numpy.arange(0, len(samples), step)) / step
    return numpy.maximum(uniform_filter1d(sums, 5, mode="nearest"), 0.0) + SMALLEST_LEVEL**2


DE_ESSER = Effect(
    "de_esser",
    "The same voice with gentler s and sh.",
    (
        Number("frequency_hz", "Hz", 2000.0, 12000.0, 5000.0, 50.0, help="Hiss is what lies above this."),
        Number("threshold_db", "dB", -40.0, 0.0, -12.0, 0.5, help="The hiss's share of the sound that is left alone."),
        Number("reduction_db", "dB", 0.0, 24.0, 8.0, 0.5, help="The most that is taken off."),
    ),
    apply,
)
