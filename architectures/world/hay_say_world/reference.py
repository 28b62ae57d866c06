"""Listening to a reference recording: what a voice is made of, and why some recordings make none.

The bounds were set by hearing 10 recordings of people and 6 synthetic voices against noises, tones, pulses,
sirens, chords and overdriven speech; the figures beside them are what was found on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hay_say_lab.plugin import Context, InvalidRequest
from hay_say_world.analysis import PitchSearch
from hay_say_world.arrays import Floats
from hay_say_world.classes import FrameClasses, classify
from hay_say_world.frames import FRAMES_PER_SECOND
from hay_say_world.journal import Journal
from hay_say_world.level import level_exponent, rms, scaled
from hay_say_world.manifest import (
    GOOD_REFERENCE_SECONDS,
    LONGEST_REFERENCE_SECONDS,
    QUIETEST_REFERENCE_RMS,
    SHORTEST_REFERENCE_SECONDS,
)
from hay_say_world.pitch import PitchHabit, habit_of
from hay_say_world.portrait import Portrait, portraits
from hay_say_world.profile import Profile
from hay_say_world.survey import Survey, survey, survey_work
from hay_say_world.tract import tract_model
from hay_say_world.transport import FRAMES_FOR_COVARIANCE

_LEAST_VOICED_SECONDS = 0.8     # with periodicity; speech has 1.2 or more in 3 s, pink noise 0.4
_LEAST_VARIETY = 7.0            # of timbre; speech 7.7 (in noise as loud) to 23, noises and tones up to 6.3
_MOST_CLIPPED, _SOME_CLIPPED = 0.10, 0.005      # share of samples at the peak; speech 0.00, a sine 0.03
_AT_PEAK = 0.999
_NOISY_SHARE = 0.5              # of voiced frames, without periodicity; 0.6 in noise as loud, 0.31 in quiet
_TIMBRE_WORK = 0.03             # seconds per second of recording, in the unit of the journal


@dataclass(frozen=True, slots=True)
class Portrayed:
    """A profile, and what people are told about it."""

    profile: Profile
    report: Mapping[str, Any]


def portray(samples: Floats, sample_rate: int, context: Context) -> Portrayed:
    """Finite reference samples (N,) -> profile; raises InvalidRequest where no voice can be made of them."""
    seconds = len(samples) / sample_rate
    centred = samples - samples.mean(dtype=np.float64).astype(samples.dtype)
    clipped = _judge_sound(samples, centred, seconds)
    search = PitchSearch()
    timbre_work = _TIMBRE_WORK * seconds
    journal = Journal(context, survey_work(seconds, search) + timbre_work)
    heard = survey(scaled(centred, level_exponent(centred)), sample_rate, search, journal)
    classes = classify(heard.loudness, heard.f0_hz)
    pitch = _judge_voice(heard, classes)
    found = portraits(heard, classes)
    _judge_timbre(found[min(found)])
    journal.advance(0.3 * timbre_work, "learning the timbre")
    tract = tract_model(heard.envelopes[classes.voiced[heard.sampled]], sample_rate)
    journal.advance(0.7 * timbre_work, "learning the timbre")
    return Portrayed(
        Profile(pitch, found, tract),
        {
            "seconds": round(seconds, 3),
            "median_f0_hz": round(pitch.median_hz, 2),
            "pitch_spread": round(pitch.spread, 4),
            "voiced_seconds": round(float(classes.voiced.sum()) / FRAMES_PER_SECOND, 2),
            "unvoiced_seconds": round(float(classes.unvoiced.sum()) / FRAMES_PER_SECOND, 2),
            "timbre_tops_hz": list(found),
            "warnings": _warnings(seconds, clipped, heard, classes, found),
        },
    )


def _judge_sound(samples: Floats, centred: Floats, seconds: float) -> float:
    """Refuse what needs no analysis to be refused; returns the share of samples that stand at the peak."""
    if seconds < SHORTEST_REFERENCE_SECONDS:
        raise _refused(
            f"The reference is {seconds:.1f} s long; at least {SHORTEST_REFERENCE_SECONDS:g} s are needed, "
            f"{GOOD_REFERENCE_SECONDS:g} s or more are good.",
            "Give a longer recording.",
        )
    if seconds > LONGEST_REFERENCE_SECONDS:
        raise _refused(
            f"The reference is {seconds:.0f} s long; at most {LONGEST_REFERENCE_SECONDS:g} s are taken.",
            "Cut out the best half minute.",
        )
    if rms(centred) < QUIETEST_REFERENCE_RMS:
        raise _refused("The reference is silent.", "Record it louder, or choose another recording.")
    level = np.abs(samples)
    clipped = float((level >= _AT_PEAK * level.max()).mean())
    if clipped > _MOST_CLIPPED:
        raise _refused(
            f"The reference is overdriven: {clipped:.0%} of it is cut off at the peak.",
            "Record it again at a lower level.",
        )
    return clipped


def _judge_voice(heard: Survey, classes: FrameClasses) -> PitchHabit:
    """Refuse what has no voice in it."""
    periodic = classes.voiced & heard.pitched
    pitch = habit_of(heard.f0_hz[periodic])
    if pitch is None or pitch.count < _LEAST_VOICED_SECONDS * FRAMES_PER_SECOND:
        raise _refused(
            "There is hardly any voice in the reference: no pitch was found in it.",
            "Give a recording of one person speaking, without music or noise.",
        )
    return pitch


def _judge_timbre(found: Portrait) -> None:
    """Refuse what has a pitch but does not speak: tones, hums, machines."""
    counts = found.voiced.count + found.unvoiced.count
    spread = (
        found.voiced.count * np.trace(found.voiced.covariance)
        + found.unvoiced.count * np.trace(found.unvoiced.covariance)
    ) / counts
    shift = found.voiced.mean - found.unvoiced.mean
    apart = found.voiced.count * found.unvoiced.count / counts**2 * (shift**2).sum()
    if np.sqrt(spread + apart) < _LEAST_VARIETY:
        raise _refused(
            "The reference does not sound like speech: its timbre hardly changes.",
            "Give a recording of one person speaking whole sentences.",
        )


def _warnings(
    seconds: float, clipped: float, heard: Survey, classes: FrameClasses, found: Mapping[int, Portrait]
) -> list[str]:
    """What would make the voice better, as sentences."""
    warnings = []
    if seconds < GOOD_REFERENCE_SECONDS:
        warnings.append(
            f"The reference is only {seconds:.1f} s long; "
            f"{GOOD_REFERENCE_SECONDS:g} s or more give a closer voice."
        )
    if clipped > _SOME_CLIPPED:
        warnings.append(f"The reference is overdriven: {clipped:.1%} of it is cut off at the peak.")
    if heard.aperiodicity.all_breath[classes.voiced].mean() > _NOISY_SHARE:
        warnings.append("The reference is noisy or whispered; the voice will sound so too.")
    if found[min(found)].unvoiced.count < FRAMES_FOR_COVARIANCE:
        warnings.append("The reference has too few consonants without voice; theirs will be changed little.")
    return warnings


def _refused(message: str, fix: str) -> InvalidRequest:
    return InvalidRequest(message, field="reference", fix=fix)
