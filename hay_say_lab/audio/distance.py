"""How far one clip is from another: timbre (mel-cepstral distance), pitch (cents), spectrum (dB), and plain SNR.

All of them compare at the lower of the two sample rates and, unless they align, frame by frame from the start to the
end of the shorter clip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hay_say_lab.audio.alignment import warping_path
from hay_say_lab.audio.conversion import resample
from hay_say_lab.audio.f0 import Method, f0_contour
from hay_say_lab.audio.picture import hz_to_mel, mel_to_hz
from hay_say_lab.audio.silence import Activity
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest, TooLarge

if TYPE_CHECKING:
    import numpy

LONGEST_ALIGNED_SECONDS = 60.0      # two such clips take 36 MB to align
MOST_SNR_DB = 100.0                 # what an estimate can say: digital silence in the pauses
HOP_SECONDS, _WINDOW_SECONDS = 0.010, 0.032
_BANDS, _COEFFICIENTS = 40, 24      # c1 to c24; c0 is level
_TOP_HZ = 8_000.0
_RANGE_DB = 80.0                    # what lies farther below the reference's loudest cell counts as that far below
_HEARD_DB = 50.0                    # frames farther below the reference's loudest frame are not compared
GROSS_RATIO = 0.2                  # an f0 off by more is a gross error (L. Rabiner and others, 1976)
_SMALLEST_POWER = 1e-30
_BATCH_FRAMES = 2000


@dataclass(frozen=True, slots=True)
class F0Difference:
    """Pitch of a clip against a reference, over the frames where both are voiced."""

    median_cents: float | None              # signed; None where no frame is voiced in both
    median_absolute_cents: float | None
    gross_share: float | None               # frames that are off by more than a fifth
    voicing_agreement: float                # share of frames on which both say the same


def mel_cepstral_distance(reference: Clip, other: Clip, *, align: bool = False) -> float:
    """Mean distance in dB of c1..c24 over the frames in which the reference is heard; 0 for equal timbre at any level.

    10 / ln 10 sqrt(2 sum (c - c')^2) (R. Kubichek, IEEE PacRim 1993), c from 40 mel bands of log amplitude up to 8 kHz.
    `align` lays the two upon each other in time first. Raises TooLarge beyond 60 s then.
    """
    import numpy

    first, second = at_one_rate(reference, other)
    if align and max(first.seconds, second.seconds) > LONGEST_ALIGNED_SECONDS:
        raise TooLarge(
            f"Clips of more than {LONGEST_ALIGNED_SECONDS:g} s are not aligned.",
            field="align",
            fix="Compare shorter pieces, or clips of the same timing without aligning them.",
        )
    left, right = power_spectrogram(first), power_spectrogram(second)
    heard = heard_frames(left)
    own, others = mel_cepstra(left, first.sample_rate), mel_cepstra(right, first.sample_rate)
    if align:
        rows, columns = warping_path(own, others)
    else:
        rows = columns = numpy.arange(min(len(own), len(others)))
    counted = heard[rows]
    if not counted.any():
        raise nothing_heard()
    return cepstral_distance_db(own[rows[counted]], others[columns[counted]])


def cepstral_distance_db(own: numpy.ndarray, others: numpy.ndarray) -> float:
    """Mean over pairs of frames, c1..c24 (P, 24) each: 10 / ln 10 sqrt(2 sum (c - c')^2)."""
    import numpy

    return float(10.0 / math.log(10.0) * numpy.sqrt(2.0 * numpy.square(own - others).sum(axis=1)).mean())


def spectral_difference_db(reference: Clip, other: Clip) -> float:
    """Log-spectral distance: the root mean square over frequency of the difference in dB, averaged over the frames in
    which the reference is heard. Level counts; both spectra end 80 dB below the reference's loudest cell."""
    import numpy

    first, second = at_one_rate(reference, other)
    left, right = power_spectrogram(first), power_spectrogram(second)
    heard = heard_frames(left)
    frames = min(len(left), len(right))
    counted = numpy.flatnonzero(heard[:frames])
    if not len(counted):
        raise nothing_heard()
    return spectral_distance_db(left[counted], right[counted], float(left.max()))


def spectral_distance_db(own: numpy.ndarray, others: numpy.ndarray, loudest: float) -> float:
    """Mean over pairs of frames, power (P, F) each; both end 80 dB below `loudest`."""
    import numpy

    floor = loudest * 10.0 ** (-_RANGE_DB / 10.0)
    ratio = numpy.log10(numpy.maximum(own, floor) / numpy.maximum(others, floor))
    return float(10.0 * numpy.sqrt(numpy.square(ratio).mean(axis=1)).mean())


def f0_difference(reference: Clip, other: Clip, method: Method = "harvest") -> F0Difference:
    """Pitch of `other` against that of the reference, both found by the same tracker."""
    import numpy

    first = f0_contour(reference.samples, reference.sample_rate, method).f0_hz
    second = f0_contour(other.samples, other.sample_rate, method).f0_hz
    frames = min(len(first), len(second))
    first, second = first[:frames], second[:frames]
    agreement = float(((first > 0) == (second > 0)).mean())
    both = (first > 0) & (second > 0)
    if not both.any():
        return F0Difference(None, None, None, agreement)
    ratio = second[both] / first[both]
    cents = 1200.0 * numpy.log2(ratio)
    return F0Difference(
        float(numpy.median(cents)),
        float(numpy.median(numpy.abs(cents))),
        float((numpy.abs(ratio - 1.0) > GROSS_RATIO).mean()),
        agreement,
    )


def signal_to_noise_db(reference: Clip, other: Clip) -> float | None:
    """Power of the reference over that of the difference, sample by sample; None for equal samples.

    Raises InvalidRequest where rate or length differ: samples cannot be paired then.
    """
    import numpy

    if reference.sample_rate != other.sample_rate or len(reference.samples) != len(other.samples):
        raise InvalidRequest(
            "The clips differ in sample rate or length, so their samples cannot be paired.",
            field="clip",
            fix="Resample and trim one of them.",
        )
    given = reference.samples.astype(numpy.float64)
    noise = float(numpy.square(other.samples - given).sum())
    signal = float(numpy.square(given).sum())
    return 10.0 * math.log10(max(signal, _SMALLEST_POWER) / noise) if noise > 0.0 else None


def estimated_snr_db(activity: Activity) -> float | None:
    """Mean power of what is active over that of the rest, less the noise that is under both; at most 100 dB.

    None where nothing is active, or where a clip has no pause to hear its noise in.
    """
    import numpy

    if activity.active.all() or not activity.active.any():
        return None
    powers = 10.0 ** (activity.level_db / 10.0)
    noise = float(powers[~activity.active].mean())
    signal = float(numpy.mean(powers[activity.active])) - noise
    if signal <= 0.0:
        return None
    return min(10.0 * math.log10(signal / max(noise, _SMALLEST_POWER)), MOST_SNR_DB)


def at_one_rate(reference: Clip, other: Clip) -> tuple[Clip, Clip]:
    """Both at the lower of their rates. Raises InvalidRequest where one is empty."""
    rate = min(reference.sample_rate, other.sample_rate)
    if not len(reference.samples) or not len(other.samples):
        raise nothing_heard()
    return resample(reference, rate), resample(other, rate)


def power_spectrogram(clip: Clip) -> numpy.ndarray:
    """Power (T, F) every 10 ms, frame i centred on i hops."""
    import numpy

    width = 2 * max(2, round(_WINDOW_SECONDS * clip.sample_rate / 2))
    window = numpy.hanning(width + 1)[:-1]
    padded = numpy.pad(clip.samples, (width // 2, width))
    frames = int(clip.seconds / HOP_SECONDS) + 1
    power = numpy.empty((frames, width // 2 + 1), dtype=numpy.float64)
    for first in range(0, frames, _BATCH_FRAMES):
        numbers = numpy.arange(first, min(first + _BATCH_FRAMES, frames))
        starts = numpy.rint(numbers * HOP_SECONDS * clip.sample_rate).astype(int)
        stretches = padded[starts[:, None] + numpy.arange(width)].astype(numpy.float64) * window
        power[first : first + len(numbers)] = numpy.abs(numpy.fft.rfft(stretches, axis=1)) ** 2
    return power


def heard_frames(power: numpy.ndarray) -> numpy.ndarray:
    """Frames (T,) that are not more than 50 dB below the loudest one; none of silence."""
    total = power.sum(axis=1)
    return (total > total.max() * 10.0 ** (-_HEARD_DB / 10.0)) & (total > _SMALLEST_POWER)


def mel_cepstra(power: numpy.ndarray, sample_rate: int) -> numpy.ndarray:
    """Power (T, F) -> c1..c24 (T, 24) with log amplitude = c0 + sum of c_m cos(m w) over the mel scale."""
    import numpy
    from scipy.fft import dct

    bins = numpy.linspace(0.0, sample_rate / 2, power.shape[1])
    edges = mel_to_hz(numpy.linspace(0.0, hz_to_mel(min(_TOP_HZ, sample_rate / 2)), _BANDS + 2))
    rising = (bins[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    weights = numpy.clip(numpy.minimum(rising, falling), 0.0, None)
    for band in numpy.flatnonzero(weights.sum(axis=0) <= 0.0):
        weights[numpy.abs(bins - edges[band + 1]).argmin(), band] = 1.0
    bands = power @ (weights / weights.sum(axis=0))
    floor = max(float(bands.max()) * 10.0 ** (-_RANGE_DB / 10.0), _SMALLEST_POWER)
    log_amplitude = 0.5 * numpy.log(numpy.maximum(bands, floor))
    return dct(log_amplitude, axis=1)[:, 1 : _COEFFICIENTS + 1] / _BANDS


def nothing_heard(field: str = "reference") -> InvalidRequest:
    """The error of a reference that is silent."""
    return InvalidRequest(
        "There is no sound in the reference to compare with.", field=field, fix="Choose a clip that holds sound."
    )
