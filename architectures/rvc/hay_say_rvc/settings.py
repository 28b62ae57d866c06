"""What a person asked of a conversion: checked settings under our names, or under Hay Say's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy

from hay_say_lab.plugin import InvalidRequest

# Hay Say's names -> ours, so that its settings can be carried over as they are.
HAY_SAY_NAMES = {
    "Pitch Shift": "pitch_semitones",
    "f0 Extraction Method": "f0_method",
    "Filter Radius": "filter_radius",
    "Index Ratio": "index_ratio",
    "Character Similarity": "index_ratio",
    "Voice Envelope Mix Ratio": "envelope_mix",
    "Voiceless Consonants Protection Ratio": "protect",
}
HAY_SAY_VALUES = {("f0_method", "parselmouth"): "autocorrelation", ("f0_method", "pm"): "autocorrelation"}
_POINT = re.compile(r"(?P<seconds>\d+(?:\.\d+)?)\s*[:,]\s*(?P<hertz>\d+(?:\.\d+)?)")
_HIGHEST_DRAWN_HZ = 2000.0


@dataclass(frozen=True, slots=True)
class Settings:
    """One conversion. The ranges are those of the manifest's controls."""

    pitch_semitones: float = 0.0
    f0_method: str = "rmvpe"            # rmvpe, harvest, autocorrelation, crepe
    filter_radius: int = 3              # harvest alone: 3 and more take the median of three frames
    unvoiced: str = "keep"              # keep (classic) or fill (2026)
    f0_curve: str = ""                  # 'seconds:Hz' points in the result, joined by straight lines
    index_ratio: float = 0.75
    protect: float = 0.33               # 0.5: off
    envelope_mix: float = 0.25          # 0: as loud as the source, 1: as loud as the voice makes it
    formant_semitones: float = 0.0
    speaker: int = 0
    variation: float = 1.0              # of the prior's noise; 1 as upstream
    precision: str = "exact"            # or fast

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Settings:
        """Raises InvalidRequest where the drawn curve cannot be read."""
        known = {field.name for field in fields(cls)}
        made = cls(**{name: value for name, value in ours(settings).items() if name in known})
        made.points()
        return made

    def points(self) -> tuple[numpy.ndarray, numpy.ndarray]:
        """The drawn curve: seconds (P,), rising, and Hz (P,)."""
        words = [word for word in self.f0_curve.split(";") if word.strip()]
        found = [_POINT.fullmatch(word.strip()) for word in words]
        wrong = next((word for word, match in zip(words, found, strict=True) if match is None), None)
        if wrong is not None:
            raise _unreadable(f"'{wrong.strip()[:40]}' is no point")
        seconds = numpy.array([float(match["seconds"]) for match in found if match])
        hertz = numpy.array([float(match["hertz"]) for match in found if match])
        if (numpy.diff(seconds) <= 0).any():
            raise _unreadable("its points are not in the order of time")
        if (hertz > _HIGHEST_DRAWN_HZ).any():
            raise _unreadable(f"{hertz.max():g} Hz is above {_HIGHEST_DRAWN_HZ:g} Hz")
        return seconds, hertz


def ours(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings under our names: Hay Say's names and values are taken for ours."""
    renamed = {HAY_SAY_NAMES.get(name, name): value for name, value in settings.items()}
    return {
        name: HAY_SAY_VALUES.get((name, value), value) if isinstance(value, str) else value for name, value in renamed.items()
    }


def _unreadable(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"The drawn pitch curve cannot be read: {what}.",
        field="settings.f0_curve",
        fix="Write points as 'seconds:Hz' with a semicolon between them, e.g. '0.5:220; 0.8:247'; 0 Hz is unvoiced.",
    )
