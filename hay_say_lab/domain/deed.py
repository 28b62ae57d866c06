"""What goes into the audit log: who did what to which voice, asset or preset, or was refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Action = Literal["add", "remove", "restore", "approve", "withdraw", "serve", "export", "deny", "override", "provenance", "preset", "begin"]
ACTIONS: tuple[Action, ...] = get_args(Action)

LONGEST_NAME = 255              # characters of an actor, a subject
LONGEST_WORDS = 2000            # characters of a text in the detail
_MARKS = ("Cc", "Cf", "Cs", "Zl", "Zp")     # control, direction and format marks, halves of letters, line breaks


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the audit log, before it has its place.

    `subject` is an id: of a voice, an asset, a preset, a job, or the route that was refused. `actor` is an owner; '' is
    the host itself or a caller without a token. `role`: '' where a job did it.
    """

    action: Action
    subject: str
    actor: str = ""
    role: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> Deed:
        """As it is kept: whatever somebody typed stays on its line and ends somewhere."""
        detail = {plain(name): _plain(value) for name, value in self.detail.items()}
        return Deed(self.action, plain(self.subject), plain(self.actor), plain(self.role), detail)


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    r"""Text without anything that could forge a line: marks and line breaks as their numbers (\x0a), cut at `longest`."""
    if len(text) <= longest and text.isprintable():         # nearly always: none of the marks is printable
        return text
    shown = "".join(_escaped(letter) if unicodedata.category(letter) in _MARKS else letter for letter in text[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def _escaped(letter: str) -> str:
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value, LONGEST_WORDS)
    if isinstance(value, Mapping):
        return {plain(str(name)): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
