"""A take made of nothing: something that looks and sounds a little like a voice saying words.

Tests import it; the browser tests also paste this very file into a notebook's cell.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy
import soundfile

from hay_say_lab.audio.f0 import f0_contour
from hay_say_lab.audio.measures import contour_document
from hay_say_lab.audio.picture import picture_of
from hay_say_lab.client.measures import PitchContour
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.timings import TimedWord, Timings
from hay_say_lab.errors import LabError

SAMPLE_RATE = 44100
VOWELS = {"a": (800, 1200), "e": (500, 1900), "i": (300, 2300), "o": (500, 900), "u": (320, 800)}     # F1, F2 in Hz


@dataclass(frozen=True)
class SampleTake:
    """Says `text` at about three words a second; `fault` is what every export answers instead, if anything."""

    text: str
    seed: int = 7
    fault: LabError | None = None
    artifact: str = "5a11ad" * 10 + "f00d"

    @property
    def title(self) -> str:
        return self.text if len(self.text) <= 60 else self.text[:57] + "..."

    def picture(self) -> dict[str, Any]:
        return picture_of(Clip(self.samples(), SAMPLE_RATE))

    def timings(self) -> dict[str, Any] | None:
        return Timings(SAMPLE_RATE, tuple(self.words()), ()).as_json()

    def recipe(self) -> dict[str, Any]:
        settings = {"rate_wpm": 170, "pitch": 50, "word_gap_ms": 0, "volume": 100}
        return {
            "format": 1,
            "request": {
                "text": {"body": self.text, "language": "en", "markup": "plain"},
                "clip": None,
                "steps": [{"task": "speak", "voice": None, "settings": {}}],
                "seed": self.seed,
            },
            "stages": [
                {"kind": "step", "task": "speak", "voice": "parrot:polly", "settings": settings},
                {"kind": "step", "task": "convert", "voice": "mirror:glass", "settings": {"pitch_semitones": -3}},
                {"kind": "finish", "task": "finish", "voice": None, "settings": {}},
            ],
            "voices": {
                "parrot:polly": {"source": "A parrot", "licence": "CC0-1.0", "consent": "", "intended_use": ""},
                "mirror:glass": {"source": "", "licence": "", "consent": "", "intended_use": ""},
            },
            "artifact": self.artifact,
        }

    def export(self, format: str) -> bytes:
        if self.fault is not None:
            raise self.fault
        made = io.BytesIO()
        soundfile.write(made, self.samples(), SAMPLE_RATE, format=format.upper(), subtype="PCM_16")
        return made.getvalue()

    def report(self) -> dict[str, Any]:
        """Made up, as a host's answer would be: measuring would hold the kernel's threads up, which a host does not."""
        return {
            "seconds": len(self.samples()) / SAMPLE_RATE, "sample_rate": SAMPLE_RATE, "lufs": -16.5, "true_peak_dbtp": -1.4,
            "clipped_samples": 0, "clipped_share": 0.0, "noise_floor_db": -68.0, "snr_db": 52.0, "speech_share": 0.91,
            "speech_method": "energy and voicing", "voiced_share": 0.9, "f0_median_hz": 141.0, "f0_p5_hz": 122.0,
            "f0_p95_hz": 164.0, "f0_method": "harvest", "f0_seconds": 4.0, "dominant_band_hz": [500.0, 1000.0],
            "dominant_share": 0.4, "dc_offset": 0.0,
        }  # fmt: skip

    def source_report(self) -> dict[str, Any] | None:
        return None

    def f0(self) -> PitchContour:
        return PitchContour.from_json(contour_document(f0_contour(self.samples(), SAMPLE_RATE, "dio")))

    def words(self) -> list[TimedWord]:
        """Longer words take longer; a breath after each sentence."""
        spans, at, first = [], round(0.08 * SAMPLE_RATE), 0
        for text in self.text.split():
            end = at + round((0.14 + 0.055 * len(text)) * SAMPLE_RATE)
            first = self.text.index(text, first)
            spans.append(TimedWord(text, first, len(text), at, end))
            at = end + round((0.28 if text[-1] in ".,;" else 0.02) * SAMPLE_RATE)
        return spans

    def samples(self) -> numpy.ndarray:
        """Each word: a falling buzz through its vowels' formants, a hiss at its start. float32 (N,)."""
        return _said(self)


@lru_cache(maxsize=8)
def _said(take: SampleTake) -> numpy.ndarray:
    words = take.words()
    sound = numpy.zeros(words[-1].end + round(0.1 * SAMPLE_RATE), dtype=numpy.float32)
    noise = numpy.random.default_rng(take.seed)
    for number, word in enumerate(words):
        sound[word.start : word.end] = _spoken(word.text.lower(), word.end - word.start, number, noise)
    sound += 0.0015 * noise.standard_normal(len(sound)).astype(numpy.float32)
    sound *= 0.7 / numpy.abs(sound).max()
    sound.setflags(write=False)
    return sound


def _spoken(text: str, frames: int, number: int, noise: numpy.random.Generator) -> numpy.ndarray:
    moments = numpy.arange(frames) / SAMPLE_RATE
    share = numpy.linspace(0, 1, frames)
    pitch_hz = (150 - 3 * (number % 7)) * (1.12 - 0.25 * share + 0.02 * numpy.sin(35 * moments))
    phase = 2 * numpy.pi * numpy.cumsum(pitch_hz) / SAMPLE_RATE
    formants = numpy.array([VOWELS[letter] for letter in text if letter in VOWELS] or [VOWELS["e"]], dtype=float)
    spots = numpy.linspace(0, 1, len(formants))
    sound = numpy.zeros(frames)
    for harmonic in range(1, 40):
        hertz = harmonic * pitch_hz
        gain = 0.02 / harmonic
        for formant, width in ((0, 110.0), (1, 160.0)):
            centre = numpy.interp(share, spots, formants[:, formant])
            gain = gain + numpy.exp(-(((hertz - centre) / width) ** 2)) / (1 + formant)
        sound += gain * numpy.sin(harmonic * phase) * (hertz < SAMPLE_RATE / 2)
    hiss = noise.standard_normal(frames) * numpy.exp(-share * 9)
    hiss = numpy.diff(hiss, prepend=0.0) * (1.2 if text[0] in "stfhcxz" else 0.3)
    envelope = numpy.minimum(1, numpy.minimum(share, 1 - share) * 9) * (0.75 + 0.25 * numpy.sin(9 * share + number))
    return ((sound + hiss) * envelope).astype(numpy.float32)
