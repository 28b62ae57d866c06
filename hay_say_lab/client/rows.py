"""A template times rows: each row becomes a request of its own.

Columns of a row: `text` or `clip` (a sound file), `voice`, `then`, `language`, `markup`, `dictionary`, `seed`, `name`;
`then.X`, `prepare.X` and `finish.X` are settings of those; every other column is a setting of the voice. What a row
leaves out is the template's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from hay_say_lab.domain.control import Control, control_from_json
from hay_say_lab.domain.request import EffectLink, Lane, Markup, Request, RequestText, Step
from hay_say_lab.domain.written import value_of
from hay_say_lab.errors import Fix, InvalidRequest, LabError, NotFound, Problem, headline

if TYPE_CHECKING:
    from hay_say_lab.client.lab import Lab

WORDS = ("text", "clip", "voice", "then", "language", "markup", "dictionary", "seed", "name")
GROUPS = ("then", "prepare", "finish")

Settings = Mapping[str, str | bool | int | float | None]


@dataclass(frozen=True, slots=True)
class Template:
    """What all rows share."""

    voice: str | None = None
    settings: Settings = field(default_factory=dict)
    then: str | None = None
    then_settings: Settings = field(default_factory=dict)
    language: str | None = None
    markup: Markup = "plain"
    seed: int | None = None
    prepare: Settings = field(default_factory=dict)
    finish: Settings = field(default_factory=dict)
    effects: tuple[EffectLink, ...] = ()
    lane: Lane = "batch"
    dictionary: str | None = None
    cpu_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Requests in order, and what each row is called ('' where it has no name)."""

    requests: tuple[Request, ...]
    names: tuple[str, ...]


def rows_of(lab: Lab, rows: Iterable[str | Mapping[str, Any]], template: Template) -> Rows:
    """Raises InvalidRequest with what is wrong in any row, before anything but clips is sent."""
    reader = _Reader(lab, template)
    requests, names = [], []
    for number, row in enumerate(rows):
        requests.append(reader.request(number, {"text": row} if isinstance(row, str) else row))
        names.append(str(row.get("name") or "") if isinstance(row, Mapping) else "")
    if reader.problems:
        raise InvalidRequest(headline(reader.problems), problems=reader.problems)
    return Rows(tuple(requests), tuple(names))


class _Reader:
    """Remembers what it asked the lab: the controls of a voice, the hash of a clip."""

    def __init__(self, lab: Lab, template: Template) -> None:
        self.problems: list[Problem] = []
        self._lab = lab
        self._template = template
        self._controls: dict[tuple[str, str | None], Mapping[str, Control]] = {}
        self._clips: dict[str, str] = {}

    def request(self, number: int, row: Mapping[str, Any]) -> Request:
        """The request of a row; where something is wrong, `problems` grows and what comes back is not used."""
        template = self._template
        problem = self._teller(number)
        row = {name: value for name, value in row.items() if not _is_gap(value)}
        has_clip, has_text = _says(row, "clip"), _says(row, "text")
        task = "convert" if has_clip else "speak"       # a row with neither, or with both, is the host's to refuse
        voice, then = self._word(row, "voice", template.voice), self._word(row, "then", template.then)
        own = {name: value for name, value in row.items() if name not in WORDS and name.partition(".")[0] not in GROUPS}
        steps = [Step(task, voice, self._settings(task, voice, template.settings, own))]  # type: ignore[arg-type]
        after = _group(row, "then")
        if then is not None or after or template.then_settings:
            steps.append(Step("convert", then, self._settings("convert", then, template.then_settings, after)))
        return Request(
            tuple(steps),
            text=self._text(row, problem) if has_text or not has_clip else None,
            clip=self._clip(str(row["clip"]), problem) if has_clip else None,
            prepare=self._settings("prepare", None, template.prepare, _group(row, "prepare")),
            finish=self._settings("finish", None, template.finish, _group(row, "finish")),
            effects=template.effects,
            seed=self._seed(row, problem),
            lane=template.lane,
            cpu_fallback=template.cpu_fallback,
        )

    def _teller(self, number: int) -> Callable[[str, str, str], None]:
        def tell(column: str, message: str, way_out: str) -> None:
            self.problems.append(Problem(f"rows.{number}.{column}", f"Row {number + 1}: {message}", Fix(way_out)))

        return tell

    def _text(self, row: Mapping[str, Any], problem: Callable[[str, str, str], None]) -> RequestText:
        markup = self._word(row, "markup", self._template.markup) or "plain"
        if markup not in get_args(Markup):
            problem("markup", f"'{markup}' is no markup.", f"Use one of: {', '.join(get_args(Markup))}.")
        language = self._word(row, "language", self._template.language)
        dictionary = self._word(row, "dictionary", self._template.dictionary)
        return RequestText(str(row.get("text", "")), language, markup, dictionary)  # type: ignore[arg-type]

    def _clip(self, name: str, problem: Callable[[str, str, str], None]) -> str:
        if name not in self._clips:
            try:
                self._clips[name] = self._lab.clip(Path(name))
            except (InvalidRequest, NotFound) as refused:
                for found in refused.problems:
                    problem("clip", f"'{Path(name).name}': {found.message}", found.fix.label)
                return ""
        return self._clips[name]

    def _seed(self, row: Mapping[str, Any], problem: Callable[[str, str, str], None]) -> int | None:
        if not _says(row, "seed"):
            return self._template.seed
        try:
            return int(row["seed"])
        except (TypeError, ValueError):
            problem("seed", f"'{row['seed']}' is no whole number.", "Write digits, such as 7.")
            return None

    def _settings(self, task: str, voice: str | None, shared: Settings, own: Mapping[str, Any]) -> dict[str, Any]:
        """Text from a table becomes what its control wants; what does not fit stays, and the host tells of it."""
        written = [name for name, value in own.items() if isinstance(value, str)]
        controls = self._known(task, voice) if written else {}
        typed = {name: value_of(controls.get(name), own[name]) for name in written}
        return {**shared, **own, **typed}

    def _known(self, task: str, voice: str | None) -> Mapping[str, Control]:
        if (task, voice) not in self._controls:
            self._controls[task, voice] = {control.name: control for control in self._ask(task, voice)}
        return self._controls[task, voice]

    def _ask(self, task: str, voice: str | None) -> Iterable[Control]:
        if task in ("prepare", "finish"):
            return [control_from_json(document) for document in self._lab.controls_of_sound()[task]]
        try:
            return self._lab.controls(task, voice)
        except LabError:
            return ()               # an unknown voice: the host says so when it gets the row

    @staticmethod
    def _word(row: Mapping[str, Any], column: str, shared: str | None) -> str | None:
        return str(row[column]) if _says(row, column) else shared


def _says(row: Mapping[str, Any], column: str) -> bool:
    """Whether a row has something in a column."""
    value = row.get(column)
    return value is not None and value != ""


def _is_gap(value: Any) -> bool:
    """Whether a value is what pandas writes where a table has none (NaN)."""
    return isinstance(value, float) and math.isnan(value)


def _group(row: Mapping[str, Any], group: str) -> dict[str, Any]:
    """Settings of one group: `then.X` -> X."""
    return {name.partition(".")[2]: value for name, value in row.items() if name.partition(".")[0] == group and "." in name}
