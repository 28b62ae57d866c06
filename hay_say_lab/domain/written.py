"""Values as people write them on a command line or in a table's cell, and what a control takes them for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hay_say_lab.domain.control import Control

NOTHING = ""                    # leaves the value to the architecture, where the control's default does so

Value = str | bool | int | float | None


def value_of(control: Control | None, text: str) -> Value:
    """The value that `text` means for a control; `text` itself where it means none of its kind, so that it is told."""
    kind = control.kind if control is not None else ""
    if kind == "toggle":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "number":
        return number_of(text)
    return text


def number_of(text: str) -> str | int | float | None:
    """A whole number, else a real one, else `text` itself; None for NOTHING."""
    if text == NOTHING:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
