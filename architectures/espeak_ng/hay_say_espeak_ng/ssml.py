"""SSML, the part of it that can be kept: read safely, every problem named with its place, and turned into a script.

The library's own SSML reader is never used. It loses marks behind a full stop, counts positions wrongly behind
tags, reads '1.5s' as one second, writes past its stacks, and hands the source of an <audio> to a shell. So the tags
end here: prosody becomes numbers, pauses become exact silence, and the library reads plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from hay_say_espeak_ng.mnemonics import FIELD, Mnemonics
from hay_say_espeak_ng.prosody import with_emphasis, with_pitch, with_range, with_rate, with_volume
from hay_say_espeak_ng.script import LONGEST_SPELLED, Reading, Script, Style
from hay_say_lab.errors import Fix, InvalidRequest, Problem

NAMESPACE = "http://www.w3.org/2001/10/synthesis"
LONGEST_PAUSE_SECONDS = 60.0
DEEPEST = 50                    # elements in one another
MOST_PROBLEMS = 20

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "speak": ("version", "xmlns", "xml:lang"),
    "p": (),
    "s": (),
    "break": ("strength", "time"),
    "prosody": ("rate", "pitch", "range", "volume"),
    "emphasis": ("level",),
    "say-as": ("interpret-as",),
    "sub": ("alias",),
    "phoneme": ("alphabet", "ph"),
    "mark": ("name",),
}
ELEMENTS = tuple(ATTRIBUTES)
EMPTY = ("break", "mark")                   # take neither text nor elements
TEXT_ONLY = ("say-as", "sub", "phoneme")    # take no elements
NEEDED = {"say-as": "interpret-as", "sub": "alias", "phoneme": "ph", "mark": "name"}

PAUSES = {"x-weak": 75, "weak": 150, "medium": 300, "strong": 500, "x-strong": 1000}    # milliseconds
READINGS: Mapping[str, Reading] = {
    "characters": "spelled", "spell-out": "spelled", "digits": "digits", "telephone": "digits",
}   # fmt: skip
ALPHABET = "espeak"

_TIME = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})(ms|s)")
_PROSODY: Mapping[str, Callable[[str, Style, Style], Style]] = {
    "rate": with_rate, "pitch": with_pitch, "range": with_range, "volume": with_volume,
}   # fmt: skip


@dataclass(slots=True)
class _Open:
    """An element that is open: its name, its attributes, how text in it is spoken, and where it begins in the body.

    `instead` are the words spoken for its content (None: the content itself); `inner` and `end` grow to the range
    of that content.
    """

    name: str
    attributes: Mapping[str, str]
    style: Style
    first: int
    instead: str | None = None
    inner: int = -1
    end: int = -1
    written: list[str] = field(default_factory=list)


def read_ssml(body: str, style: Style, languages: tuple[str, ...], mnemonics: Mnemonics) -> Script:
    """Turn a document into a script. `style` is what the request asked for; `languages` are those of the voice.

    Raises InvalidRequest with every problem, each with line and column; where the XML itself is broken, with that.
    """
    return _Reader(body, style, languages, mnemonics).read()


class _Reader:
    def __init__(self, body: str, style: Style, languages: tuple[str, ...], mnemonics: Mnemonics) -> None:
        self._body = body
        self._asked = style
        self._languages = languages
        self._mnemonics = mnemonics
        self._script = Script()
        self._open: list[_Open] = []
        self._problems: list[Problem] = []
        self._in_cdata = False          # there, & is a letter
        self._encoded = body.encode()
        self._cursor = (0, 0)           # bytes and characters read, to turn expat's byte index into a position
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = False        # one call per stretch that stands in the body as it is
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartCdataSectionHandler = self._cdata_begins
        self._parser.EndCdataSectionHandler = self._cdata_ends

    def read(self) -> Script:
        try:
            self._parser.Parse(self._encoded, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) or "not well-formed"
            position = len(self._encoded[: self._parser.ErrorByteIndex].decode("utf-8", "replace"))
            raise InvalidRequest(
                f"The SSML cannot be read: {reason} ({self._place(position)}).",
                field=FIELD,
                fix="Close every element, and write & and < as &amp; and &lt;.",
            ) from error
        self._give_up_if_wrong()
        return self._script

    # -- what expat tells -------------------------------------------------------------------------------------------

    def _doctype(self, *_: object) -> None:
        """Entities begin with a document type; refusing it refuses floods of them and files behind them."""
        self._problem("A document type (<!DOCTYPE>) is not taken.", "Leave it out and write characters themselves.")
        self._give_up_if_wrong()

    def _cdata_begins(self) -> None:
        self._in_cdata = True

    def _cdata_ends(self) -> None:
        self._in_cdata = False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        around = self._open[-1] if self._open else None
        style = around.style if around else self._asked
        element = _Open(name, attributes, style, self._position())
        self._open.append(element)
        if self._misplaced(element, around):
            return
        for attribute in attributes:
            if attribute not in ATTRIBUTES[name]:
                offered = ", ".join(ATTRIBUTES[name]) or "none"
                self._problem(f"<{name}> takes no '{attribute}'; it takes: {offered}.", f"Leave '{attribute}' out.")
        needed = NEEDED.get(name)
        if needed and not attributes.get(needed):
            self._problem(f"<{name}> needs '{needed}'.", f"Add {needed}=\"...\".")
            return
        self._begin(element)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        if element.instead is not None:
            if element.inner < 0:
                self._problem(f"<{name}> is empty.", f"Put the words that it is for between <{name}> and </{name}>.")
                return
            self._script.say_for(element.instead, element.inner, element.end, element.style)
            self._script.replaced[element.inner] = "".join(element.written)
        if name in ("p", "s"):
            self._script.join("paragraph" if name == "p" else "sentence")

    def _text(self, text: str) -> None:
        around = self._open[-1]
        first = self._position()
        end = first + self._length_in_body(text, first)
        text = "".join(" " if letter.isspace() else letter for letter in text)     # line ends mean nothing in XML
        if around.name in EMPTY:
            if text.strip():
                self._problem(f"<{around.name}> takes no text.", f"Write <{around.name}/> and the text behind it.")
        elif around.instead is not None:
            if text.strip():
                around.inner = first if around.inner < 0 else around.inner
                around.end = end
            around.written.append(text)
        elif around.style.reading == "spelled":
            self._spell(text, first, end, around.style)
        elif end - first == len(text):
            self._script.say(text, first, around.style)
        else:
            self._script.say_for(text, first, end, around.style)

    # -- what the elements mean -------------------------------------------------------------------------------------

    def _begin(self, element: _Open) -> None:
        {
            "speak": self._begin_speak,
            "p": self._begin_part,
            "s": self._begin_part,
            "break": self._begin_break,
            "prosody": self._begin_prosody,
            "emphasis": self._begin_emphasis,
            "say-as": self._begin_say_as,
            "sub": self._begin_sub,
            "phoneme": self._begin_phoneme,
            "mark": self._begin_mark,
        }[element.name](element)

    def _begin_speak(self, element: _Open) -> None:
        namespace = element.attributes.get("xmlns", NAMESPACE)
        if namespace != NAMESPACE:
            self._problem(f"'{namespace}' is not the namespace of SSML.", f'Write xmlns="{NAMESPACE}" or leave it out.')
        language = element.attributes.get("xml:lang")
        spoken = {_primary(tag) for tag in self._languages}
        if language is not None and _primary(language) not in spoken:
            self._problem(
                f"The document is in '{language}', but this voice speaks {', '.join(self._languages)}.",
                f"Choose a voice for '{language}', or leave xml:lang out.",
            )

    def _begin_part(self, element: _Open) -> None:
        self._script.join("paragraph" if element.name == "p" else "sentence")

    def _begin_break(self, element: _Open) -> None:
        milliseconds = PAUSES["medium"]
        strength, time = element.attributes.get("strength"), element.attributes.get("time")
        if strength is not None:
            if strength in PAUSES:
                milliseconds = PAUSES[strength]
            else:
                self._value("break", "strength", strength, f"one of {', '.join(PAUSES)}")
        if time is not None:
            match = _TIME.fullmatch(time)
            seconds = float(match.group(1)) / (1000.0 if match.group(2) == "ms" else 1.0) if match else 0.0
            if not 0.001 <= seconds <= LONGEST_PAUSE_SECONDS:
                self._value("break", "time", time, f"250ms or 1.5s, at most {LONGEST_PAUSE_SECONDS:g}s")
            milliseconds = round(1000.0 * seconds)
        self._script.join("pause", milliseconds)

    def _begin_prosody(self, element: _Open) -> None:
        if not element.attributes:
            self._problem("<prosody> changes nothing.", f"Give it one of: {', '.join(_PROSODY)}.")
        for name, value in element.attributes.items():
            if name not in _PROSODY:
                continue        # named as a problem already
            try:
                element.style = _PROSODY[name](value.strip(), element.style, self._asked)
            except ValueError as error:
                self._value("prosody", name, value, str(error))

    def _begin_emphasis(self, element: _Open) -> None:
        level = element.attributes.get("level", "moderate")
        try:
            element.style = with_emphasis(level, element.style)
        except ValueError as error:
            self._value("emphasis", "level", level, str(error))

    def _begin_say_as(self, element: _Open) -> None:
        kind = element.attributes["interpret-as"]
        if kind in READINGS:
            element.style = replace(element.style, reading=READINGS[kind])
        else:
            self._value("say-as", "interpret-as", kind, f"one of {', '.join(READINGS)}")

    def _begin_sub(self, element: _Open) -> None:
        element.instead = element.attributes["alias"]

    def _begin_phoneme(self, element: _Open) -> None:
        element.instead = element.attributes["ph"]
        element.style = replace(element.style, reading="mnemonics")
        alphabet = element.attributes.get("alphabet", ALPHABET)
        if alphabet != ALPHABET:
            self._value("phoneme", "alphabet", alphabet, f"'{ALPHABET}' (mnemonics of the voice's phoneme table)")
            return
        for problem in self._mnemonics.problems(element.instead, 0):
            self._problem(f"<phoneme>: {problem.message}", problem.fix.label)

    def _begin_mark(self, element: _Open) -> None:
        self._script.mark(element.attributes["name"])

    def _spell(self, text: str, first: int, end: int, style: Style) -> None:
        """Spelled letters run together: a space behind punctuation would end the clause and the spelling with it."""
        exact = end - first == len(text)
        for offset, letter in enumerate(text):
            behind = self._script.letters[-1:]
            if letter == " " and behind and not behind[0].isalnum():
                continue
            start, stop = (first + offset, first + offset + 1) if exact else (first, end)
            run = self._script.letters[-LONGEST_SPELLED:]
            if letter != " " and len(run) == LONGEST_SPELLED and " " not in run:
                self._script.say_for(" ", start, start, style)
            self._script.say_for(letter, start, stop, style)

    # -- places and problems ----------------------------------------------------------------------------------------

    def _misplaced(self, element: _Open, around: _Open | None) -> bool:
        name = element.name
        if name not in ATTRIBUTES:
            self._problem(f"<{name}> is not kept by this voice.", f"Use only: {', '.join(ELEMENTS)}.")
        elif (name == "speak") != (around is None):
            self._problem("<speak> stands around the whole document, once.", "Put everything into one <speak>.")
        elif around is not None and around.name in (*EMPTY, *TEXT_ONLY):
            self._problem(f"<{around.name}> takes no elements.", f"Put <{name}> before or behind it.")
        elif name in ("p", "s") and any(outer.name == name or outer.name == "s" for outer in self._open[:-1]):
            self._problem(f"<{name}> cannot stand in <s> or in itself.", "Close the one before.")
        elif len(self._open) > DEEPEST:
            self._problem(f"More than {DEEPEST} elements in one another.", "Close some.")
        else:
            return False
        return True

    def _value(self, element: str, attribute: str, value: str, forms: str) -> None:
        self._problem(f"<{element} {attribute}> cannot be '{value[:40]}'; it is {forms}.", "Use one of these forms.")

    def _problem(self, message: str, fix: str) -> None:
        self._problems.append(Problem(FIELD, f"{message} ({self._place(self._position())})", Fix(fix)))
        if len(self._problems) >= MOST_PROBLEMS:
            self._give_up_if_wrong()

    def _place(self, position: int) -> str:
        line = self._body.count("\n", 0, position) + 1
        column = position - (self._body.rfind("\n", 0, position) + 1) + 1
        return f"line {line}, column {column}"

    def _give_up_if_wrong(self) -> None:
        if self._problems:
            raise InvalidRequest("The SSML cannot be spoken as it stands.", problems=self._problems)

    def _position(self) -> int:
        """Where in the body the parser stands, in characters. It only goes forward, so each byte is counted once."""
        target = self._parser.CurrentByteIndex
        at_byte, at_character = self._cursor
        if target > at_byte:
            encoded = self._encoded[at_byte:target]
            at_character += len(encoded.decode("utf-8", "replace"))
            self._cursor = target, at_character
        return at_character

    def _length_in_body(self, text: str, first: int) -> int:
        """Characters that stand in the body for `text`: an entity and a line end of two characters are longer."""
        if self._body.startswith("&", first) and not self._in_cdata:
            return self._body.index(";", first) + 1 - first
        if self._body.startswith(text, first):
            return len(text)
        return 2        # carriage return and line feed, told as one line feed


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
