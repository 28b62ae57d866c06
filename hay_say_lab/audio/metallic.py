"""Less of the metallic ring of vocoded speech: the breath between the harmonics comes back.

A vocoder that draws voiced sound as pulses alone leaves nothing but harmonics above 2.5 kHz, where a throat makes as
much noise as tone, and buzzes through voiced fricatives. Where a stretch repeats itself better than a voice does, part
of each harmonic is exchanged for noise of the same short-time spectrum. Where voices lack breath, a vocoder was at work:
its noise has too much grain then, and is evened; its low harmonics stand in gaps that are too empty, and the gaps are
filled up to where a throat leaves them; both as far as breath is lacking. Sound that is as noisy as a voice stays as it
is, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hay_say_lab.audio.f0 import FRAMES_PER_SECOND, f0_contour
from hay_say_lab.audio.grain import less_grain
from hay_say_lab.audio.level import Doubles, as_float32, level_exponent
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.scratch import blocks, zeros

if TYPE_CHECKING:
    import numpy


@dataclass(frozen=True, slots=True)
class _Band:
    """How much of a voice's sound between two frequencies does not repeat itself from one period to the next."""

    low_hz: float
    high_hz: float
    vowel: float                # noise share, 0..1
    fricative: float            # the same in z, v, s, whose energy lies above 3 kHz: what pure noise measures


# Medians over recordings of four speakers (public domain: a 1961 speech, three LibriSpeech readers), by `_noise_share`.
_BANDS = (
    _Band(1000.0, 2500.0, 0.0, 0.60),
    _Band(2500.0, 3500.0, 0.42, 0.66),
    _Band(3500.0, 5000.0, 0.50, 0.66),
    _Band(5000.0, 8000.0, 0.58, 0.68),
)
_NYQUIST_SHARE = 0.45           # a band must begin below this share of the sample rate, and ends at 0.49 of it
_SPLIT_HZ, _LOWEST_HZ, _HIGHEST_HZ = 3000.0, 80.0, 8000.0
_VOWEL_BELOW_DB, _FRICATIVE_FROM_DB = 0.0, 8.0      # energy above _SPLIT_HZ against that below it
_WINDOW_SECONDS = 0.025
_BLOCK_FRAMES = 4 * FRAMES_PER_SECOND
_BLOCK_SECONDS = 4.0
_MARGIN_SECONDS = 0.25          # more than the reach of all rounds together
_PERIOD_SLACK = 0.10            # the period is looked for within this of 1 / f0
_FILL_HZ = 150.0
_ROUNDS = 8
_SMALLEST_POWER = 1e-14
_NATURAL_LACK, _VOCODED_LACK = 0.05, 0.25       # medians of what is missing above 2.5 kHz: four speakers, their copies
_MOST_EVENED = 0.8                              # of the grain: noise has a grain of its own
_GAP_DB, _GAPS_BELOW_HZ = -24.0, 1000.0         # how empty a throat leaves the gaps, against a neighbourhood of one f0


@dataclass(frozen=True, slots=True)
class _Cure:
    """What is to be done, frame by frame at FRAMES_PER_SECOND."""

    shares: numpy.ndarray       # (bands, T): of each band's energy that must become noise
    evened: numpy.ndarray       # (T,): how much of the grain goes, 0 where voiced
    filled: numpy.ndarray       # (T,): how much of what the gaps between low harmonics lack comes, 0 where unvoiced
    spread_hz: float            # the neighbourhood whose energy the noise takes: one f0


