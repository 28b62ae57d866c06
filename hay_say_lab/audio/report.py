"""The input report: what a person should know of a recording before it goes anywhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.distance import estimated_snr_db
from hay_say_lab.audio.f0 import Method, f0_contour
from hay_say_lab.audio.level import decibels, level_exponent, scaled, true_peak_dbtp
from hay_say_lab.audio.loudness import integrated_lufs
from hay_say_lab.audio.objects import finite
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.scratch import blocks, padded
from hay_say_lab.audio.silence import FRAMES_PER_SECOND as ACTIVITY_FRAMES_PER_SECOND
from hay_say_lab.audio.silence import Activity, activity_of
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest

if TYPE_CHECKING:
    import numpy

SPEECH_METHOD = "energy and voicing"
F0_METHOD: Method = "harvest"
LOWEST_FLOOR_DB = -120.0            # stands for digital silence
FULL_SCALE = 32_767 / 32_768        # a 16-bit file cannot go higher
_FLAT_SAMPLES = 4                   # so many equal neighbours at the clip's own extreme are a cut-off peak
_LEAST_FLAT_LEVEL = 0.1
_SPEECH_REACH_SECONDS = 0.25        # a consonant lies no farther from its vowel
_F0_SECONDS = 20.0                  # longer clips are heard in stretches
_F0_STRETCHES = 10
_OCTAVES_FROM_HZ = 31.25
_WELCH_SECONDS = 0.064
_BATCH_WINDOWS = 256


@dataclass(frozen=True, slots=True)
class InputReport:
    """Levels are dB relative to full scale. None: there is nothing of the kind in the clip."""

    seconds: float
    sample_rate: int
    lufs: float | None                      # integrated, BS.1770-4
    true_peak_dbtp: float | None
    clipped_samples: int                    # at full scale, or in a flat top
    clipped_share: float
    noise_floor_db: float | None            # mean power of the pauses; -120 for digital silence, None without pauses
    snr_db: float | None                    # estimated
    speech_share: float                     # of the duration
    speech_method: str
    voiced_share: float                     # of the stretches in which pitch was looked for
    f0_median_hz: float | None
    f0_p5_hz: float | None
    f0_p95_hz: float | None
    f0_method: str
    f0_seconds: float                       # how much of the clip that was
    dominant_band_hz: tuple[float, float] | None    # the octave with the most energy
    dominant_share: float                   # of the energy
    dc_offset: float

    def as_json(self) -> dict[str, Any]:
        document = asdict(self)
        document["dominant_band_hz"] = list(self.dominant_band_hz) if self.dominant_band_hz else None
        return document


def report_on(clip: Clip, checkpoint: Checkpoint = unwatched) -> InputReport:
    """All of it, of a clip with at least one sample, all of them finite; else InvalidRequest is raised."""
    import numpy

    samples = clip.samples
    if not len(samples) or not finite(samples):
        raise InvalidRequest(
            "The clip is empty or holds samples that are not numbers.", field="clip", fix="Export the recording again."
        )
    lufs = integrated_lufs(samples, clip.sample_rate, part(checkpoint, 0.0, 0.1))
    peak_dbtp = true_peak_dbtp(samples, clip.sample_rate, part(checkpoint, 0.1, 0.2))
    clipped = clipped_samples(samples)
    activity = activity_of(samples, clip.sample_rate, part(checkpoint, 0.2, 0.3))
    band, share = _dominant_octave(clip, part(checkpoint, 0.3, 0.35))
    f0_hz, f0_seconds = _f0_heard(clip, activity, part(checkpoint, 0.35, 1.0))
    low, median, high = _percentiles(f0_hz, (5.0, 50.0, 95.0))
    return InputReport(
        seconds=clip.seconds,
        sample_rate=clip.sample_rate,
        lufs=lufs,
        true_peak_dbtp=peak_dbtp,
        clipped_samples=clipped,
        clipped_share=clipped / len(samples),
        noise_floor_db=noise_floor_db(activity),
        snr_db=estimated_snr_db(activity),
        speech_share=speech_share(activity),
        speech_method=SPEECH_METHOD,
        voiced_share=float((f0_hz > 0).mean()),
        f0_median_hz=median,
        f0_p5_hz=low,
        f0_p95_hz=high,
        f0_method=F0_METHOD,
        f0_seconds=f0_seconds,
        dominant_band_hz=band,
        dominant_share=share,
        dc_offset=float(numpy.mean(samples, dtype=numpy.float64)),
    )


def clipped_samples(samples: numpy.ndarray) -> int:
    """Samples at full scale (of 16 bit) or above, and those in flat tops: runs of at least four equal samples at the
    clip's own highest or lowest value, wherever a level was turned down after it had clipped."""
    import numpy

    high, low = float(samples.max(initial=0.0)), float(samples.min(initial=0.0))
    extremes = [extreme for extreme in (high, low) if abs(extreme) >= _LEAST_FLAT_LEVEL and numpy.ptp(samples) > 0.0]
    reach = _FLAT_SAMPLES - 1           # a run that is long enough shows this far beyond any of its samples
    count = 0
    for start, end in blocks(len(samples)):
        first = max(start - reach, 0)
        around = samples[first : end + reach]
        clipped = numpy.abs(around) >= FULL_SCALE
        for extreme in extremes:
            clipped |= _in_runs(around == numpy.float32(extreme), _FLAT_SAMPLES)
        count += int(clipped[start - first : end - first].sum())
    return count


