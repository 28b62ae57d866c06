"""One speaker becomes another: six directions between voices of espeak-ng.

Distances are between Gaussians of mel cepstra c1..c29 below 8 kHz: between the means alone, and Wasserstein-2
between means and covariances together. A frame counts to the class (voiced, unvoiced) that it has in the
source, so that the same sounds are compared before and after; both are listened to anew, and the target is
what the runtime heard in a reference of other words.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample

from hay_say_lab.plugin import Clip, Result
from hay_say_world.classes import classify
from hay_say_world.pitch import habit_of
from hay_say_world.portrait import Portrait, portrait
from hay_say_world.profile import Profile, load
from hay_say_world.survey import Survey
from hay_say_world.transport import wasserstein

Speaker = Callable[[str], Clip]
Fitted = Callable[[str], Path]
Convert = Callable[..., Result]
Hear = Callable[[Clip], Survey]

SPEAKERS = ("giant", "woman", "machine")
DIRECTIONS = [(source, target) for source in SPEAKERS for target in SPEAKERS if source != target]
TOP_HZ = 8000
CENTS = 1200 / np.log(2)


def portrait_of(heard: Survey, source: Survey) -> Portrait:
    """What is heard in frames that are voiced, or unvoiced, in the source."""
    classes = classify(source.loudness, source.f0_hz)
    voiced, unvoiced = classes.voiced[heard.sampled], classes.unvoiced[heard.sampled]
    return portrait(heard.envelopes, voiced, unvoiced, heard.sample_rate, TOP_HZ)


def distances(of: Portrait, to: Profile) -> np.ndarray:
    """Voiced and unvoiced, each: of the means alone, and of means and covariances."""
    target = to.portraits[TOP_HZ]
    pairs = ((of.voiced, target.voiced), (of.unvoiced, target.unvoiced))
    means = [float(np.linalg.norm(one.mean - other.mean)) for one, other in pairs]
    return np.array(means + [wasserstein(one, other) for one, other in pairs])


@pytest.mark.parametrize(("source_name", "target_name"), DIRECTIONS)
def test_a_speaker_comes_close_to_another_in_pitch_and_in_every_class_of_sounds(
    source_name: str, target_name: str, source: Speaker, fitted: Fitted, convert: Convert, hear: Hear
) -> None:
    # given a speaker's clip and another's profile
    clip, profile = source(source_name), load(fitted(target_name))
    # when it is converted with nothing but defaults
    result = convert(target_name, clip)
    assert result.clip is not None
    before, after = hear(clip), hear(result.clip)
    # then its median pitch lies within 50 cents of the target's
    pitch = habit_of(after.f0_hz[classify(after.loudness, after.f0_hz).voiced & after.pitched])
    assert pitch is not None
    assert abs(CENTS * (pitch.log_median - profile.pitch.log_median)) < 50
    # and in both classes the mean, and mean and covariance together, are nearer to the target's
    far, near = portrait_of(before, before), portrait_of(after, before)
    assert (distances(near, profile) < distances(far, profile)).all()
    # and the report tells what happened
    report = result.documents["report"]
    assert report["voiced_class"] == report["unvoiced_class"] == "mapped"
    assert report["target_median_f0_hz"] == pytest.approx(profile.pitch.median_hz, rel=1e-3)
    assert report["result_median_f0_hz"] == pytest.approx(profile.pitch.median_hz, rel=1e-3)
    assert report["timbre_top_hz"] == 11025


def test_more_likeness_is_more_likeness(short: Speaker, fitted: Fitted, convert: Convert, hear: Hear) -> None:
    clip, profile = short("man"), load(fitted("woman"))
    steps = []
    for likeness in (0.0, 0.25, 0.5, 0.75, 1.0):
        result = convert("woman", clip, likeness=likeness).clip
        assert result is not None
        steps.append(distances(portrait_of(hear(result), hear(clip)), profile)[2])
    assert (np.diff(steps) < 0).all()
    assert steps[-1] < 0.5 * steps[0]


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_one_profile_serves_every_rate_alike(
    sample_rate: int, source: Speaker, fitted: Fitted, convert: Convert, hear: Hear
) -> None:
    # given the same words at the speaker's own rate and at another
    words, profile = source("woman"), load(fitted("machine"))
    clip = Clip(words.samples[: 4 * words.sample_rate], words.sample_rate)
    count = round(len(clip.samples) * sample_rate / clip.sample_rate)
    other = Clip(resample(clip.samples, count).astype(np.float32), sample_rate)
    # when both are converted
    usual, unusual = convert("machine", clip), convert("machine", other)
    assert usual.clip is not None
    assert unusual.clip is not None
    # then what was measured and done is the same
    first, second = usual.documents["report"], unusual.documents["report"]
    assert second["timbre_top_hz"] == (8000 if sample_rate == 16_000 else 11025)
    assert second["formant_shift_measured"] == pytest.approx(first["formant_shift_measured"], abs=0.02)
    assert second["source_median_f0_hz"] == pytest.approx(first["source_median_f0_hz"], rel=0.02)
    # and below 7 kHz the results have the same spectrum, to 2 dB in every third of an octave
    one, two = (third_octaves(found.samples, found.sample_rate) for found in (usual.clip, unusual.clip))
    assert np.abs(one - two).max() < 2.0
    # and the result is far nearer to the target than the clip was
    near, far = (
        distances(portrait_of(hear(sound), hear(clip)), profile)[2] for sound in (unusual.clip, clip)
    )
    assert near < 0.5 * far


def third_octaves(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Level in dB of each third of an octave from 100 Hz to 7 kHz."""
    power = np.abs(np.fft.rfft(samples)) ** 2 / len(samples) / sample_rate
    hz = np.fft.rfftfreq(len(samples), 1 / sample_rate)
    edges = 100 * 2 ** (np.arange(19) / 3)
    bands = [power[(hz >= low) & (hz < high)].mean() for low, high in pairwise(edges)]
    return 10 * np.log10(bands)
