"""Presets against what is installed: judged when they are kept, made into settings of a voice when they are used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from hay_say_lab.domain.control import check_settings
from hay_say_lab.domain.manifest import Manifest, Offer
from hay_say_lab.domain.meaning import MEANINGS
from hay_say_lab.domain.preset import FORMAT, Carried, Preset, PresetTask, carry, senses_of
from hay_say_lab.engine.casting import Casting
from hay_say_lab.errors import Fix, InvalidRequest, Problem, headline
from hay_say_lab.registry.presets import KeptPreset, Presets
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.rows import now

MOST_SETTINGS = 200
LONGEST_TEXT = 2000             # of a note, or of a setting


@dataclass(frozen=True, slots=True)
class PresetUse:
    """For whom a preset is wanted: a voice (None: the default one), and a task (None: the preset's own)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    voice: str | None = None
    task: PresetTask | None = None


class PresetDesk:
    """What people do with presets, each with their own."""

    def __init__(self, presets: Presets, casting: Casting, voices: Voices) -> None:
        self.presets = presets
        self._casting = casting
        self._voices = voices

    def keep(self, owner: str, name: str, preset: Preset) -> KeptPreset:
        """Raises InvalidRequest with every problem, Conflict.

        Where its architecture is installed, that says what the settings mean; else the preset's own word counts.
        """
        manifest = self._casting.architectures.manifests.get(preset.architecture)
        offer = manifest.offer(preset.task) if manifest is not None else None
        problems = [*_shape(preset), *self._against(manifest, offer, preset)]
        if problems:
            raise InvalidRequest(headline(problems), problems=problems)
        if offer is not None:
            preset = replace(preset, senses=senses_of(offer.controls, preset.settings))
        return self.presets.put(owner, name, preset, now())

    def apply(self, owner: str, reference: str, use: PresetUse) -> tuple[str, Carried]:
        """The version that was taken, and it as settings of a voice. Raises PresetMissing, VoiceMissing, InvalidRequest."""
        _, version = self.presets.find(owner, reference)
        task = use.task or version.preset.task
        voice = self._casting.default_voice(task, None) if use.voice is None else self._voices.get(use.voice)
        manifest = self._casting.architectures.manifest(voice.architecture)
        offer = manifest.offer(task)
        if offer is None:
            raise InvalidRequest(
                f"The voice '{voice.id}' does not {task}.", field="task", fix="Choose a voice that does, or another task."
            )
        return version.preset.id, carry(version.preset, manifest.id, offer.controls)

    @staticmethod
    def _against(manifest: Manifest | None, offer: Offer | None, preset: Preset) -> list[Problem]:
        if manifest is None:
            return []
        if offer is None:
            return [Problem("task", f"'{manifest.id}' does not {preset.task}.", Fix("Use a task that it offers."))]
        return check_settings(offer.controls, preset.settings, "settings")


def _shape(preset: Preset) -> list[Problem]:
    found = []
    if preset.format != FORMAT:
        found.append(Problem("format", f"Format {preset.format} is not known here.", Fix("Update hay-say-lab.")))
    if len(preset.settings) > MOST_SETTINGS:
        found.append(Problem("settings", f"A preset has at most {MOST_SETTINGS} settings.", Fix("Leave some out.")))
    texts = {"note": preset.note, "architecture": preset.architecture}
    texts |= {f"settings.{name}": value for name, value in preset.settings.items() if isinstance(value, str)}
    found += [
        Problem(field, f"'{field}' has more than {LONGEST_TEXT} characters.", Fix("Shorten it."))
        for field, text in texts.items()
        if len(text) > LONGEST_TEXT
    ]
    for name, sense in preset.senses.items():
        if name not in preset.settings or sense.means not in MEANINGS:
            known = ", ".join(MEANINGS)
            problem = f"'{sense.means[:40]}' is no meaning of a setting of this preset."
            found.append(Problem(f"senses.{name}", problem, Fix(f"Known are: {known}.")))
    return found
