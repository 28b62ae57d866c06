"""SSML, the neutral part of it: a stranger's document becomes a tree, or all its problems, each with its place.

Read by expat with nothing switched on: a document type, and with it every entity of one's own, is refused before it
is read; size, depth and counts have caps; nothing is ever fetched. What the elements mean stands in `elements`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

from hay_say_lab.domain.request import LONGEST_TEXT
from hay_say_lab.text.elements import (
    FASTEST,
    KINDS,
    PAUSES,
    SAY_AS,
    SAY_AS_FORMS,
    SLOWEST,
    SPELLINGS,
    Kind,
    milliseconds_of,
    rate_of,
)
from hay_say_lab.text.mending import Edit, Fault, MarkupProblem, Mending, attribute_spans, tag_span
from hay_say_lab.text.spans import Span
from hay_say_lab.text.tree import (
    Break,
    Document,
    Emphasis,
    Node,
    Paragraph,
    Phoneme,
    Prosody,
    SayAs,
    Sentence,
    Speak,
    Sub,
    Words,
)  # fmt: skip

DEEPEST = 50                # elements in one another
MOST_ELEMENTS = 20_000
LONGEST_VALUE = 1_000       # characters of an attribute
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class MarkupReading:
    """A document, or why there is none: exactly one of the two."""

    document: Document | None
    problems: tuple[MarkupProblem, ...]


@lru_cache(maxsize=4)
def read_markup(body: str) -> MarkupReading:
    """Read a body whose markup is 'ssml'. Gives up after MOST_PROBLEMS problems, and where the XML itself breaks."""
    return _Reader(body).read()


class _GivenUpError(Exception):
    """Nothing behind this place is worth reading."""


@dataclass(slots=True)
class _Open:
    """An element whose last tag has not come. `kind` None: it has a problem, and its children are read for theirs."""

    name: str
    kind: Kind | None
    attributes: Mapping[str, str]
    tag: Span
    rate: float
    children: list[Node] = field(default_factory=list)
    edits: list[Edit] | None = None         # where its tags are to be left out


class _Ruler:
    """Turns expat's byte indices, which only go forward, into characters of the body."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self._bytes = self._characters = 0

    def characters(self, index: int) -> int:
        if index > self._bytes:
            read = self._encoded[self._bytes : index]
            self._characters += sum(byte & 0xC0 != 0x80 for byte in read)       # first bytes of letters (RFC 3629)
            self._bytes = index
        return self._characters


