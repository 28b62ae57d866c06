"""Noise reduction: steady noise under speech, attenuated bin by bin.

Gains by Y. Ephraim, D. Malah, Speech enhancement using a minimum mean-square error log-spectral amplitude estimator
(IEEE TASSP 33, 1985) with the decision-directed a-priori SNR of their paper of 1984. The noise floor follows
R. Martin's minimum statistics (IEEE TSAP 9, 2001), with minima that look both ways in time: a clip is known whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.level import level_exponent, scaled
from hay_say_lab.audio.progress import Checkpoint, unwatched
from hay_say_lab.audio.scratch import padded as padded_with
from hay_say_lab.audio.scratch import zeros

if TYPE_CHECKING:
    import numpy

MOST_REDUCTION_DB = 24.0            # at strength 1; below this musical noise would be heard
_WINDOW_SECONDS = 0.032
_HOPS_PER_WINDOW = 4
_FRAMES_PER_SECOND = 125            # at the nominal hop of 8 ms
_SMOOTHING_FRAMES = 15              # of the power before its minimum is looked for
_SMOOTHING_BINS = 3
_REACH_FRAMES = 2 * _FRAMES_PER_SECOND      # minima are looked for this far before and after: longer than any vowel
_MINIMUM_BIAS = 1.9                 # mean over minimum of a white noise's smoothed power; a test measures it
_NOISE_RATIO = 2.5                  # smoothed power below this many times the floor is noise alone
_BLOCK_FRAMES = 1000
_MEMORY = 0.98                      # of the decision-directed estimate
_LEAST_PRIOR = 10.0 ** (-25.0 / 10.0)
_LARGEST_RATIO = 1e6
_DIGITAL_SILENCE = 1e-12            # power of a frame; the clip's peak is between 0.5 and 1
_SMALLEST_POWER = 1e-30


def reduce_noise(
    samples: numpy.ndarray, sample_rate: int, strength: float, checkpoint: Checkpoint = unwatched
) -> numpy.ndarray:
    """Samples (N,) -> (N,) float32 with steady noise attenuated by at most `strength` (0..1) times 24 dB.

    Nothing is drawn at random. Notes held for more than four seconds look like noise and are attenuated too.
    """
    import numpy

    width = max(4, round(_WINDOW_SECONDS * sample_rate / _HOPS_PER_WINDOW)) * _HOPS_PER_WINDOW
    hop = width // _HOPS_PER_WINDOW
    exponent = level_exponent(samples)
    padded = padded_with(scaled(samples, 2.0**exponent), width, 2 * width, "reflect")
    frames = (len(samples) + width) // hop + 1
    window = numpy.sqrt(numpy.hanning(width + 1)[:-1])
    least_gain = 10.0 ** (-MOST_REDUCTION_DB * strength / 20.0)
    quiet = zeros(len(padded) + width)
    prior = numpy.zeros(width // 2 + 1)
    for first in range(0, frames, _BLOCK_FRAMES):
        checkpoint(first / frames, "reducing noise")
        last = min(first + _BLOCK_FRAMES, frames)
        noise = noise_floor(padded, window, hop, first, last, frames)
        spectra = _spectra(padded, window, hop, first, last)
        gains, prior = _gains(numpy.abs(spectra) ** 2, noise, prior)
        sound = numpy.fft.irfft(spectra * numpy.maximum(gains, least_gain), width, axis=1) * window
        for number in range(last - first):
            start = (first + number) * hop
            quiet[start : start + width] += sound[number]
    # The squared windows of four hops add up to 2 everywhere.
    return scaled(quiet[width : width + len(samples)], 0.5 * 2.0**-exponent)


def noise_floor(
    padded: numpy.ndarray, window: numpy.ndarray, hop: int, first: int, last: int, frames: int
) -> numpy.ndarray:
    """Power of the noise (last - first, F) in frames first..last of a clip of `frames` frames.

    First the bias-corrected minimum of the smoothed power within two seconds on either side; then the mean power of
    the frames around that are not above 2.5 times it, which is steadier. Digitally silent frames do not count.
    """
    import numpy
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    reach = 2 * _REACH_FRAMES + _SMOOTHING_FRAMES
    low, high = max(first - reach, 0), min(last + reach, frames)
    power = numpy.abs(_spectra(padded, window, hop, low, high)) ** 2
    heard = power.mean(axis=1) > _DIGITAL_SILENCE
    smooth = uniform_filter1d(power, _SMOOTHING_BINS, axis=1, mode="nearest")
    smooth = uniform_filter1d(smooth, _SMOOTHING_FRAMES, axis=0, mode="nearest")
    rough = numpy.where(heard[:, None], smooth, numpy.inf)
    rough = minimum_filter1d(rough, 2 * _REACH_FRAMES + 1, axis=0, mode="nearest")
    rough = numpy.where(numpy.isfinite(rough), rough, 0.0) * _MINIMUM_BIAS
    alone = ((smooth <= _NOISE_RATIO * rough) & heard[:, None]).astype(numpy.float64)
    span = 2 * _REACH_FRAMES + 1
    share = uniform_filter1d(alone, span, axis=0, mode="nearest")
    mean = uniform_filter1d(alone * power, span, axis=0, mode="nearest") / numpy.maximum(share, 1e-9)
    enough = share * span >= _SMOOTHING_FRAMES
    return numpy.where(enough, mean, rough)[first - low : last - low].clip(_SMALLEST_POWER)


def _spectra(padded: numpy.ndarray, window: numpy.ndarray, hop: int, first: int, last: int) -> numpy.ndarray:
    """(last - first, F) complex, F = width / 2 + 1; frame i covers padded samples i * hop..i * hop + width."""
    import numpy

    stretch = padded[first * hop : (last - 1) * hop + len(window)].astype(numpy.float64)
    rows = numpy.lib.stride_tricks.sliding_window_view(stretch, len(window))[::hop]
    return numpy.fft.rfft(rows * window, axis=1)


def _gains(
    power: numpy.ndarray, noise: numpy.ndarray, prior: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Log-MMSE gains (T, F) of power (T, F) over noise (T, F), and the clean power over noise (F,) of the last frame,
    which the next block is given as `prior`."""
    import numpy
    from scipy.special import exp1

    posterior = numpy.clip(power / noise, 1e-6, _LARGEST_RATIO)
    excess = (1.0 - _MEMORY) * numpy.maximum(posterior - 1.0, 0.0)
    gains = numpy.empty_like(posterior)
    for number, ratio in enumerate(posterior):
        a_priori = numpy.maximum(_MEMORY * prior + excess[number], _LEAST_PRIOR)
        wiener = a_priori / (1.0 + a_priori)
        gain = numpy.minimum(wiener * numpy.exp(0.5 * exp1(wiener * ratio)), 1.0)
        prior = gain * gain * ratio
        gains[number] = gain
    return gains, prior
