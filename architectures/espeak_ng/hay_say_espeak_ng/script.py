"""What is to be said, whatever markup it came in: letters, where each stands in the body, and how it is spoken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

Reading = Literal["text", "spelled", "digits", "mnemonics"]
Ending = Literal["sentence", "paragraph", "pause"]

LONGEST_SPELLED = 40            # letters in one run; the library reads words of at most 160 bytes


@dataclass(frozen=True, slots=True)
class Style:
    """How letters are spoken: words per minute, pitch and range 0..99, volume 0..200, emphasis 0 (none) to 5."""

    rate: int
    pitch: int
    range: int
    volume: int
    emphasis: int = 0
    reading: Reading = "text"


@dataclass(frozen=True, slots=True)
class Joint:
    """A forced boundary before letter `at`: the end of a sentence or paragraph, or a pause of exact length."""

    at: int
    ending: Ending
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A name that the author put before letter `at`; `before_pause`: and before the exact pause that stands there."""

    name: str
    at: int
    before_pause: bool = False


@dataclass(slots=True)
class Script:
    """Letters in the order they are spoken.

    For letter i: `starts[i]` to `ends[i]` is its range in the body as sent (an entity is one letter of several
    characters), `styles[i]` is how it is spoken. Where the author gave other words for a stretch of the body, all of
    those words' letters have the range of the stretch, and `replaced` maps its start to the words as written.
    """

    letters: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)
    joints: list[Joint] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    replaced: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.letters)

    def say(self, text: str, first: int, style: Style) -> None:
        """Add text that stands letter by letter in the body from `first` on."""
        self.letters += text
        self.starts += range(first, first + len(text))
        self.ends += range(first + 1, first + len(text) + 1)
        self.styles += [style] * len(text)

    def say_for(self, text: str, first: int, end: int, style: Style) -> None:
        """Add text that stands for the whole range of the body."""
        self.letters += text
        self.starts += [first] * len(text)
        self.ends += [end] * len(text)
        self.styles += [style] * len(text)

    def join(self, ending: Ending, milliseconds: int = 0) -> None:
        self.joints.append(Joint(len(self), ending, milliseconds))
        if ending == "pause":
            self.marks = [replace(mark, before_pause=True) if mark.at == len(self) else mark for mark in self.marks]

    def mark(self, name: str) -> None:
        self.marks.append(Mark(name, len(self)))

    def text(self, start: int, stop: int) -> str:
        return "".join(self.letters[start:stop])


def plain_script(body: str, style: Style) -> Script:
    script = Script()
    script.say(body, 0, style)
    return script
