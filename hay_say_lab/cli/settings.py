"""`--set name=value`: text from a command line becomes the kind of value that the control declares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hay_say_lab.domain.written import value_of
from hay_say_lab.errors import Fix, InvalidRequest, NotFound, Problem

if TYPE_CHECKING:
    from hay_say_lab.cli.command import Parser
    from hay_say_lab.client.lab import Lab
    from hay_say_lab.domain.control import Control


def read_settings(lab: Lab, task: str, voice: str | None, pairs: Iterable[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Settings by name, and the pairs that are none.

    What does not fit its control stays as it was written: the host tells all such problems together.
    """
    pairs = list(pairs)
    return typed_pairs(_controls(lab, task, voice) if pairs else (), pairs, "set")


def declare_preset(parser: Parser) -> None:
    parser.add_argument("--preset", metavar="NAME", help="one of 'hay-say presets', under what --set says")


def with_preset(lab: Lab, preset: str | None, task: str, voice: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings on top of a preset's. Raises PresetMissing, VoiceMissing, InvalidRequest."""
    return {**(lab.presets.settings(preset, voice, task) if preset else {}), **settings}


def typed_pairs(
    controls: tuple[Control, ...], pairs: Iterable[str], field: str
) -> tuple[dict[str, Any], list[Problem]]:
    """name=value pairs as the controls want them, and the pairs that are none."""
    known = {control.name: control for control in controls}
    settings: dict[str, Any] = {}
    problems: list[Problem] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            problems.append(Problem(field, f"'{pair}' is no setting.", Fix("Write it as name=value.")))
        else:
            settings[name] = value_of(known.get(name), value)
    return settings, problems


def _controls(lab: Lab, task: str, voice: str | None) -> tuple[Control, ...]:
    """None where the voice is unknown or does something else: the host says so when it gets the request."""
    try:
        return lab.controls(task, voice)
    except (InvalidRequest, NotFound):
        return ()


def whole_number(text: str | None, field: str) -> tuple[int | None, list[Problem]]:
    """An option that is a whole number, and the problem where it is none."""
    if text is None:
        return None, []
    try:
        return int(text), []
    except ValueError:
        return None, [Problem(field, f"'{text}' is no whole number.", Fix("Write digits, such as 7."))]