def reduce_metallic(
    samples: numpy.ndarray, sample_rate: int, strength: float, seed: int, checkpoint: Checkpoint = unwatched
) -> numpy.ndarray:
    """Samples (N,) -> (N,) float32 with breath restored in what is voiced, and less grain in what is not; strength 0
    (off)..1 (a voice's own measure).

    The noise comes from `seed` alone. Strength 0, or nothing voiced, gives the same array back.
    """
    import numpy

    window = _window_samples(sample_rate)
    if strength == 0.0 or len(samples) < 4 * window:
        return samples
    exponent = level_exponent(samples)
    sound = Doubles(samples, exponent)
    f0_hz = f0_contour(samples, sample_rate, checkpoint=part(checkpoint, 0.0, 0.5)).f0_hz
    if not numpy.any(f0_hz > 0):
        return samples
    shares = _missing_noise(sound, sample_rate, f0_hz, part(checkpoint, 0.5, 0.7))
    shares *= strength
    if not numpy.any(shares > 0):
        return samples
    amount = strength * _vocoded(shares / strength, f0_hz)
    evened = numpy.where(f0_hz > 0, 0.0, _MOST_EVENED * amount)
    filled = numpy.where(f0_hz > 0, amount, 0.0)
    cure = _Cure(shares, evened, filled, float(numpy.median(f0_hz[f0_hz > 0])))
    breathing = zeros(len(samples))
    for start, added in _fill(sound, sample_rate, cure, seed, part(checkpoint, 0.7, 1.0)):
        end = start + len(added)
        breathing[start:end] = as_float32(samples[start:end] + numpy.ldexp(added, -exponent))
    return breathing


