"""From a surveyed clip, a profile and settings to a plan, and to the words that tell what was taken."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hay_say_world.classes import classify, presence, voiced_share
from hay_say_world.correction import Correction, correction
from hay_say_world.frames import thinned
from hay_say_world.pitch import PitchHabit, habit_of, pitch_map
from hay_say_world.portrait import filled_tops_hz, portrait
from hay_say_world.profile import Profile
from hay_say_world.rendering import Plan
from hay_say_world.settings import Settings
from hay_say_world.survey import Survey
from hay_say_world.tract import WarpEstimate, estimate_warp
from hay_say_world.warp import warp_envelope


@dataclass(frozen=True, slots=True)
class Decision:
    """A plan and what it rests on."""

    plan: Plan
    source: PitchHabit | None
    estimate: WarpEstimate | None


def decide(survey: Survey, profile: Profile | None, settings: Settings) -> Decision:
    """What is to be done to a clip. Statistics of the source come from the whole of it."""
    classes = classify(survey.loudness, survey.f0_hz)
    source = habit_of(thinned(survey.f0_hz)[thinned(classes.voiced & survey.pitched)])
    target = profile.pitch if profile is not None and settings.fit_pitch else None
    pitch = pitch_map(source, target, settings.pitch_semitones, settings.pitch_range)
    if profile is None:
        alpha = 1.0 if settings.formant_shift is None else settings.formant_shift
        return Decision(Plan(pitch, alpha, None, settings.breath), source, None)
    voiced, unvoiced = classes.voiced[survey.sampled], classes.unvoiced[survey.sampled]
    spoken = survey.envelopes[voiced]
    estimate = estimate_warp(spoken, survey.sample_rate, source, profile.pitch, profile.tract)
    # Transport absorbs most of what a warp does; the full factor on top costs words, its square root none.
    alpha = math.sqrt(estimate.alpha) if settings.formant_shift is None else settings.formant_shift
    top_hz = profile.shared_top_hz(filled_tops_hz(survey, classes))
    warped = warp_envelope(survey.envelopes, alpha, survey.sample_rate)
    heard = portrait(warped, voiced, unvoiced, survey.sample_rate, top_hz)
    guard = presence(survey.loudness) if settings.noise_guard else np.ones(survey.frames, np.float32)
    change = correction(
        top_hz, heard, profile.portraits[top_hz], voiced_share(survey.f0_hz), np.float32(settings.likeness) * guard
    )
    return Decision(Plan(pitch, alpha, change, settings.breath), source, estimate)


def report(decision: Decision, profile: Profile | None, peak_gain: float) -> dict[str, Any]:
    """What was measured and taken, for people: Hz, factors, decibels."""
    plan, source, estimate = decision.plan, decision.source, decision.estimate
    change: Correction | None = plan.correction
    return {
        "source_median_f0_hz": source and _rounded(source.median_hz),
        "target_median_f0_hz": profile and _rounded(profile.pitch.median_hz),
        "result_median_f0_hz": source and _rounded(
            float(plan.pitch.apply(np.array([source.median_hz]))[0])
        ),
        "pitch_range_ratio": _rounded(plan.pitch.ratio),
        "source_pitch_spread": source and _rounded(source.spread),
        "target_pitch_spread": profile and _rounded(profile.pitch.spread),
        "formant_shift_measured": _rounded(estimate.alpha) if estimate and estimate.measured else None,
        "formant_shift_applied": _rounded(plan.alpha),
        "timbre_top_hz": change and change.top_hz,
        "voiced_class": change and _told(change.voiced.way),
        "unvoiced_class": change and _told(change.unvoiced.way),
        "peak_reduction_db": _rounded(-20.0 * math.log10(peak_gain)),
    }


def _told(way: str) -> str:
    return {
        "full": "mapped",
        "mean": "shifted only: too few frames for more",
        "none": "left alone: too few frames",
    }[way]


def _rounded(number: float) -> float:
    return round(float(number), 4) + 0.0
