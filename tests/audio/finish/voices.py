"""A synthesised speaker: pulses and breath through formants, so that every truth about the sound is known."""

from __future__ import annotations

import functools
import io
import subprocess
import sys
from pathlib import Path

import numpy
import pyworld
import soxr
from scipy.signal import butter, lfilter, sosfilt

SAMPLE_RATE = 24_000
VOWELS = (
    ((700, 80), (1200, 90), (2600, 140), (3500, 200), (4600, 250), (5600, 300), (6600, 350), (7700, 400)),
    ((300, 60), (2200, 100), (2900, 150), (3600, 200), (4800, 250), (5600, 300), (6600, 350), (7700, 400)),
    ((350, 60), (800, 80), (2400, 140), (3300, 200), (4500, 250), (5600, 300), (6600, 350), (7700, 400)),
)
Samples = numpy.ndarray

_SPEAKER = Path(__file__).resolve().parents[3] / "architectures" / "world" / "tests" / "spoken.py"
_SPOKEN_RATE = 22_050


def voice(
    seconds: float = 1.0, hertz: float = 130.0, breath: float = 0.4, sample_rate: int = SAMPLE_RATE, peak: float = 0.5
) -> Samples:
    """Three vowels on a slowly wandering pitch (+-2.4 semitones with vibrato): samples (N,) float32. `breath` is the
    noise above 3 kHz against the pulses' level."""
    count = round(seconds * sample_rate)
    times = numpy.arange(count) / sample_rate
    pitch = hertz * 2.0 ** (0.2 * numpy.sin(2 * numpy.pi * 0.7 * times) + 0.01 * numpy.sin(2 * numpy.pi * 5 * times))
    phase = numpy.cumsum(pitch) / sample_rate
    pulses = lfilter([1.0], [1.0, -0.9], numpy.diff(numpy.floor(phase), prepend=0.0))
    noise = numpy.random.default_rng(5).standard_normal(count) * (0.3 + 0.7 * (1 - phase % 1))
    if sample_rate > 6_600:
        noise = sosfilt(butter(1, 3000, "high", fs=sample_rate, output="sos"), noise)
    excitation = pulses / pulses.std() + breath * noise / noise.std()
    sound = numpy.zeros(count)
    for number, formants in enumerate(VOWELS):
        part = slice(number * count // 3, (number + 1) * count // 3)
        sound[part] = _through(excitation, formants, sample_rate)[part]
    return (peak * sound / numpy.abs(sound).max()).astype(numpy.float32)


def _through(excitation: Samples, formants: tuple[tuple[int, int], ...], sample_rate: int) -> Samples:
    """Parallel resonators of the given frequencies and widths in Hz, with alternating signs."""
    sound = numpy.zeros(len(excitation))
    for number, (hertz, width) in enumerate(formants):
        if hertz < 0.48 * sample_rate:
            radius = numpy.exp(-numpy.pi * width / sample_rate)
            poles = [1.0, -2 * radius * numpy.cos(2 * numpy.pi * hertz / sample_rate), radius * radius]
            sound += (-1) ** number * width / 400 * lfilter([1.0, 0.0, -1.0], poles, excitation)
    return sound


def pitch_of(samples: Samples, sample_rate: int = SAMPLE_RATE) -> Samples:
    """f0 every 5 ms, by Harvest on the whole clip; 0 where unvoiced."""
    return pyworld.harvest(samples.astype(numpy.float64), sample_rate, f0_floor=60.0, f0_ceil=600.0)[0]


def hissing_voice() -> Samples:
    """A voice with a fricative before, between and behind its vowels: samples (N,) float32."""
    vowels = numpy.array_split(voice(1.2), 3)
    hisses = [_hiss(0.25, 3500, 1), _hiss(0.2, 2000, 2), _hiss(0.3, 4500, 3)]
    pairs = [part for pair in zip(hisses, vowels, strict=True) for part in pair]
    return numpy.concatenate([*pairs, _hiss(0.25, 3000, 4)]).astype(numpy.float32)


def _hiss(seconds: float, above_hz: float, seed: int) -> Samples:
    noise = numpy.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    noise = sosfilt(butter(2, above_hz, "high", fs=SAMPLE_RATE, output="sos"), noise)
    return 0.08 * noise / noise.std() * numpy.hanning(len(noise)) ** 0.25


@functools.cache
def spoken_and_vocoded(*, hissing: bool = False) -> tuple[Samples, Samples, Samples]:
    """(a voice, its WORLD copy without aperiodicity, its WORLD copy with the aperiodicity that WORLD measured)."""
    return with_copies(hissing_voice() if hissing else voice())


def with_copies(samples: Samples) -> tuple[Samples, Samples, Samples]:
    """(the samples, their WORLD copy without aperiodicity, their WORLD copy with the aperiodicity that WORLD measured)."""
    sound = samples.astype(numpy.float64)
    f0, times = pyworld.harvest(sound, SAMPLE_RATE, f0_floor=60.0, f0_ceil=500.0)
    envelope = pyworld.cheaptrick(sound, f0, times, SAMPLE_RATE)
    breathy = pyworld.d4c(sound, f0, times, SAMPLE_RATE)
    copies = (
        pyworld.synthesize(f0, envelope, share, SAMPLE_RATE)[: len(sound)].astype(numpy.float32)
        for share in (numpy.full_like(breathy, 1e-3), breathy)
    )
    return (sound.astype(numpy.float32), *copies)  # type: ignore[return-value]


def speech(voice_name: str, text: str) -> Samples:
    """A text by a voice of espeak-ng, in a process of its own: samples (N,) float32."""
    said = subprocess.run(
        [sys.executable, str(_SPEAKER), voice_name], input=text.encode(), stdout=subprocess.PIPE, check=True
    )
    return soxr.resample(numpy.load(io.BytesIO(said.stdout)), _SPOKEN_RATE, SAMPLE_RATE)


def mel_cepstrum(samples: Samples, sample_rate: int = SAMPLE_RATE) -> Samples:
    """(T, 24) of 25 ms every 5 ms: 80 mel bands of 50..8000 Hz, in dB."""
    from scipy.fft import dct

    width, hop = round(0.025 * sample_rate), round(0.005 * sample_rate)
    starts = numpy.arange(0, len(samples) - width, hop)
    frames = samples[starts[:, None] + numpy.arange(width)].astype(numpy.float64) * numpy.hanning(width)
    power = numpy.abs(numpy.fft.rfft(frames, 1024)) ** 2
    hertz = numpy.fft.rfftfreq(1024, 1 / sample_rate)
    edges = 700 * (10 ** (numpy.linspace(numpy.log10(1 + 50 / 700), numpy.log10(1 + 8000 / 700), 82)) - 1)
    rising = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    weights = numpy.clip(numpy.minimum(rising, falling), 0, None)
    return dct(10 * numpy.log10(power @ weights + 1e-7), norm="ortho", axis=1)[:, 1:25]


def mel_cepstral_distance(one: Samples, other: Samples) -> float:
    """Mean over frames, in dB per band."""
    count = min(len(one), len(other))
    difference = mel_cepstrum(one[:count]) - mel_cepstrum(other[:count])
    return float(numpy.sqrt((difference**2).sum(axis=1) / 80).mean())


def harmonic_to_noise_db(samples: Samples, pitch: Samples, low_hz: float, high_hz: float) -> float:
    """Median over voiced frames, independent of the code under test: in each frame of four periods the energy at the
    harmonics of the band against that halfway between them (a comb in the spectrum)."""
    ratios = []
    for index, f0 in enumerate(pitch):
        width = round(4 * SAMPLE_RATE / f0) if f0 > 0 else 0
        start = round(index * 0.005 * SAMPLE_RATE) - width // 2
        if not width or start < 0 or start + width > len(samples):
            continue
        frame = samples[start : start + width].astype(numpy.float64) * numpy.hanning(width)
        power = numpy.abs(numpy.fft.rfft(frame, 16384)) ** 2
        best = -99.0
        for trial in f0 * numpy.linspace(0.98, 1.02, 41):           # at 8 kHz the pitch must be right to a few cents
            numbers = numpy.arange(numpy.ceil(low_hz / trial), numpy.floor(high_hz / trial))
            bins = 16384 / SAMPLE_RATE * trial
            on, between = (power[numpy.rint(bins * (numbers + shift)).astype(int)].sum() for shift in (0.0, 0.5))
            best = max(best, 10 * numpy.log10(on / between))
        ratios.append(best)
    return float(numpy.median(ratios))
