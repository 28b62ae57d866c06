"""Hissing s sounds are turned down, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.ballistics import SMALLEST_LEVEL, Follower, gains, step_count, step_samples, whole_steps
from hay_say_lab.audio.effects.declaration import HIGHEST_SHARE, Effect, Settings, Sound
from hay_say_lab.audio.scratch import blocks, zeros
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy

_FILTER_SECONDS = 0.004
_ATTACK_MS, _RELEASE_MS = 2.0, 30.0
_SMOOTHED_STEPS = 5
_BATCH_STEPS = 1 << 16


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    """The band above frequency_hz is taken down where it holds more of the sound than the threshold allows. A band
    above what the sample rate carries holds nothing."""
    from scipy.signal import firwin

    if settings["frequency_hz"] >= HIGHEST_SHARE * sound.sample_rate:
        return sound.unchanged()
    reach = max(2, round(_FILTER_SECONDS * sound.sample_rate / 2))
    kernel = firwin(2 * reach + 1, settings["frequency_hz"], fs=sound.sample_rate, pass_zero=False)
    return _softened(sound, kernel, settings["threshold_db"], settings["reduction_db"])


def _softened(sound: Sound, kernel: numpy.ndarray, threshold_db: float, most_db: float) -> Iterator[numpy.ndarray]:
    """Two walks: how much hiss each millisecond holds, then the sound with less of it."""
    step, block = step_samples(sound.sample_rate), whole_steps(sound.sample_rate)
    energies = zeros((2, step_count(sound)), "float64")            # of the hiss, and of all: 58 MB an hour, in a file
    for start, end in sound.blocks(block, doing=0.5):
        place = slice(start // step, -(-end // step))
        energies[0, place] = _energies(_high_band(sound, kernel, start, end), step)
        energies[1, place] = _energies(sound.samples[start:end], step)
    taken = _reductions(sound, energies, threshold_db, most_db)
    for start, end in sound.blocks(block, done=0.5, doing=0.5):
        hiss = _high_band(sound, kernel, start, end)
        yield sound.samples[start:end] - hiss + hiss * gains(sound, start, end, taken)


def _high_band(sound: Sound, kernel: numpy.ndarray, start: int, end: int) -> numpy.ndarray:
    """What of samples start..end passes the kernel, without delay: the rest plus this is the sound again."""
    from scipy.signal import oaconvolve

    reach = len(kernel) // 2
    return oaconvolve(sound.samples.between(start - reach, end + reach), kernel, "valid")


def _energies(samples: numpy.ndarray, step: int) -> numpy.ndarray:
    """(steps,) the mean square of each millisecond of samples (n,)."""
    import numpy

    return numpy.add.reduceat(samples * samples, numpy.arange(0, len(samples), step)) / step


def _reductions(sound: Sound, energies: numpy.ndarray, threshold_db: float, most_db: float) -> numpy.ndarray:
    """What is taken off the hiss (steps,) in dB, by the energies (2, steps) of the hiss and of all, each over five
    milliseconds."""
    import numpy
    from scipy.ndimage import uniform_filter1d

    follower, steps, reach = Follower(_ATTACK_MS, _RELEASE_MS), energies.shape[1], _SMOOTHED_STEPS // 2
    taken = zeros(steps, "float64")
    for start, end in blocks(steps, _BATCH_STEPS):
        sound.checkpoint(0.5, "applying effects")
        first, last = max(start - reach, 0), min(end + reach, steps)
        smooth = uniform_filter1d(energies[:, first:last], _SMOOTHED_STEPS, axis=1, mode="nearest")
        hiss, whole = numpy.maximum(smooth[:, start - first : end - first], 0.0) + SMALLEST_LEVEL**2
        over = numpy.clip(10.0 * numpy.log10(hiss / whole) - threshold_db, 0.0, most_db)
        taken[start:end] = follower.follow(over)
    return taken


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
