"""Presets over HTTP: each caller's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.preset import Preset
from hay_say_lab.engine.preset_desk import PresetUse
from hay_say_lab.registry.presets import KeptPreset, PresetVersion
from hay_say_lab.service.handler import LabHandler


@dataclass(frozen=True, slots=True)
class PresetSummary:
    """A preset: its newest version, when that was written, what it is of, and how many versions are kept."""

    name: str
    version: str
    at: str
    task: str
    architecture: str
    settings: int
    note: str
    versions: int


@dataclass(frozen=True, slots=True)
class PresetsView:
    presets: list[PresetSummary]


@dataclass(frozen=True, slots=True)
class PresetView:
    """A version of a preset with its settings; `versions` are all that are kept, the newest one last."""

    name: str
    version: str
    at: str
    document: dict[str, Any]
    versions: list[str]


@dataclass(frozen=True, slots=True)
class LeftOutView:
    """A setting that the voice cannot be given, and why."""

    setting: str
    why: str


@dataclass(frozen=True, slots=True)
class CarriedView:
    """A version of a preset as settings of a voice."""

    version: str
    settings: dict[str, Any]
    left_out: list[LeftOutView]


class PresetsHandler(LabHandler):
    async def get(self) -> None:
        self.reply(PresetsView([_summary(kept) for kept in self.surface.desk.presets.all(self.owner)]))


class PresetHandler(LabHandler):
    async def get(self, reference: str) -> None:
        self.reply(_view(*self.surface.desk.presets.find(self.owner, reference)))

    async def put(self, name: str) -> None:
        kept = self.surface.desk.keep(self.owner, name, self.body_of(Preset))
        await self.tell("preset", name, version=kept.newest.preset.id)
        self.reply(_view(kept, kept.newest))

    async def delete(self, name: str) -> None:
        kept = self.surface.desk.presets.remove(self.owner, name)
        await self.tell("preset", name, removed=kept.newest.preset.id)
        self.reply(_summary(kept))


class ApplyHandler(LabHandler):
    async def post(self, reference: str) -> None:
        version, carried = self.surface.desk.apply(self.owner, reference, self.body_of(PresetUse))
        left_out = [LeftOutView(left.setting, left.why) for left in carried.left_out]
        self.reply(CarriedView(version, carried.settings, left_out))


def _summary(kept: KeptPreset) -> PresetSummary:
    newest, preset = kept.newest, kept.newest.preset
    of = (preset.task, preset.architecture, len(preset.settings), preset.note)
    return PresetSummary(kept.name, preset.id, newest.at, *of, len(kept.versions))


def _view(kept: KeptPreset, version: PresetVersion) -> PresetView:
    versions = [other.preset.id for other in kept.versions]
    return PresetView(kept.name, version.preset.id, version.at, version.preset.as_json(), versions)