class _Reader:
    def __init__(self, body: str) -> None:
        self._body = body
        self._open: list[_Open] = []
        self._root: Speak | None = None
        self._elements = 0
        self._text: str | None = None       # words whose end in the body is told by whatever comes next
        self._text_first = 0
        self._mending = Mending(body)

    def read(self) -> MarkupReading:
        if len(self._body) > LONGEST_TEXT:
            message = f"The document has {len(self._body)} characters; {LONGEST_TEXT} are taken at once."
            self._mending.found("too_large", message, Span(0, 0), "Send it in parts.")
        elif not self._body.lstrip("\ufeff \t\r\n").startswith("<"):
            self._mending.found_plain()
        else:
            self._parse()
        problems = self._mending.problems()
        return MarkupReading(Document(self._body, self._root) if self._root and not problems else None, problems)

    def _parse(self) -> None:
        encoded = self._body.encode("utf-8", "surrogatepass")
        self._ruler = _Ruler(encoded)
        parser = self._parser = expat.ParserCreate("utf-8")
        parser.buffer_text = False          # one call per stretch that stands in the body as it is
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.CommentHandler = self._between
        parser.StartCdataSectionHandler = self._between
        parser.EndCdataSectionHandler = self._between
        try:
            parser.Parse(encoded, True)
        except expat.ExpatError as error:
            position = self._ruler.characters(parser.ErrorByteIndex)
            self._mending.found_broken(error.code, position, [(one.name, one.tag) for one in self._open])
        except _GivenUpError:
            return

    # -- what expat tells -------------------------------------------------------------------------------------------

    def _doctype(self, *_: object) -> None:
        """Entities begin with a document type; refusing it refuses floods of them, and files and addresses."""
        span = Span(self._position(), len("<!DOCTYPE"))
        self._found("refused", "A document type (<!DOCTYPE>) is not taken.", span, "Leave it out.")
        raise _GivenUpError

    def _instruction(self, target: str, _data: str) -> None:
        self._flush()
        first = self._position()
        span = Span(first, self._body.index("?>", first) + 2 - first)
        self._found("refused", f"<?{target[:40]}?> is not taken.", span, "Leave it out.", [Edit(span)])

    def _between(self, *_: object) -> None:
        self._flush()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        self._elements += 1
        around = self._open[-1] if self._open else None
        opened = _Open(name, KINDS.get(name), attributes, tag_span(self._body, self._position()), around.rate if around else 1.0)
        self._open.append(opened)
        if self._elements > MOST_ELEMENTS:
            self._found("too_large", f"There are more than {MOST_ELEMENTS} elements.", opened.tag, "Send it in parts.")
            raise _GivenUpError
        if len(self._open) > DEEPEST:
            self._found("too_deep", f"More than {DEEPEST} elements stand in one another.", opened.tag, "Close some.")
            raise _GivenUpError
        if self._misplaced(opened, around) or self._attributes_wrong(opened):
            opened.kind = None
        elif opened.name == "prosody":
            self._take_rate(opened)

    def _end(self, name: str) -> None:
        self._flush()
        opened = self._open.pop()
        position = self._position()
        closed_by_itself = self._body.startswith("/>", opened.tag.end - 2)
        last = opened.tag if closed_by_itself else tag_span(self._body, position)
        if opened.edits is not None and not closed_by_itself:
            opened.edits.append(Edit(last))
        span = Span(opened.tag.first, last.end - opened.tag.first)
        if opened.kind is None or self._content_wrong(opened, span):
            return
        node = self._node(opened, span)
        if isinstance(node, Speak):
            self._root = node
        elif self._open:
            self._open[-1].children.append(node)

    def _words(self, text: str) -> None:
        self._flush()
        self._text, self._text_first = text, self._position()
        around = self._open[-1]
        if around.kind is not None and around.kind.content == "nothing" and text.strip():
            message = f"<{around.name}> takes no text."
            self._found("misplaced", message, around.tag, f"Write <{around.name}/> and the text behind it.")
            around.kind = None

    def _flush(self) -> None:
        """Put the last words into the tree: now it is known where they end."""
        if self._text is None:
            return
        text, first, end = self._text, self._text_first, self._position()
        self._text = None
        children = self._open[-1].children
        before = children[-1] if children else None
        exact = end - first == len(text)
        if isinstance(before, Words) and exact and before.span.end == first and before.span.length == len(before.text):
            children[-1] = Words(before.text + text, Span(before.span.first, end - before.span.first))
        else:
            children.append(Words(text, Span(first, end - first)))

    # -- what is wrong ----------------------------------------------------------------------------------------------

    def _misplaced(self, opened: _Open, around: _Open | None) -> bool:
        name, tag, outer = opened.name, opened.tag, [one.name for one in self._open[:-1]]
        if opened.kind is None:
            message = f"There is no <{name[:40]}> here; known are: {', '.join(KINDS)}."
            self._drop_tags(opened, "unknown_element", message, f"Leave <{name[:40]}> out")
        elif around is None and name != "speak":
            self._mending.found_unwrapped(name, tag)
        elif around is not None and name == "speak":
            self._drop_tags(opened, "misplaced", "<speak> stands around the whole document, once.", "Leave this one out")
        elif around is not None and around.kind is not None and around.kind.content != "any":
            self._drop_tags(opened, "misplaced", f"<{around.name}> takes no elements.", f"Leave <{name}> out")
        elif (name == "p" and ("p" in outer or "s" in outer)) or (name == "s" and "s" in outer):
            self._drop_tags(opened, "misplaced", f"<{name}> cannot stand in <s> or in itself.", f"Leave this <{name}> out")
        else:
            return False
        return True

    def _attributes_wrong(self, opened: _Open) -> bool:
        kind, spans = KINDS[opened.name], attribute_spans(self._body, opened.tag)
        before = self._mending.count
        for name, value in opened.attributes.items():
            attribute = kind.attribute(name)
            where = spans.get(name, opened.tag)
            if len(value) > LONGEST_VALUE:
                message = f"'{name[:40]}' has {len(value)} characters; at most {LONGEST_VALUE} are taken."
                self._found("too_large", message, where, "Make it shorter.")
            elif attribute is None:
                offered = ", ".join(one.name for one in kind.attributes) or "none"
                message = f"<{opened.name}> takes no '{name[:40]}'; it takes: {offered}."
                self._found("unknown_attribute", message, where, f"Leave '{name[:40]}' out", [Edit(where)])
            elif (value.strip() or not attribute.needed) and (fault := attribute.fault(value.strip())):
                message = f"'{name}' of <{opened.name}> cannot be '{value[:40]}'; it {fault}."
                # An alphabet says what the sounds beside it mean: it cannot just go.
                harmless = not attribute.needed and opened.name != "phoneme"
                label = f"Leave '{name}' out" if harmless else "Write it in one of these forms."
                self._found("bad_value", message, where, label, [Edit(where)] if harmless else [])
        for attribute in kind.attributes:
            if attribute.needed and not opened.attributes.get(attribute.name, "").strip():
                message = f"<{opened.name}> needs '{attribute.name}'."
                self._drop_tags(opened, "missing_attribute", message, f"Leave <{opened.name}> out")
        return self._mending.count > before

    def _take_rate(self, opened: _Open) -> None:
        rate = rate_of(opened.attributes["rate"].strip(), opened.rate)
        if rate is None or not SLOWEST <= rate <= FASTEST:
            message = f"The speed here would be {rate:g} times that asked for; it goes from {SLOWEST:g} to {FASTEST:g}."
            self._found("bad_value", message, opened.tag, "Choose a rate nearer to 100%.")
            opened.kind = None
        else:
            opened.rate = rate

    def _content_wrong(self, opened: _Open, span: Span) -> bool:
        if KINDS[opened.name].content != "text":
            return False
        text = "".join(child.text for child in opened.children if isinstance(child, Words))
        if not text.strip():
            message = f"<{opened.name}> is empty."
            self._found("empty", message, span, f"Put the words that it is for between <{opened.name}> and </{opened.name}>.")
            return True
        if opened.name == "say-as":
            kind = _say_as_kind(opened)
            if not SAY_AS[kind].fullmatch(text):
                message = f"'{text[:40]}' is no {kind}; it is {SAY_AS_FORMS[kind]}."
                tags = [Edit(opened.tag), Edit(Span(opened.children[-1].span.end, span.end - opened.children[-1].span.end))]
                self._found("bad_value", message, span, "Leave <say-as> out", tags)
                return True
        return False

    def _drop_tags(self, opened: _Open, fault: Fault, message: str, label: str) -> None:
        """A problem that is mended by leaving the element's tags out; the last tag joins when it comes."""
        opened.edits = [Edit(opened.tag)]
        self._found(fault, message, opened.tag, label, opened.edits)

    def _found(self, fault: Fault, message: str, span: Span, label: str, edits: list[Edit] | None = None) -> None:
        self._mending.found(fault, message, span, label, edits)
        if self._mending.count >= MOST_PROBLEMS:
            raise _GivenUpError

    # -- what it means ----------------------------------------------------------------------------------------------

    def _node(self, opened: _Open, span: Span) -> Node:
        attributes = {name: value.strip() for name, value in opened.attributes.items()}
        children = tuple(opened.children)
        match opened.name:
            case "speak":
                return Speak(span, children, attributes.get("xml:lang") or None)
            case "p":
                return Paragraph(span, children)
            case "s":
                return Sentence(span, children)
            case "prosody":
                return Prosody(span, children, opened.rate)
            case "emphasis":
                return Emphasis(span, children, attributes.get("level", "moderate"))  # type: ignore[arg-type]
            case "say-as":
                return SayAs(span, children, _say_as_kind(opened))  # type: ignore[arg-type]
            case "sub":
                return Sub(span, children, attributes["alias"])
            case "phoneme":
                return Phoneme(span, children, attributes["ph"])
        time = milliseconds_of(attributes.get("time", ""))
        return Break(span, time or PAUSES[attributes.get("strength", "medium")])

    def _position(self) -> int:
        return self._ruler.characters(self._parser.CurrentByteIndex)


def _say_as_kind(opened: _Open) -> str:
    value = opened.attributes["interpret-as"].strip()
    return SPELLINGS.get(value, value)
