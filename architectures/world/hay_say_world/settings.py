"""The controls of `convert`, as the runtime reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hay_say_world.analysis import PitchSearch


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked and complete settings; `formant_shift` None leaves the choice to the estimate."""

    pitch_semitones: float
    fit_pitch: bool
    pitch_range: float
    formant_shift: float | None
    likeness: float
    breath: float
    noise_guard: bool
    search: PitchSearch

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Settings:
        """From what the manifest's controls let through."""
        return cls(
            pitch_semitones=settings["pitch_semitones"],
            fit_pitch=settings["fit_pitch"],
            pitch_range=settings["pitch_range"],
            formant_shift=settings["formant_shift"],
            likeness=settings["likeness"],
            breath=settings["breath"],
            noise_guard=settings["noise_guard"],
            search=PitchSearch(settings["f0_method"], settings["f0_floor_hz"], settings["f0_ceiling_hz"]),
        )
