"""What settings mean, whatever an architecture calls them: by this a preset of one becomes settings of another.

A control says its meaning with `means=`. Two controls with one meaning do the same to the sound; their units may differ,
and are converted where that is exact (docs/presets.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable

# meaning -> what it does to the sound
MEANINGS: dict[str, str] = {
    "pitch": "moves the whole melody up or down",
    "pitch_range": "widens or flattens the melody around its middle",
    "fit_pitch": "brings the pitch to where the chosen voice speaks",
    "formant": "moves the resonances of the mouth: smaller or larger",
    "likeness": "takes more or less of the chosen voice's timbre",
    "breath": "makes the voice breathier or cleaner",
    "noise": "lets more or less chance into the sound",
    "speed": "speaks faster or slower",
    "energy": "makes the voice stronger or weaker",
    "pause": "lengthens the pauses between words",
    "protection": "keeps consonants and breath from being changed",
    "envelope": "follows the loudness of the recording, or of the voice",
    "f0_method": "chooses how the pitch is found",
    "f0_floor": "sets the lowest pitch that is looked for",
    "f0_ceiling": "sets the highest pitch that is looked for",
    "steps": "spends more or less computing on the sound",
}

_EXACT: dict[tuple[str, str], Callable[[float], float]] = {
    ("times", "percent"): lambda value: value * 100.0,
    ("percent", "times"): lambda value: value / 100.0,
    ("share", "percent"): lambda value: value * 100.0,
    ("percent", "share"): lambda value: value / 100.0,
    ("semitones", "cents"): lambda value: value * 100.0,
    ("cents", "semitones"): lambda value: value / 100.0,
    ("seconds", "milliseconds"): lambda value: value * 1000.0,
    ("milliseconds", "seconds"): lambda value: value / 1000.0,
}
# A ratio of frequencies is so many semitones: 12 * log2(ratio). Only where the meaning is a frequency.
_FREQUENCIES = ("pitch", "formant")


def converted(value: float, meaning: str, unit: str, wanted: str) -> float | None:
    """A value in another unit; None where the two measure different things or the value has no counterpart."""
    if unit == wanted:
        return value
    if (unit, wanted) in _EXACT:
        return _EXACT[unit, wanted](value)
    if meaning in _FREQUENCIES and (unit, wanted) == ("times", "semitones"):
        return 12.0 * math.log2(value) if value > 0 else None
    if meaning in _FREQUENCIES and (unit, wanted) == ("semitones", "times"):
        return float(2.0 ** (value / 12.0))
    return None
