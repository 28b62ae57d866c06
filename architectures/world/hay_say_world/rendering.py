"""Every frame of a recording, changed as planned, and synthesised again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hay_say_world.analysis import envelope_of
from hay_say_world.arrays import Floats
from hay_say_world.correction import SMOOTHING_REACH, Correction
from hay_say_world.frames import FRAMES_PER_SECOND, cut
from hay_say_world.journal import Arrays, Journal
from hay_say_world.pitch import PitchMap
from hay_say_world.survey import PIECE_FRAMES, SPECTRAL_MARGIN_SECONDS, Survey
from hay_say_world.synthesis import Block, join, plan_blocks, synthesise
from hay_say_world.warp import warp_envelope

RENDER_WORK = 0.07      # seconds per second of audio, in the unit of the journal


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to every frame: pitch, formants, timbre (None: none), breath (-1..1)."""

    pitch: PitchMap
    alpha: float
    correction: Correction | None
    breath: float


def render(samples: Floats, survey: Survey, plan: Plan, journal: Journal) -> Floats:
    """The surveyed samples (N,) with the plan carried out: (N,) float32, peaks not yet held. An hour lies in a file."""
    f0_hz = journal.room(survey.frames, np.float64)
    for first in range(0, survey.frames, PIECE_FRAMES):
        there = slice(first, first + PIECE_FRAMES)
        f0_hz[there] = plan.pitch.apply(survey.f0_hz[there].astype(np.float64))
    whole = journal.room(len(samples))
    message = "making the new voice"
    for block in plan_blocks(f0_hz, survey.loudness, survey.sample_rate, len(samples)):
        work = RENDER_WORK * (block.last - block.first) / FRAMES_PER_SECOND

        def build(block: Block = block, work: float = work) -> Arrays:
            envelope = changed_envelope(samples, survey, plan, block.first, block.last)
            breath = survey.aperiodicity.spectrum(
                block.first, block.last, survey.sample_rate, survey.bins, plan.breath
            )
            journal.advance(0.5 * work, message)
            sound = synthesise(block, f0_hz[block.first : block.last], envelope, breath, survey.sample_rate)
            journal.advance(0.5 * work, message)
            return {"sound": sound.astype(np.float32)}

        join(whole, block, journal.piece(build, work, message)["sound"])
    return whole


def changed_envelope(samples: Floats, survey: Survey, plan: Plan, first: int, last: int) -> Floats:
    """Power envelopes (T', F) of frames first..last: warped, corrected, each with the energy it had."""
    low, high = max(first - SMOOTHING_REACH, 0), min(last + SMOOTHING_REACH, survey.frames)
    stretch = cut(samples, survey.sample_rate, low, high, SPECTRAL_MARGIN_SECONDS)
    given = envelope_of(stretch, survey.f0_hz[low:high], survey.fft_size)
    changed = warp_envelope(given, plan.alpha, survey.sample_rate)
    if plan.correction is not None:
        changed = changed * np.exp(plan.correction.log_gain(changed, survey.sample_rate, low, high))
    inner = slice(first - low, last - low)
    energy = given[inner].sum(axis=1, keepdims=True) / changed[inner].sum(axis=1, keepdims=True)
    return changed[inner] * energy
