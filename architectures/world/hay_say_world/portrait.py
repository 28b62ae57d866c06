"""A speaker's timbre in numbers: one Gaussian per class of frames, for each bandwidth that may be shared.

A reference at 16 kHz knows nothing above 8 kHz, one at 44.1 kHz does; and the clips to convert come at any
rate from 16 to 48 kHz. Mel cepstra of different bandwidths are different quantities. So a recording is
described once for every top of `TOPS_HZ` that it really fills, all from one analysis, and two recordings meet
at the highest top that both have. Above it `melbands.lift` holds the correction. "Really fills": a recording
that was once at a lower rate, or went through a lossy codec, has nothing up there but rounding noise, which
must not be made into speech.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hay_say_world.arrays import Flags, Floats
from hay_say_world.classes import FrameClasses
from hay_say_world.melbands import COEFFICIENTS, cepstra, filterbank
from hay_say_world.survey import Survey
from hay_say_world.transport import Gaussian, gaussian_of

TOPS_HZ = (8000, 11025, 12000, 16000, 22050, 24000)
DIMENSIONS = COEFFICIENTS - 1       # c0, the level, is never mapped
# Mean level of speech just below a top, against the strongest bin. Recordings have -20 to -74 dB there;
# rounding to 16 bits leaves -84 to -97, a resampler's stop band less.
_FILLED_ABOVE_DB = -78.0


@dataclass(frozen=True, slots=True)
class Portrait:
    """Voiced and unvoiced Gaussians of c1..c29 below one top."""

    voiced: Gaussian
    unvoiced: Gaussian


def filled_tops_hz(survey: Survey, classes: FrameClasses) -> tuple[int, ...]:
    """The tops that a recording fills; 8000 Hz always among them."""
    active = survey.envelopes[classes.active[survey.sampled]]
    if not len(active):
        return TOPS_HZ[:1]
    mean = active.mean(axis=0, dtype=np.float64)
    level_db = 10.0 * np.log10(mean / mean.max())
    bins_hz = np.linspace(0.0, survey.sample_rate / 2, len(mean))
    tops = [TOPS_HZ[0]]
    for top in TOPS_HZ[1:]:
        below = (bins_hz > 0.94 * top) & (bins_hz < 0.985 * top)    # above the top before this one
        if top > survey.sample_rate / 2 or level_db[below].mean() < _FILLED_ABOVE_DB:
            break
        tops.append(top)
    return tuple(tops)


def portrait(envelopes: Floats, voiced: Flags, unvoiced: Flags, sample_rate: int, top_hz: float) -> Portrait:
    """Statistics of power envelopes (n, F) in two classes (flags (n,)) below a top."""
    features = cepstra(envelopes, filterbank(top_hz, sample_rate, envelopes.shape[1]))[:, 1:]
    return Portrait(gaussian_of(features[voiced]), gaussian_of(features[unvoiced]))


def portraits(survey: Survey, classes: FrameClasses) -> Mapping[int, Portrait]:
    """A portrait for every top that the recording fills."""
    voiced, unvoiced = classes.voiced[survey.sampled], classes.unvoiced[survey.sampled]
    return {
        top: portrait(survey.envelopes, voiced, unvoiced, survey.sample_rate, top)
        for top in filled_tops_hz(survey, classes)
    }
