"""Speech made from nothing: a train of pulses through three formants, with pauses and a hiss, always the same.

What a test measures against is known here exactly: the pitch of every moment, and which moments are voiced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from scipy.signal import butter, lfilter, sosfilt

SAMPLE_RATE = 22_050
VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240))       # Peterson and Barney 1952: a, i, u; in Hz
BANDWIDTHS = (60, 90, 120)


@dataclass(frozen=True)
class Speech:
    """Samples (N,) float32, and for each of them the pitch in Hz (0 where there is no voice)."""

    samples: numpy.ndarray
    f0_hz: numpy.ndarray
    sample_rate: int

    @property
    def voiced(self) -> numpy.ndarray:
        return self.f0_hz > 0

    @property
    def pauses(self) -> numpy.ndarray:
        """Samples farther than 50 ms from any sound of the speaker."""
        reach = round(0.05 * self.sample_rate)
        near = numpy.convolve(numpy.abs(self.samples) > 1e-5, numpy.ones(2 * reach + 1), mode="same") > 0.5
        return ~near


def speech(seconds: float = 3.0, hertz: float = 120.0, sample_rate: int = SAMPLE_RATE, peak: float = 0.5) -> Speech:
    """Syllables of 0.35 s (a hiss of 0.08 s, then a vowel with a moving pitch); 0.6 s of pause before, between every
    second and third, and after."""
    count = round(seconds * sample_rate)
    samples, f0_hz = numpy.zeros(count), numpy.zeros(count)
    start, number = round(0.6 * sample_rate), 0
    while start + round(0.95 * sample_rate) <= count:
        hiss, vowel = round(0.08 * sample_rate), round(0.27 * sample_rate)
        samples[start : start + hiss] = _hiss(hiss, sample_rate, number)
        start += hiss
        turn = numpy.arange(vowel) / vowel
        pitch = hertz * 2.0 ** ((numpy.sin(2 * numpy.pi * turn) * 1.5 + number % 3 - 1) / 12.0)
        samples[start : start + vowel] = _vowel(pitch, VOWELS[number % 3], sample_rate)
        f0_hz[start : start + vowel] = pitch
        start += vowel
        number += 1
        if number % 2 == 0:
            start += round(0.6 * sample_rate)
    return Speech((peak * samples / numpy.abs(samples).max()).astype(numpy.float32), f0_hz, sample_rate)


def held_vowel(seconds: float, hertz: float, sample_rate: int = SAMPLE_RATE, peak: float = 0.5) -> Speech:
    """One vowel without a breath, the hardest place to join two blocks in."""
    pitch = numpy.full(round(seconds * sample_rate), hertz)
    sound = _vowel(pitch, VOWELS[0], sample_rate)
    return Speech((peak * sound / numpy.abs(sound).max()).astype(numpy.float32), pitch, sample_rate)


def noise(count: int, rms: float, seed: int = 1) -> numpy.ndarray:
    """White noise (count,) float32."""
    return (rms * numpy.random.default_rng(seed).standard_normal(count)).astype(numpy.float32)


def in_noise(clean: Speech, snr_db: float) -> numpy.ndarray:
    """The speech with white noise: the speaker's mean power (pauses not counted) over the noise's is `snr_db`."""
    power = float(numpy.square(clean.samples[~clean.pauses], dtype=float).mean())
    return clean.samples + noise(len(clean.samples), (power / 10 ** (snr_db / 10)) ** 0.5)


def median_cents(measured_hz: numpy.ndarray, wanted_hz: numpy.ndarray) -> float:
    """Median distance where both are voiced."""
    both = (measured_hz > 0) & (wanted_hz > 0)
    return float(numpy.median(1200 * numpy.log2(measured_hz[both] / wanted_hz[both])))


def _vowel(pitch_hz: numpy.ndarray, formants_hz: tuple[int, ...], sample_rate: int) -> numpy.ndarray:
    """Pulses (limited to half the sample rate by summing harmonics) with 12 dB per octave less, through resonances."""
    phase = 2 * numpy.pi * numpy.cumsum(pitch_hz) / sample_rate
    most = int(min(5000.0, 0.45 * sample_rate) / pitch_hz.max())
    sound = numpy.sum([numpy.cos(number * phase) / number for number in range(1, most + 1)], axis=0)
    for formant, width in zip(formants_hz, BANDWIDTHS, strict=True):
        if formant < 0.45 * sample_rate:
            radius = numpy.exp(-numpy.pi * width / sample_rate)
            angle = 2 * numpy.pi * formant / sample_rate
            poles = [1.0, -2 * radius * numpy.cos(angle), radius * radius]
            sound = lfilter([sum(poles)], poles, sound)
    ramp = round(0.02 * sample_rate)
    sound[:ramp] *= numpy.linspace(0, 1, ramp)
    sound[-ramp:] *= numpy.linspace(1, 0, ramp)
    return sound / numpy.abs(sound).max()


def _hiss(count: int, sample_rate: int, seed: int) -> numpy.ndarray:
    sections = butter(2, 0.25 * sample_rate, "highpass", fs=sample_rate, output="sos")
    return 0.15 * numpy.hanning(count) * sosfilt(sections, noise(count, 0.3, seed + 10))
