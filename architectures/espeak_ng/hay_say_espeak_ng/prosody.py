"""Values of SSML's prosody attributes as numbers of the library.

Keywords start from what the request asked for; relative values start from the element around. Results stay within
what the library can do. ValueErrors say which forms are taken.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from hay_say_espeak_ng.script import Style

RATES = (80, 450)               # words per minute
PITCHES = RANGES = (0, 99)
VOLUMES = (0, 200)
# The library's pitch number moves the base of the voice, an octave for 50, but not the melody on top of it. At the
# middle, the base makes 0.68 of the median pitch (measured on en-us, en-us+f2, de, ru+m3: 0.65 to 0.71).
PITCH_STEPS_PER_OCTAVE = 50
BASE_SHARE = 0.68

_RATE_WORDS = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
_PITCH_WORDS = {"x-low": 0.75, "low": 0.87, "medium": 1.0, "default": 1.0, "high": 1.15, "x-high": 1.33}
_RANGE_WORDS = {"x-low": 0.2, "low": 0.5, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.8}
_VOLUME_WORDS = {
    "silent": 0.0, "x-soft": 0.3, "soft": 0.65, "medium": 1.0, "default": 1.0, "loud": 1.5, "x-loud": 2.0,
}   # fmt: skip

_NUMBER = r"([0-9]{1,3}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})"      # bounded, so that no power of it overflows
_PERCENT = re.compile(rf"([+-]?){_NUMBER}%")
_SEMITONES = re.compile(rf"([+-]){_NUMBER}st")
_DECIBELS = re.compile(rf"([+-]){_NUMBER}dB")

EMPHASIS = {"reduced": (2, 0.75), "moderate": (3, 1.0), "strong": (4, 1.2), "x-strong": (5, 1.5)}


def with_rate(text: str, style: Style, asked: Style) -> Style:
    if text in _RATE_WORDS:
        return replace(style, rate=_within(RATES, asked.rate * _RATE_WORDS[text]))
    factor = _percent(text)
    if factor is None:
        raise ValueError(f"a percentage (80%, +20%) or one of {_listed(_RATE_WORDS)}")
    return replace(style, rate=_within(RATES, style.rate * factor))


def with_pitch(text: str, style: Style, asked: Style) -> Style:
    """Move the median pitch: to about a quarter of a semitone around the middle of the library's range."""
    if text in _PITCH_WORDS:
        return replace(style, pitch=_moved(asked.pitch, _PITCH_WORDS[text]))
    semitones = _SEMITONES.fullmatch(text)
    factor = 2.0 ** (_signed(semitones) / 12.0) if semitones else _percent(text, sign_needed=True)
    if factor is None:
        raise ValueError(f"a change with its sign (+2st, -10%) or one of {_listed(_PITCH_WORDS)}")
    return replace(style, pitch=_moved(style.pitch, factor))


def with_range(text: str, style: Style, asked: Style) -> Style:
    if text in _RANGE_WORDS:
        return replace(style, range=_within(RANGES, asked.range * _RANGE_WORDS[text]))
    factor = _percent(text, sign_needed=True)
    if factor is None:
        raise ValueError(f"a change with its sign (+20%) or one of {_listed(_RANGE_WORDS)}")
    return replace(style, range=_within(RANGES, style.range * factor))


def with_volume(text: str, style: Style, asked: Style) -> Style:
    if text in _VOLUME_WORDS:
        return replace(style, volume=_within(VOLUMES, asked.volume * _VOLUME_WORDS[text]))
    decibels = _DECIBELS.fullmatch(text)
    factor = 10.0 ** (_signed(decibels) / 20.0) if decibels else _percent(text, sign_needed=True)
    if factor is None:
        raise ValueError(f"a change with its sign (+6dB, -30%) or one of {_listed(_VOLUME_WORDS)}")
    return replace(style, volume=_within(VOLUMES, style.volume * factor))


def with_emphasis(level: str, style: Style) -> Style:
    if level not in EMPHASIS:
        raise ValueError(f"one of {_listed(EMPHASIS)}")
    stress, loudness = EMPHASIS[level]
    return replace(style, emphasis=stress, volume=_within(VOLUMES, style.volume * loudness))


def _percent(text: str, sign_needed: bool = False) -> float | None:
    """'120%' -> 1.2, '+20%' -> 1.2, '-20%' -> 0.8; None where it is no percentage."""
    match = _PERCENT.fullmatch(text)
    if match is None or (sign_needed and not match.group(1)):
        return None
    return max(0.0, 1.0 + _signed(match) / 100.0) if match.group(1) else float(match.group(2)) / 100.0


def _signed(match: re.Match[str]) -> float:
    return float(match.group(2)) * (-1.0 if match.group(1) == "-" else 1.0)


def _moved(pitch: int, factor: float) -> int:
    """The pitch number at which the median pitch is `factor` times what it is at `pitch`."""
    base = 2.0 ** ((pitch - 50) / PITCH_STEPS_PER_OCTAVE)
    wanted = (factor * (BASE_SHARE * base + 1.0 - BASE_SHARE) - (1.0 - BASE_SHARE)) / BASE_SHARE
    if wanted <= 0.0:
        return PITCHES[0]
    return _within(PITCHES, 50 + PITCH_STEPS_PER_OCTAVE * math.log2(wanted))


def _within(limits: tuple[int, int], value: float) -> int:
    return round(min(max(value, limits[0]), limits[1]))


def _listed(words: dict[str, float] | dict[str, tuple[int, float]]) -> str:
    return ", ".join(words)
