"""What is wrong with a marked-up text, where, and the text in which everything that can be mended is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.entities import html5
from typing import Literal
from xml.parsers import expat
from xml.sax.saxutils import escape

from hay_say_lab.domain.control import pointer
from hay_say_lab.errors import Fix, Problem
from hay_say_lab.text.spans import Span

FIELD = "text.body"

Fault = Literal[
    "not_xml",              # the XML itself is broken, or there is none
    "refused",              # document types, processing instructions
    "unknown_element",      # not in the neutral subset; an architecture may know it all the same
    "unknown_attribute",    # the same
    "missing_attribute",
    "bad_value",
    "misplaced",
    "empty",
    "too_large",
    "too_deep",
]

_TAG = re.compile(r"<(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE = re.compile(r"\s+([^\s=>/\"']+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_LOOSE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,31};))?")

_CODES = expat.errors.codes
_MISMATCH = _CODES[expat.errors.XML_ERROR_TAG_MISMATCH]
_UNDEFINED = _CODES[expat.errors.XML_ERROR_UNDEFINED_ENTITY]
_BEHIND = _CODES[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_UNFINISHED = tuple(
    _CODES[name]
    for name in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN,
                 expat.errors.XML_ERROR_ASYNC_ENTITY, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` in place of a span of the body."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class MarkupProblem:
    """One problem of a marked-up text. `span` in characters of the body; `line` and `column` count from 1."""

    fault: Fault
    message: str
    span: Span
    line: int
    column: int
    fix: Fix

    def as_problem(self) -> Problem:
        return Problem(FIELD, f"{self.message} (line {self.line}, column {self.column})", self.fix)


@dataclass(frozen=True, slots=True)
class _Found:
    fault: Fault
    message: str
    span: Span
    label: str
    edits: Sequence[Edit]
    patch: tuple[dict[str, str], ...] = ()      # where the fix is no edit of the body


class Mending:
    """Collects problems with their edits. The patch of every fix mends all that edits can mend, so that fixes can
    be used in any order."""

    def __init__(self, body: str) -> None:
        self._body = body
        self._found: list[_Found] = []

    @property
    def count(self) -> int:
        return len(self._found)

    def found(self, fault: Fault, message: str, span: Span, label: str, edits: Sequence[Edit] | None = None) -> None:
        """`edits` may still grow until `problems` is called: the last tag of an element comes late."""
        self._found.append(_Found(fault, message, span, label, [] if edits is None else edits))

    def found_plain(self) -> None:
        patch = ({"op": "replace", "path": pointer("text.markup"), "value": "plain"},)
        message = "The text has no markup; SSML begins with <speak>."
        self._found.append(_Found("not_xml", message, Span(0, 0), "Read it as plain text", (), patch))

    def found_unwrapped(self, name: str, tag: Span) -> None:
        edits = [Edit(Span(tag.first, 0), "<speak>"), Edit(Span(len(self._body), 0), "</speak>")]
        message = f"The document begins with <{name[:40]}>; everything stands in one <speak>."
        self.found("misplaced", message, tag, "Put everything into <speak>", edits)

    def found_broken(self, code: int, position: int, still_open: Sequence[tuple[str, Span]]) -> None:
        """What expat stopped at. `still_open`: names and first tags of elements, outermost first."""
        span = Span(min(position, len(self._body)), 0)
        name, tag = still_open[-1] if still_open else ("", span)
        if code == _UNDEFINED or "&" in self._body[max(0, position - 1) : position + 1]:
            self._found_ampersands(span)
        elif code == _MISMATCH:
            message = f"<{name[:40]}> from {self._place(tag.first)} is still open where another element is closed."
            self.found("not_xml", message, span, f"Write </{name[:40]}> before it.")
        elif code == _BEHIND:
            self.found("not_xml", "Something stands behind the end of the document.", span, "Put all into one <speak>.")
        elif code in _UNFINISHED and name:
            message = f"The document ends while <{name[:40]}> from {self._place(tag.first)} is still open."
            closing = "".join(f"</{one}>" for one, _ in reversed(still_open))
            self.found("not_xml", message, span, f"Write {closing[:80]} at the end.")
        else:
            message = f"This is no XML: {expat.ErrorString(code) or 'not well-formed'}."
            self.found("not_xml", message, span, "Close every tag, and write & and < as &amp; and &lt;.")

    def problems(self) -> tuple[MarkupProblem, ...]:
        edits = sorted((edit for one in self._found for edit in one.edits), key=lambda edit: (edit.span.first, edit.span.end))
        mended = edited(self._body, edits) if edits else ""
        patch = ({"op": "replace", "path": pointer(FIELD), "value": mended},)
        mends = sum(bool(one.edits) for one in self._found)
        found = []
        for one in self._found:
            label = one.label
            if one.edits and mends > 1:
                label += " (and mend the rest that can be mended)"
            line = self._body.count("\n", 0, one.span.first) + 1
            column = one.span.first - self._body.rfind("\n", 0, one.span.first)
            fix = Fix(label, patch if one.edits else one.patch)
            found.append(MarkupProblem(one.fault, one.message, one.span, line, column, fix))
        return tuple(found)

    def _found_ampersands(self, span: Span) -> None:
        edits = []
        for found in _LOOSE_AMPERSAND.finditer(self._body):
            meant = html5.get(found[1] or "")
            written = Span(found.start(), found.end() - found.start()) if meant else Span(found.start(), 1)
            edits.append(Edit(written, escape(meant) if meant else "&amp;"))
        if "<![CDATA[" in self._body or "<!--" in self._body:
            edits = []          # there, & is a letter like any other
        message = "& begins an entity, and this is none that XML knows."
        self.found("not_xml", message, span, "Write & as &amp;, and letters as themselves", edits)

    def _place(self, position: int) -> str:
        return f"line {self._body.count(chr(10), 0, position) + 1}"


def edited(body: str, edits: Sequence[Edit]) -> str:
    """The body after all edits, which come in order; one that begins inside the one before is left out."""
    parts, position = [], 0
    for edit in edits:
        if edit.span.first >= position:
            parts += [body[position : edit.span.first], edit.text]
            position = edit.span.end
    return "".join([*parts, body[position:]])


def tag_span(body: str, first: int) -> Span:
    """The tag that begins at `first`, its brackets included. A > in quotes ends no tag."""
    found = _TAG.match(body, first)
    return Span(first, found.end() - first if found else 0)


def attribute_spans(body: str, tag: Span) -> dict[str, Span]:
    """Where each attribute of a tag stands, the white space before it included."""
    return {
        found[1]: Span(found.start(), found.end() - found.start()) for found in _ATTRIBUTE.finditer(body, tag.first, tag.end)
    }