def _in_runs(flags: numpy.ndarray, least: int) -> numpy.ndarray:
    """(N,) bool: which of the flags stand in a run of at least `least`."""
    import numpy

    within = numpy.zeros(len(flags), dtype=bool)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[False], flags, [False]]).astype(numpy.int8)))
    for start, end in edges.reshape(-1, 2):
        if end - start >= least:
            within[start:end] = True
    return within


def speech_share(activity: Activity) -> float:
    """Share of the duration that is active and no farther than a quarter of a second from a voiced frame."""
    from scipy.ndimage import maximum_filter1d

    if not len(activity.active):
        return 0.0
    reach = 2 * round(_SPEECH_REACH_SECONDS * ACTIVITY_FRAMES_PER_SECOND) + 1
    return float((activity.active & maximum_filter1d(activity.voiced, reach, mode="constant")).mean())


def noise_floor_db(activity: Activity) -> float | None:
    """Mean power of what is not active; -120 dB for digital silence, None where a clip has no pause."""
    pauses = ~activity.active
    if not pauses.any():
        return None
    return max(decibels(float((10.0 ** (activity.level_db[pauses] / 10.0)).mean())), LOWEST_FLOOR_DB)


def _f0_heard(clip: Clip, activity: Activity, checkpoint: Checkpoint) -> tuple[numpy.ndarray, float]:
    """Trusted f0 (T,) of the whole clip or of its stretches, and how many seconds these are."""
    import numpy

    found, heard = [], 0
    stretches = _stretches(clip, activity)
    for number, (start, end) in enumerate(stretches):
        inner = part(checkpoint, number / len(stretches), (number + 1) / len(stretches))
        contour = f0_contour(clip.samples[start:end], clip.sample_rate, F0_METHOD, checkpoint=inner)
        found.append(contour.confident_hz())
        heard += end - start
    return numpy.concatenate(found), heard / clip.sample_rate


def _stretches(clip: Clip, activity: Activity) -> list[tuple[int, int]]:
    """Samples (start, end) in which pitch is looked for: all, or ten stretches spread evenly over what is voiced."""
    import numpy

    if clip.seconds <= _F0_SECONDS:
        return [(0, len(clip.samples))]
    voiced = numpy.flatnonzero(activity.voiced)
    frames = voiced if len(voiced) else numpy.arange(len(activity.voiced))
    chosen = frames[numpy.linspace(0, len(frames) - 1, _F0_STRETCHES).astype(int)]
    length = round(_F0_SECONDS / _F0_STRETCHES * clip.sample_rate)
    stretches: list[tuple[int, int]] = []
    for centre in chosen * clip.sample_rate // ACTIVITY_FRAMES_PER_SECOND:
        start = min(max(int(centre) - length // 2, 0), len(clip.samples) - length)
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], start + length)
        else:
            stretches.append((start, start + length))
    return stretches


def _percentiles(f0_hz: numpy.ndarray, percents: tuple[float, ...]) -> list[float | None]:
    import numpy

    voiced = f0_hz[f0_hz > 0]
    return [float(numpy.percentile(voiced, percent)) if len(voiced) else None for percent in percents]


def _dominant_octave(clip: Clip, checkpoint: Checkpoint) -> tuple[tuple[float, float] | None, float]:
    """Bounds in Hz of the octave (31.25 Hz, 62.5 Hz, ...) with the most energy, and its share; DC does not count."""
    import numpy

    exponent = level_exponent(clip.samples)
    width = 2 * max(2, round(_WELCH_SECONDS * clip.sample_rate / 2))
    window = numpy.hanning(width + 1)[:-1]
    level = scaled(clip.samples, 2.0**exponent)
    level -= numpy.float32(level.mean(dtype=numpy.float64))
    level = padded(level, 0, width - len(level)) if len(level) < width else level
    rows = numpy.lib.stride_tricks.sliding_window_view(level, width)[:: width // 2]
    power = numpy.zeros(width // 2 + 1)
    for first in range(0, len(rows), _BATCH_WINDOWS):
        checkpoint(first / len(rows), "measuring the spectrum")
        power += (numpy.abs(numpy.fft.rfft(rows[first : first + _BATCH_WINDOWS] * window, axis=1)) ** 2).sum(axis=0)
    hertz = numpy.fft.rfftfreq(width, 1.0 / clip.sample_rate)
    power[hertz < _OCTAVES_FROM_HZ] = 0.0
    total = float(power.sum())
    if total <= 0.0 or not numpy.isfinite(total):
        return None, 0.0
    octave = numpy.floor(numpy.log2(numpy.maximum(hertz, _OCTAVES_FROM_HZ) / _OCTAVES_FROM_HZ)).astype(int)
    energies = numpy.bincount(octave, weights=power)
    loudest = int(energies.argmax())
    low = _OCTAVES_FROM_HZ * 2.0**loudest
    return (low, min(2.0 * low, clip.sample_rate / 2)), float(energies[loudest] / total)