def _window_samples(sample_rate: int) -> int:
    return max(16, round(_WINDOW_SECONDS * sample_rate) // 4 * 4)


def _usable(sample_rate: int) -> list[_Band]:
    return [band for band in _BANDS if band.low_hz < _NYQUIST_SHARE * sample_rate]


def _missing_noise(
    sound: Doubles, sample_rate: int, f0_hz: numpy.ndarray, checkpoint: Checkpoint
) -> numpy.ndarray:
    """(bands, T): the share of each band's energy that must become noise, 0 in unvoiced frames. 23 MB an hour, which
    lie in a file."""
    import numpy
    from scipy.ndimage import gaussian_filter1d, median_filter

    fricative = _fricative_share(sound, sample_rate, len(f0_hz), part(checkpoint, 0.0, 0.2))
    bands = _usable(sample_rate)
    missing = zeros((len(bands), len(f0_hz)), "float64")
    for number, band in enumerate(bands):
        there = _noise_share(
            sound,
            sample_rate,
            f0_hz,
            band,
            part(checkpoint, 0.2 + 0.8 * number / len(bands), 0.2 + 0.8 * (number + 1) / len(bands)),
        )
        wanted = band.vowel + (band.fricative - band.vowel) * fricative
        lacking = numpy.clip((wanted - there) / (1.0 - there + 1e-9), 0.0, 1.0)
        missing[number] = numpy.where(f0_hz > 0, gaussian_filter1d(median_filter(lacking, 5), 1.0), 0.0)
    return missing


def _noise_share(
    sound: Doubles, sample_rate: int, f0_hz: numpy.ndarray, band: _Band, checkpoint: Checkpoint
) -> numpy.ndarray:
    """(T,): one minus the best normalised correlation of 1.5 periods with what follows a period later (P. Boersma,
    1993, in one band); 1 where unvoiced."""
    import numpy
    from scipy.signal import butter, sosfiltfilt

    sections = butter(
        4, [band.low_hz, min(band.high_hz, 0.49 * sample_rate)], "bandpass", fs=sample_rate, output="sos"
    )
    margin = round(0.1 * sample_rate)
    share = numpy.ones(len(f0_hz))
    for first in range(0, len(f0_hz), _BLOCK_FRAMES):
        checkpoint(first / len(f0_hz), "measuring the breath")
        start = first * sample_rate // FRAMES_PER_SECOND
        stop = (first + _BLOCK_FRAMES) * sample_rate // FRAMES_PER_SECOND
        banded = sosfiltfilt(sections, sound.between(start - margin, stop + margin))
        for frame in first + numpy.flatnonzero(f0_hz[first : first + _BLOCK_FRAMES]):
            centre = frame * sample_rate // FRAMES_PER_SECOND - start + margin
            share[frame] = 1.0 - _repetition(banded, int(centre), sample_rate / f0_hz[frame])
    return share


def _repetition(banded: numpy.ndarray, centre: int, period: float) -> float:
    """Best correlation (0..1) around `centre` at a lag near `period` samples, between samples by a parabola."""
    import numpy

    width = int(1.5 * period)
    lags = range(int(period * (1 - _PERIOD_SLACK)), int(period * (1 + _PERIOD_SLACK)) + 2)
    start = centre - int((width + period) / 2)
    here, later = banded[start : start + width], banded[start + lags[0] : start + lags[-1] + width]
    if start < 0 or len(later) < lags[-1] - lags[0] + width or not width:
        return 0.0
    energy = numpy.cumsum(numpy.concatenate([[0.0], later * later]))
    alike = numpy.correlate(later, here, "valid") / numpy.sqrt(
        (here @ here) * (energy[width:] - energy[:-width]) + _SMALLEST_POWER**2
    )
    best = int(alike.argmax())
    peak = float(alike[best])
    if 0 < best < len(alike) - 1:
        left, right = float(alike[best - 1]), float(alike[best + 1])
        bend = left - 2.0 * peak + right
        if bend < 0.0:
            peak -= 0.125 * (left - right) ** 2 / bend
    return min(max(peak, 0.0), 1.0)


def _fricative_share(sound: Doubles, sample_rate: int, frames: int, checkpoint: Checkpoint) -> numpy.ndarray:
    """(T,) 0 vowel .. 1 fricative, by the balance of energy above and below 3 kHz."""
    import numpy
    from scipy.ndimage import median_filter

    width = max(16, round(0.02 * sample_rate))
    hertz = numpy.fft.rfftfreq(width, 1.0 / sample_rate)
    low, high = (hertz > _LOWEST_HZ) & (hertz < _SPLIT_HZ), (hertz >= _SPLIT_HZ) & (hertz < _HIGHEST_HZ)
    latest = len(sound) + width // 2
    balance = numpy.empty(frames)
    for first in range(0, frames, _BLOCK_FRAMES):
        checkpoint(first / frames, "measuring the breath")
        numbers = numpy.arange(first, min(first + _BLOCK_FRAMES, frames))
        starts = numpy.minimum(numbers * sample_rate // FRAMES_PER_SECOND, latest) - width // 2
        stretch = sound.between(starts[0], starts[-1] + width)
        rows = stretch[starts[:, None] - starts[0] + numpy.arange(width)]
        power = numpy.abs(numpy.fft.rfft(rows * numpy.hanning(width))) ** 2
        above, below = power[:, high].sum(axis=1), power[:, low].sum(axis=1)
        balance[numbers] = 10.0 * numpy.log10((above + _SMALLEST_POWER) / (below + _SMALLEST_POWER))
    share = (median_filter(balance, 3) - _VOWEL_BELOW_DB) / (_FRICATIVE_FROM_DB - _VOWEL_BELOW_DB)
    return numpy.clip(share, 0.0, 1.0)


def _vocoded(missing: numpy.ndarray, f0_hz: numpy.ndarray) -> float:
    """How sure it is that a vocoder was at work, 0..1: not at all in a voice that has its breath, by what is missing
    (bands, T)."""
    import numpy

    upper = missing[1:, f0_hz > 0] if len(missing) > 1 else missing[:, f0_hz > 0]
    lack = float(numpy.median(upper.mean(axis=0)))
    return min(max((lack - _NATURAL_LACK) / (_VOCODED_LACK - _NATURAL_LACK), 0.0), 1.0)


def _fill(
    sound: Doubles, sample_rate: int, cure: _Cure, seed: int, checkpoint: Checkpoint
) -> Iterator[tuple[int, numpy.ndarray]]:
    """(start, what must be added to `sound` there), block by block: a block starts on a hop, so its frames are the
    whole's."""
    import numpy

    hop = _window_samples(sample_rate) // 4
    block = max(1, round(_BLOCK_SECONDS * sample_rate / hop)) * hop
    margin = max(1, round(_MARGIN_SECONDS * sample_rate / hop)) * hop
    noise, generator = zeros(len(sound)), numpy.random.default_rng(seed)
    for first, last in blocks(len(sound)):
        checkpoint(0.0, "drawing the breath")
        generator.standard_normal(out=noise[first:last], dtype=numpy.float32)
    for start in range(0, len(sound), block):
        checkpoint(start / len(sound), "restoring the breath")
        first, last = max(start - margin, 0), min(start + block + margin, len(sound))
        filled = _fill_block(sound[first:last], noise[first:last], sample_rate, cure, first / sample_rate)
        yield start, filled[start - first : start - first + block]


def _fill_block(
    sound: numpy.ndarray, noise: numpy.ndarray, sample_rate: int, cure: _Cure, start_seconds: float
) -> numpy.ndarray:
    """(n,) to add. The noise takes each bin's energy from its neighbourhood of one f0, and chance has its phase alone: a
    noise that is uneven, too, would move the timbre. A few rounds bring the energy of every 25 ms x 150 Hz back to what
    it was, so that level and timbre stay."""
    import numpy
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    window = _window_samples(sample_rate)
    if len(sound) < window:
        return numpy.zeros(len(sound))
    transform = ShortTimeFFT(hann(window, sym=False), window // 4, sample_rate)
    spectrum = transform.stft(sound)                                            # (F, T)
    bin_hz = sample_rate / window
    seconds = start_seconds + transform.t(len(sound))
    noisy = _shares_on(transform.f, seconds, cure.shares, sample_rate)
    random = transform.stft(noise.astype(numpy.float64))
    random /= numpy.abs(random) + _SMALLEST_POWER
    spread = _smoothed(spectrum, cure.spread_hz / bin_hz)
    nearest = numpy.clip(numpy.rint(seconds * FRAMES_PER_SECOND).astype(int), 0, len(cure.evened) - 1)
    gaps = numpy.maximum(10.0 ** (_GAP_DB / 10.0) * spread - numpy.abs(spectrum) ** 2, 0.0)
    gaps[transform.f >= _GAPS_BELOW_HZ] = 0.0
    change = (numpy.sqrt(1.0 - noisy) - 1.0) * spectrum
    change += (numpy.sqrt(noisy * spread) + cure.filled[nearest] * numpy.sqrt(gaps)) * random
    change += less_grain(spectrum, transform.f, sample_rate, cure.evened[nearest])
    added = transform.istft(change, k1=len(sound))
    wanted = _smoothed(spectrum, _FILL_HZ / bin_hz)
    amount = numpy.minimum(1.0, 5.0 * noisy)
    for _ in range(_ROUNDS):
        result = transform.stft(sound + added)
        gain = numpy.clip(numpy.sqrt(wanted / _smoothed(result, _FILL_HZ / bin_hz)), 0.25, 4.0)
        added = added + transform.istft(amount * (gain - 1.0) * result, k1=len(sound))
    return added


def _shares_on(
    hertz: numpy.ndarray, seconds: numpy.ndarray, shares: numpy.ndarray, sample_rate: int
) -> numpy.ndarray:
    """Noise shares (bands, T) -> (F, T') at `seconds`, linear between the bands' middles, 0 below the lowest band."""
    import numpy

    bands = _usable(sample_rate)
    near = numpy.arange(
        max(int(seconds[0] * FRAMES_PER_SECOND) - 1, 0), min(int(seconds[-1] * FRAMES_PER_SECOND) + 3, shares.shape[1])
    )
    at_times = numpy.array([numpy.interp(seconds, near / FRAMES_PER_SECOND, row[near]) for row in shares])  # (bands, T')
    knots = numpy.array([bands[0].low_hz, *((band.low_hz + band.high_hz) / 2 for band in bands)])
    values = numpy.vstack([numpy.zeros(len(seconds)), at_times])
    place = numpy.clip(numpy.searchsorted(knots, hertz) - 1, 0, len(knots) - 2)
    weight = numpy.clip((hertz - knots[place]) / (knots[place + 1] - knots[place]), 0.0, 1.0)[:, None]
    return (1.0 - weight) * values[place] + weight * values[place + 1]


def _smoothed(spectrum: numpy.ndarray, bins: float) -> numpy.ndarray:
    """Power (F, T), averaged over an odd number of bins, never 0. (The filter's running sum may end below 0.)"""
    import numpy
    from scipy.ndimage import uniform_filter1d

    power = uniform_filter1d(numpy.abs(spectrum) ** 2, max(1, round(bins)) | 1, axis=0, mode="nearest")
    return numpy.maximum(power, 0.0) + _SMALLEST_POWER
