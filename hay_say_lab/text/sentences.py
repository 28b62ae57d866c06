"""Where sentences end. Rules only, one pass, no limit on length.

A doubtful stop ends nothing: two sentences spoken as one lose a pause, one spoken as two loses its melody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from hay_say_lab.text.abbreviations import Habits, habits_of
from hay_say_lab.text.clusters import joined
from hay_say_lab.text.spans import Span, spans_between

_LONGEST_TOKEN = 64             # characters looked back from a stop; an abbreviation is shorter
_MOST_PARTS = 3                 # short words before the last one: 'i. d. R.', 'a. u. b.'
_LONGEST_ITEM = 2               # digits of the number of an item in a list
_LONGEST_ORDINAL = 3            # digits: '100. Geburtstag'; four are a year

_LATIN = ".!?\u2026\u203c\u2047\u2048\u2049"
# Scripts whose stops need no space behind them: Chinese and Japanese, Devanagari, Arabic and Urdu, Armenian,
# Ethiopic, Khmer, Myanmar.
_FINAL = "\u3002\uff0e\uff01\uff1f\uff61\ufe12\ufe52\ufe56\ufe57\u0964\u0965\u061f\u06d4\u0589\u1362\u1367\u17d4\u17d5\u104b"
_GREEK_QUESTION = ";\u037e"
_SHUTTING = ")]}\u300d\u300f\u3011\uff09\u3009\u300b\u3015\uff3d\uff5d\u3019\u3017\u00bb\u203a\u201d\u2019\"'\uff02\uff07"
_SHUTTING_IN_GERMAN = "\u201c\u2018\u00ab"      # these open in other languages, right before a word
_OPENING = "([{\u300c\u300e\u3010\uff08\u3008\u300a\u3014\uff3b\uff5b\u00ab\u2039\u201c\u2018\u201e\u201a\u201d\u00bb\u203a\"'\u00bf\u00a1"
_INVISIBLE = "\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\u2060\ufeff\ufe0e\ufe0f"
_DASHES = r"\-\u2010-\u2015*\u2022#_~"

# A spaced ellipsis is one stop. French and Russian put a space before a closing guillemet.
_STOP = re.compile(
    rf"(?P<stop>\.(?:[ \u00a0\u202f]\.)+|[{_LATIN}{_FINAL}]+)"
    rf"(?P<shut>(?:[{re.escape(_SHUTTING)}{_INVISIBLE}]|[{_SHUTTING_IN_GERMAN}](?!\w)|[ \u00a0\u202f]\u00bb(?=[\s,;:.!?)]|\Z))*+)"
    rf"(?P<space>\s*+)"
)
_GREEK_STOP = re.compile(_STOP.pattern.replace(_LATIN, _LATIN + _GREEK_QUESTION, 1))
# An empty line, or a line end before the mark of an item in a list.
_PARAGRAPH = re.compile(
    r"(?:\r\n?|\n)[^\S\r\n]*+(?:(?:\r\n?|\n)\s*+|(?=(?:[-*\u2022\u2023\u25aa\u25e6\u2013\u2014]|\d{1,3}[.)])[^\S\r\n]))|\u2029\s*+"
)
_LEAD_IN = re.compile(rf"[{re.escape(_OPENING)}{_INVISIBLE}\s{_DASHES}]*+")
_WORD = re.compile(r"[\w'\u2019]+")
_TOKEN_START = re.compile(rf"[{re.escape(_OPENING)}\u2014\u2013/]+")
_CHAIN = re.compile(r"(?:[^\W\d_]{1,4}\.(?:-|[ \u00a0\u202f]?))*[^\W\d_][\w-]*\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.-?)+[^\W\d_]{1,4}")
_ROMAN = re.compile(r"[IVXLCDM]+")
_DIGITS = re.compile(r"[0-9]+")
_QUOTING = "\u3068\u3063\u306f\u304c\u3092\u306b\u306e\u3082\u3084\u3067"     # kana that go on behind a Japanese quotation


@dataclass(frozen=True, slots=True)
class _Place:
    """A stop and what stands around it: `first` of the stop, `begun` where its sentence began so far.

    `next` is the first letter that could begin a sentence behind it ('' at the text's end), `word` the word there.
    """

    text: str
    begun: int
    first: int
    stop: str
    shut: str
    space: str
    next: str
    word: str


def sentences(text: str, language: str | None = None) -> list[Span]:
    """Cut a text into sentences. The spans cover it exactly: white space belongs to the sentence before it.

    `language` (BCP 47) chooses abbreviations and ordinals; None uses what all known languages share.
    '' has no sentence; a text of white space is one. Spans begin and end between grapheme clusters.
    """
    edges = [0]
    for edge in _edges(text, habits_of(language), _is_greek(language)):
        if edge < len(text) and not joined(text[edge - 1], text[edge]):
            edges.append(edge)
    return spans_between(edges, len(text))


def _edges(text: str, habits: Habits, greek: bool) -> Iterator[int]:
    """Rising positions at which a sentence begins, the first one left out."""
    paragraphs = _paragraphs(text)
    paragraph = next(paragraphs, len(text))
    begun = 0
    for found in (_GREEK_STOP if greek else _STOP).finditer(text):
        while paragraph <= found.start():
            yield paragraph
            begun, paragraph = paragraph, next(paragraphs, len(text) + 1)
        edge = found.end()
        if begun < edge < len(text) and edge != paragraph and _ends(_place(text, begun, found), habits):
            yield edge
            begun = edge
    while paragraph < len(text):
        yield paragraph
        paragraph = next(paragraphs, len(text))


def _paragraphs(text: str) -> Iterator[int]:
    """Where a paragraph or an item begins; not at the text's beginning, however many empty lines stand there."""
    begun = False
    position = 0
    for found in _PARAGRAPH.finditer(text):
        begun = begun or not text[position : found.start()].isspace() and found.start() > position
        position = found.end()
        if begun and position < len(text):
            yield position


def _place(text: str, begun: int, found: re.Match[str]) -> _Place:
    lead_in = _LEAD_IN.match(text, found.end())
    behind = lead_in.end() if lead_in else found.end()
    word = _WORD.match(text, behind, behind + _LONGEST_TOKEN)
    return _Place(
        text=text,
        begun=begun,
        first=found.start(),
        stop=found["stop"],
        shut=found["shut"],
        space=found["space"],
        next=text[behind : behind + 1],
        word=word.group() if word else "",
    )


def _ends(place: _Place, habits: Habits) -> bool:
    if not place.next:
        return False                        # nothing follows that could be spoken
    before = place.text[place.first - 1 : place.first]
    if before and before in "([{\uff08" and place.shut:
        return False                        # (!), (?), [...]: a remark inside the sentence
    if any(letter in _FINAL for letter in place.stop):
        return _ends_unspaced(place, before)
    if not place.space:
        # 'Yahoo!s', 'page?id=3', 'example.org', '3.5'; but 'Python!' may stand in front of Chinese.
        return place.stop[-1] in "!?" and _is_unspaced(place.next) and place.next not in _QUOTING
    if place.next in _LATIN or place.next in ",;:)":
        return False
    if _is_small(place):
        return False
    if place.stop == ".":
        return _full_stop_ends(place, habits)
    if place.stop in ("\u2026", "\u2026.") or (place.stop[0] == "." and place.stop[-1] == "."):
        return place.word not in ("I", "I'm", "I’m", "I'll", "I’ll", "I've", "I’ve", "I'd", "I’d")
    return True


def _ends_unspaced(place: _Place, before: str) -> bool:
    """A stop of a script without spaces, or one that means nothing but the end."""
    if place.stop in ("\uff0e", "\u06d4") and before.isdigit() and place.next.isdigit() and not place.space:
        return False                        # a decimal point
    if place.stop == "\u0965" and re.match(r"\d+\s?\u0965", place.text[place.first + 1 : place.first + 12]):
        return False                        # the number of a verse stands between two double dandas
    if place.next in _FINAL or place.next in "\u3001\uff0c,":
        return False
    return not (place.shut and not place.space and place.next in _QUOTING)


def _full_stop_ends(place: _Place, habits: Habits) -> bool:
    """One full stop, white space behind it, and then no small letter."""
    token = _token(place)
    starter = place.word in habits.starters
    if not token or token[-1] in _SHUTTING + _SHUTTING_IN_GERMAN:
        return True
    if _DIGITS.fullmatch(token):
        return _number_ends(token, place, habits, starter)
    if _is_item(token, place):
        return False
    if habits.ordinals and _ROMAN.fullmatch(token) and len(token) > 1:
        return starter                      # Ludwig XIV. Bau
    chain = _CHAIN.search(token)
    if chain is None:
        return True
    number_follows = place.next.isdigit() or bool(_ROMAN.fullmatch(place.word))
    for name in _suffixes(chain.group()):
        if _known(name, habits.never):
            return False
        if _known(name, habits.numbered) and number_follows:
            return False
        if _known(name, habits.usually):
            return True
        if _known(name, habits.seldom):
            return starter
    initial = _is_initial(_compact(chain.group()).rpartition(".")[2])
    if initial and len(place.word) == 1:
        return False                        # А. С. Пушкин: 'С' is a word as well
    if initial or _DOTTED.fullmatch(chain.group().split()[-1]):
        return starter
    return True


def _number_ends(token: str, place: _Place, habits: Habits, starter: bool) -> bool:
    if len(token) <= _LONGEST_ITEM and _begins_sentence(token, place):
        return False                        # 1. Wash the rice.
    if place.word in habits.months:
        return False                        # 3. Mai
    return starter or not habits.ordinals or len(token) > _LONGEST_ORDINAL


def _is_item(token: str, place: _Place) -> bool:
    """a. and iv. in front of an item."""
    short = len(token) == 1 and token.isalpha() or len(token) <= 4 and re.fullmatch("[ivx]+", token) is not None
    return short and token.islower() and _begins_sentence(token, place)


def _begins_sentence(token: str, place: _Place) -> bool:
    """Whether nothing but white space and marks of a list stands between the sentence's (or line's) beginning and it."""
    first = place.first - len(token)
    line = max(place.text.rfind("\n", max(place.begun, first - _LONGEST_TOKEN), first) + 1, place.begun)
    lead_in = _LEAD_IN.match(place.text, line, first)
    return first - line < _LONGEST_TOKEN and lead_in is not None and lead_in.end() == first


def _token(place: _Place) -> str:
    """What stands before the stop, with the short words that have stops of their own before it ('z. B', 'А. С')."""
    earliest = max(place.begun, place.first - _LONGEST_TOKEN)
    before = place.text[earliest : place.first]
    parts = re.split(r"(\s+)", before)
    token = parts[-1]
    if token.isdigit():
        return token
    for index in range(len(parts) - 3, max(len(parts) - 3 - 2 * _MOST_PARTS, -1), -2):
        space, word = parts[index + 1], parts[index]
        if space not in (" ", "\u00a0", "\u202f", "\n") or not re.fullmatch(r"[^\W\d_]{1,4}\.", word):
            break
        token = f"{word} {token}"
    return _TOKEN_START.split(token)[-1]


def _suffixes(chain: str) -> Iterator[str]:
    """'d. z. B' -> 'd.z.B', 'z.B', 'B': longest first."""
    compact = _compact(chain)
    while compact:
        yield compact
        _, stop, compact = compact.partition(".")
        if not stop:
            return


def _compact(chain: str) -> str:
    return re.sub(r"\s", "", chain)


def _known(name: str, names: frozenset[str]) -> bool:
    return name in names or name.lower() in names


def _is_initial(name: str) -> bool:
    """One letter of a script with capitals, or of Arabic or Hebrew; a Chinese or Korean one is a word."""
    if len(name) != 1 or not name.isalpha():
        return False
    return name.lower() != name.upper() or unicodedata.bidirectional(name) in ("R", "AL")


def _is_small(place: _Place) -> bool:
    """A small letter goes on with the sentence; 'iPhone' and 'eBay' are as good as capitals.

    Georgian letters count as small in Unicode, but have no capitals that begin sentences.
    """
    letter = place.next
    if not letter.islower() or letter.title() == letter:
        return False
    return not place.word[1:2].isupper()


def _is_unspaced(letter: str) -> bool:
    """Chinese ideographs and Japanese kana."""
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff"


def _is_greek(language: str | None) -> bool:
    return (language or "").replace("_", "-").partition("-")[0].lower() == "el"
