"""The neutral subset of SSML, as a table: elements, attributes, what their values mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from hay_say_lab.text.ipa import ipa_fault

NAMESPACE = "http://www.w3.org/2001/10/synthesis"

LONGEST_PAUSE_SECONDS = 60.0
PAUSES = {"x-weak": 75, "weak": 150, "medium": 300, "strong": 500, "x-strong": 1000}     # milliseconds
RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
SLOWEST, FASTEST = 0.25, 4.0            # times the rate of the request
EMPHASES = ("reduced", "moderate", "strong")
# Kinds of say-as -> the form of what stands inside.
SPELLINGS: Mapping[str, str] = {"spell-out": "characters"}      # another name, read as the first
SAY_AS: Mapping[str, re.Pattern[str]] = {
    "characters": re.compile(r".*\S.*", re.DOTALL),
    "digits": re.compile(r"\s*[0-9][0-9 .,-]*"),
    "telephone": re.compile(r"\s*\+?[0-9 ()./-]*[0-9][0-9 ()./-]*"),
    "cardinal": re.compile(r"\s*[+\u2212-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:[ ,.'\u00a0\u202f\u2019][0-9]{3}){1,4})\s*"),
    "ordinal": re.compile(r"\s*[0-9]{1,15}(?:\.|st|nd|rd|th|e|er|\u00ba|\u00aa)?\s*"),
}
SAY_AS_FORMS: Mapping[str, str] = {
    "characters": "any text",
    "digits": "digits, such as 2024",
    "telephone": "a telephone number, such as +49 30 1234",
    "cardinal": "a whole number, such as 1200",
    "ordinal": "a whole number from 0, such as 3 or 3rd",
}

_TIME = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})(ms|s)")
_PERCENT = re.compile(r"([+-]?)([0-9]{1,4}(?:\.[0-9]{1,6})?)%")

Content = Literal["any", "text", "nothing"]


def _anything(_value: str) -> str | None:
    return None


def _one_of(*values: str) -> Callable[[str], str | None]:
    return lambda value: None if value in values else f"is one of {', '.join(values)}"


def _time_form(value: str) -> str | None:
    milliseconds = milliseconds_of(value)
    if milliseconds is None or not 1 <= milliseconds <= 1000 * LONGEST_PAUSE_SECONDS:
        return f"is 250ms or 1.5s, at most {LONGEST_PAUSE_SECONDS:g}s"
    return None


def _rate_form(value: str) -> str | None:
    return None if rate_of(value, 1.0) is not None else f"is a percentage (80%, +20%) or one of {', '.join(RATES)}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """`fault` gives None for a value that is taken, else its forms, as the end of a sentence ('is ...').

    `meaning` is the documentation's sentence.
    """

    name: str
    meaning: str
    fault: Callable[[str], str | None] = _anything
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One element: what it may hold, its attributes, what it means, and what is heard where a voice lacks it."""

    name: str
    content: Content
    meaning: str
    without: str
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


_SPEAK_ATTRIBUTES = (
    Attribute("version", "`1.0` or `1.1`; says nothing", _one_of("1.0", "1.1")),
    Attribute("xmlns", "the namespace of SSML; says nothing", _one_of(NAMESPACE)),
    Attribute("xml:lang", "the language, BCP 47"),
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("speak", "any", "the whole document", "the words alone are spoken", _SPEAK_ATTRIBUTES),
        Kind("p", "any", "a paragraph", "the pause of a paragraph may be missing"),
        Kind("s", "any", "a sentence", "sentences end where the voice finds their ends"),
        Kind(
            "break", "nothing", "a pause", "there is no pause",
            (
                Attribute("time", "`250ms`, `1.5s`; at most 60 s", _time_form),
                Attribute("strength", f"`{'`, `'.join(PAUSES)}`", _one_of(*PAUSES)),
            ),
        ),
        Kind(
            "prosody", "any", "another speed", "the words keep the speed around them",
            (Attribute("rate", f"`80%`, `+20%`, `{'`, `'.join(RATES)}`", _rate_form, needed=True),),
        ),
        Kind(
            "emphasis", "any", "words that stand out", "the words are not stressed",
            (Attribute("level", f"`{'`, `'.join(EMPHASES)}`; `moderate` if not given", _one_of(*EMPHASES)),),
        ),
        Kind(
            "say-as", "text", "how to read letters and numbers", "the voice reads it its own way",
            (
                Attribute(
                    "interpret-as", f"`{'`, `'.join([*SAY_AS, *SPELLINGS])}`", _one_of(*SAY_AS, *SPELLINGS), needed=True
                ),
            ),
        ),
        Kind(
            "sub", "text", "other words than are written", "the words of `alias` are put in its place",
            (Attribute("alias", "the words to say", _anything, needed=True),),
        ),
        Kind(
            "phoneme", "text", "sounds", "the word is spoken as it is written",
            (
                Attribute("alphabet", "`ipa`, which it is if not given", _one_of("ipa")),
                Attribute("ph", "the sounds", ipa_fault, needed=True),
            ),
        ),
    )
}  # fmt: skip
# What the bare name of an element in a contract promises of those that take kinds; more is named 'element:kind'.
PROMISED: Mapping[str, frozenset[str]] = {
    "say-as": frozenset(("characters", "digits", "telephone")),
    "phoneme": frozenset(),
}


def milliseconds_of(value: str) -> int | None:
    """'250ms', '1.5s' -> milliseconds; None for every other form."""
    found = _TIME.fullmatch(value)
    return found and round(float(found[1]) * (1 if found[2] == "ms" else 1000))


def rate_of(value: str, around: float) -> float | None:
    """A rate in times the request's: keywords start there, percentages from the element around. None: no such form."""
    if value in RATES:
        return RATES[value]
    found = _PERCENT.fullmatch(value)
    if not found:
        return None
    share = float(found[2]) / 100.0
    return around * {"": share, "+": 1.0 + share, "-": max(0.0, 1.0 - share)}[found[1]]
