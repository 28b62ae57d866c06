"""One declared setting: a form field, a validation, a documentation row and a command-line option at once."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hay_say_lab.domain.meaning import MEANINGS
from hay_say_lab.errors import Fix, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Control:
    """What all controls say of themselves. `group` names the form section, `advanced` folds the field away.

    `means`: what it does to the sound, whatever it is called here: one of `domain.meaning.MEANINGS`, '' for nothing that
    another architecture could have, too.
    """

    help: str
    label: str = ""
    group: str = ""
    advanced: bool = False
    means: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a meaning that is not in the vocabulary."""
        if self.means and self.means not in MEANINGS:
            raise ValueError(f"'{self.means}' is no meaning; known are {', '.join(MEANINGS)}")

    def described(self, name: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "kind": self.kind,  # type: ignore[attr-defined]
            "label": self.label or name.replace("_", " ").capitalize(),
            "help": self.help,
            "group": self.group,
            "advanced": self.advanced,
            "means": self.means,
            **more,
        }


@dataclass(frozen=True, slots=True)
class Number(_Control):
    """A number between `low` and `high` (both allowed), in `unit`; whole where `step` is a whole number of units.

    `default` None means: the architecture decides from the material, and says what it took.
    """

    kind: ClassVar[str] = "number"
    name: str
    unit: str
    low: float
    high: float
    default: float | None
    step: float | None = None

    @property
    def whole(self) -> bool:
        return self.step is not None and float(self.step).is_integer() and float(self.low).is_integer()

    def as_json(self) -> dict[str, Any]:
        return self.described(
            self.name, unit=self.unit, low=self.low, high=self.high, default=self.default, step=self.step
        )

    def check(self, value: Any, field: str) -> Iterator[Problem]:
        if value is None and self.default is None:
            return
        if not _is_finite_number(value):
            yield Problem(
                field, f"'{self.name}' must be a number of {self.unit}, not {_shown(value)}.", self._reset(field)
            )
            return
        nearest = self._nearest(value)
        mend = _put(field, nearest, f"Use {nearest:g}")
        if self.whole and not float(value).is_integer():
            yield Problem(field, f"'{self.name}' must be a whole number of {self.unit}, not {value}.", mend)
        if not self.low <= value <= self.high:
            message = f"'{self.name}' is {value:g} {self.unit}; it goes from {self.low:g} to {self.high:g}."
            yield Problem(field, message, mend)

    def _nearest(self, value: float) -> float:
        """The value closest to this one that is allowed."""
        if self.whole:
            return min(max(round(value), math.ceil(self.low)), math.floor(self.high))
        return min(max(value, self.low), self.high)

    def _reset(self, field: str) -> Fix:
        return _put(field, self.default, f"Use the default ({self.default})")


@dataclass(frozen=True, slots=True)
class Choice(_Control):
    """One of a few named values."""

    kind: ClassVar[str] = "choice"
    name: str
    values: tuple[str, ...]
    default: str

    def as_json(self) -> dict[str, Any]:
        return self.described(self.name, values=list(self.values), default=self.default)

    def check(self, value: Any, field: str) -> Iterator[Problem]:
        if value not in self.values:
            offered = ", ".join(self.values[:12]) + (", ..." if len(self.values) > 12 else "")
            yield Problem(
                field,
                f"'{self.name}' cannot be {_shown(value)}; it is one of: {offered}.",
                _put(field, self.default, f"Use '{self.default}'"),
            )


@dataclass(frozen=True, slots=True)
class Toggle(_Control):
    """On or off."""

    kind: ClassVar[str] = "toggle"
    name: str
    default: bool

    def as_json(self) -> dict[str, Any]:
        return self.described(self.name, default=self.default)

    def check(self, value: Any, field: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield Problem(
                field,
                f"'{self.name}' is true or false, not {_shown(value)}.",
                _put(field, self.default, f"Use {str(self.default).lower()}"),
            )


@dataclass(frozen=True, slots=True)
class Text(_Control):
    """A line of free text, at most `longest` characters."""

    kind: ClassVar[str] = "text"
    name: str
    default: str
    longest: int = 200

    def as_json(self) -> dict[str, Any]:
        return self.described(self.name, default=self.default, longest=self.longest)

    def check(self, value: Any, field: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(
                field, f"'{self.name}' must be text, not {_shown(value)}.", _put(field, self.default, "Use the default")
            )
            return
        clean = "".join(letter for letter in value if unicodedata.category(letter) not in ("Cc", "Cs"))
        if len(value) > self.longest:
            yield Problem(
                field,
                f"'{self.name}' has {len(value)} characters; at most {self.longest} are taken.",
                _put(field, clean[: self.longest], "Cut it"),
            )
        if clean != value:
            yield Problem(
                field,
                f"'{self.name}' holds control characters or halves of letters.",
                _put(field, clean[: self.longest], "Leave them out"),
            )


Control = Number | Choice | Toggle | Text


def control_from_json(document: Mapping[str, Any]) -> Control:
    """The control that `as_json` described."""
    said = {"help": document["help"], "label": document["label"], "group": document["group"]}
    said["advanced"] = document["advanced"]
    said["means"] = document.get("means", "")
    match document["kind"]:
        case "number":
            names = ("unit", "low", "high", "default", "step")
            return Number(document["name"], **{name: document[name] for name in names}, **said)
        case "choice":
            return Choice(document["name"], tuple(document["values"]), document["default"], **said)
        case "toggle":
            return Toggle(document["name"], document["default"], **said)
    return Text(document["name"], document["default"], document["longest"], **said)


def check_settings(controls: tuple[Control, ...], settings: Mapping[str, Any], field: str) -> list[Problem]:
    """Every problem of `settings` against what is declared: unknown names and unfit values."""
    known = {control.name: control for control in controls}
    problems: list[Problem] = []
    for name, value in settings.items():
        where = f"{field}.{name}"
        if name in known:
            problems += known[name].check(value, where)
        else:
            offered = ", ".join(sorted(known)) or "none"
            patch = ({"op": "remove", "path": f"{pointer(field)}/{_escaped(name)}"},)
            problems.append(
                Problem(where, f"There is no setting '{name}' here; known are: {offered}.", Fix("Leave it out", patch))
            )
    return problems


def with_defaults(controls: tuple[Control, ...], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with every declared control in its place, numbers as numbers of the declared kind."""
    filled: dict[str, Any] = {}
    for control in controls:
        value = settings.get(control.name, control.default)
        if isinstance(control, Number) and value is not None:
            value = int(value) if control.whole else float(value)
        filled[control.name] = value
    return filled


def pointer(field: str) -> str:
    """A dotted field path as a JSON Pointer (RFC 6901)."""
    return "/" + "/".join(_escaped(part) for part in field.split("."))


def _escaped(part: str) -> str:
    """One part of a JSON Pointer; a setting's unknown name may hold dots, so it is no field path."""
    return part.replace("~", "~0").replace("/", "~1")


def _is_finite_number(value: Any) -> bool:
    """Whether a float can hold it: a whole number from JSON may be larger than any float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _put(field: str, value: Any, label: str) -> Fix:
    return Fix(label, ({"op": "add", "path": pointer(field), "value": value},))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
