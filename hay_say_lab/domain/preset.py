"""Named settings that travel: between voices, and between architectures as far as their controls mean the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.control import Control, Number
from hay_say_lab.domain.meaning import converted

FORMAT = 1
PresetTask = Literal["speak", "convert"]
Value = str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class Sense:
    """What a setting means, and its unit ('' where it has none), so that a preset can be read without its architecture."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    means: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings of one task of one architecture. `senses`: those of its settings that mean something elsewhere, too."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    task: PresetTask
    architecture: str
    settings: dict[str, Value]
    senses: dict[str, Sense] = field(default_factory=dict)
    note: str = ""
    format: int = FORMAT

    @property
    def id(self) -> str:
        """The version: the hash of all that it says."""
        return content_id(self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "architecture": self.architecture,
            "settings": dict(self.settings),
            "senses": {name: {"means": sense.means, "unit": sense.unit} for name, sense in self.senses.items()},
            "note": self.note,
            "format": self.format,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Preset:
        """Read what `as_json` wrote. Raises KeyError, TypeError for what is none."""
        senses = {name: Sense(sense["means"], sense["unit"]) for name, sense in document["senses"].items()}
        return cls(
            document["task"], document["architecture"], dict(document["settings"]), senses, document["note"], document["format"]
        )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A setting of a preset that another voice cannot be given, and why."""

    setting: str
    why: str


@dataclass(frozen=True, slots=True)
class Carried:
    """A preset as settings of one architecture."""

    settings: dict[str, Value]
    left_out: tuple[LeftOut, ...]


def senses_of(controls: Sequence[Control], settings: Mapping[str, Value]) -> dict[str, Sense]:
    """What the named settings mean, as their controls say."""
    known = {control.name: control for control in controls}
    return {
        name: Sense(known[name].means, _unit(known[name])) for name in settings if name in known and known[name].means
    }


def carry(preset: Preset, architecture: str, controls: Sequence[Control]) -> Carried:
    """A preset as settings that `controls` take. By name in its own architecture, by meaning in another one."""
    settings: dict[str, Value] = {}
    left_out: list[LeftOut] = []
    for name, value in preset.settings.items():
        target, found, why = (
            _by_name(controls, name, value) if architecture == preset.architecture else _by_meaning(preset, controls, name, value)
        )
        if target is not None and not why:
            problems = list(target.check(found, name))
            why = problems[0].message if problems else ""
        if target is None or why:
            left_out.append(LeftOut(name, why))
        else:
            settings[target.name] = found
    return Carried(settings, tuple(left_out))


def _by_name(controls: Sequence[Control], name: str, value: Value) -> tuple[Control | None, Value, str]:
    target = next((control for control in controls if control.name == name), None)
    return target, value, "" if target is not None else "There is no such setting any more."


def _by_meaning(
    preset: Preset, controls: Sequence[Control], name: str, value: Value
) -> tuple[Control | None, Value, str]:
    sense = preset.senses.get(name)
    if sense is None:
        return None, value, f"It means something in '{preset.architecture}' alone."
    target = next((control for control in controls if control.means == sense.means), None)
    if target is None:
        return None, value, f"Nothing there means '{sense.means}'."
    if not isinstance(target, Number) or isinstance(value, bool) or not isinstance(value, int | float):
        return target, value, ""
    there = converted(value, sense.means, sense.unit, target.unit)
    if there is None:
        return target, value, f"It is measured in {sense.unit or 'no unit'} here and in {target.unit} there."
    rounded = round(there, 9)       # 1.1 times are 110 percent, not 110.00000000000001
    return target, int(rounded) if target.whole and float(rounded).is_integer() else rounded, ""


def _unit(control: Control) -> str:
    return control.unit if isinstance(control, Number) else ""
