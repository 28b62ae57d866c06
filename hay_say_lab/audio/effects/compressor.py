"""Quiet and loud come closer together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.effects.ballistics import Follower, gains, peak_levels, step_count, step_samples, whole_steps
from hay_say_lab.audio.effects.declaration import Effect, Settings, Sound
from hay_say_lab.audio.level import gain_of
from hay_say_lab.audio.scratch import zeros
from hay_say_lab.domain.control import Number

if TYPE_CHECKING:
    import numpy


def apply(sound: Sound, settings: Settings) -> Iterator[numpy.ndarray]:
    """Two walks: what is taken of each millisecond, then the sound without it."""
    step, block, makeup = step_samples(sound.sample_rate), whole_steps(sound.sample_rate), gain_of(settings["makeup_db"])
    follower = Follower(settings["attack_ms"], settings["release_ms"])
    taken = zeros(step_count(sound), "float64")
    for start, end in sound.blocks(block, doing=0.5):
        levels = peak_levels(sound.samples[start:end], step)
        wanted = reductions(levels, settings["threshold_db"], settings["ratio"], settings["knee_db"])
        taken[start // step : start // step + len(levels)] = follower.follow(wanted)
    for start, end in sound.blocks(block, done=0.5, doing=0.5):
        yield sound.samples[start:end] * gains(sound, start, end, taken) * makeup


def reductions(levels_db: numpy.ndarray, threshold_db: float, ratio: float, knee_db: float) -> numpy.ndarray:
    """(steps,) levels in dB -> reductions in dB, 0 or more: the gain computer with a parabola through the knee."""
    import numpy

    over = levels_db - threshold_db
    slope = 1.0 - 1.0 / ratio
    hard = slope * numpy.maximum(over, 0.0)
    if knee_db <= 0.0:
        return hard
    soft = slope * (over + knee_db / 2) ** 2 / (2 * knee_db)
    return numpy.where(numpy.abs(over) <= knee_db / 2, soft, hard)


COMPRESSOR = Effect(
    "compressor",
    "More even and closer, like a voice on the radio.",
    (
        Number("threshold_db", "dB", -60.0, 0.0, -20.0, 0.5, help="Peaks above this level are turned down."),
        Number("ratio", "to 1", 1.0, 20.0, 3.0, 0.1, help="How many dB above the threshold become one."),
        Number("attack_ms", "ms", 1.0, 200.0, 5.0, 0.5, help="How fast it turns down; slower keeps consonants sharp."),
        Number("release_ms", "ms", 5.0, 2000.0, 100.0, 5.0, help="How fast it comes back; too fast pumps."),
        Number("knee_db", "dB", 0.0, 24.0, 6.0, 0.5, help="How gradually it sets in around the threshold."),
        Number("makeup_db", "dB", 0.0, 24.0, 0.0, 0.5, help="How much louder everything becomes afterwards."),
    ),
    apply,
)
