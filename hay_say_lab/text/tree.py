"""A marked-up text as nouns. Every noun knows where it stands in the body, in characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from hay_say_lab.text.spans import Span

SayAsKind = Literal["characters", "digits", "telephone", "cardinal", "ordinal"]


@dataclass(frozen=True, slots=True)
class Words:
    """Text to be spoken. Where `span` has the text's length, letters stand as written; else (an entity, a line end
    of two characters) the span as a whole stands for the text."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class _Holder:
    """An element with others inside; `span` goes from its first tag's < to its last tag's >."""

    span: Span
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Speak(_Holder):
    """The whole document; `language` is its xml:lang, None where it has none."""

    element: ClassVar[str] = "speak"
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Paragraph(_Holder):
    element: ClassVar[str] = "p"


@dataclass(frozen=True, slots=True)
class Sentence(_Holder):
    element: ClassVar[str] = "s"


@dataclass(frozen=True, slots=True)
class Prosody(_Holder):
    """`rate`: times the rate of the request, the elements around counted in (0.25 to 4)."""

    element: ClassVar[str] = "prosody"
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Emphasis(_Holder):
    element: ClassVar[str] = "emphasis"
    level: Literal["reduced", "moderate", "strong"] = "moderate"


@dataclass(frozen=True, slots=True)
class SayAs(_Holder):
    element: ClassVar[str] = "say-as"
    kind: SayAsKind = "characters"


@dataclass(frozen=True, slots=True)
class Sub(_Holder):
    """`alias` is said in place of the children."""

    element: ClassVar[str] = "sub"
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Phoneme(_Holder):
    """`ipa` is said in place of the children."""

    element: ClassVar[str] = "phoneme"
    ipa: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A pause of `milliseconds`, 1 to 60000."""

    element: ClassVar[str] = "break"
    span: Span
    milliseconds: int


Element = Speak | Paragraph | Sentence | Prosody | Emphasis | SayAs | Sub | Phoneme | Break
Node = Element | Words


@dataclass(frozen=True, slots=True)
class Document:
    """A body that was read, and its tree."""

    body: str
    root: Speak

    def nodes(self) -> Iterator[Node]:
        """Every node, a parent before its children, in reading order."""
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            if isinstance(node, _Holder):
                waiting.extend(reversed(node.children))

    def elements(self) -> Iterator[Element]:
        return (node for node in self.nodes() if not isinstance(node, Words))
