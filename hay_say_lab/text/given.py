"""What a voice is given of a text, and the way back: pronunciations first, then what its contract lacks of markup.

The worker asks here before it calls a runtime, and maps what the runtime tells of words back to the text as typed;
preflight asks here what to warn of; the recipe asks here what was sent. The same text, contract and language always
give the same answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr, unescape

from hay_say_lab.domain.control import pointer
from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import LONGEST_TEXT, Markup, RequestText
from hay_say_lab.domain.timings import Timings
from hay_say_lab.errors import Fix, Problem, WorkerFailed
from hay_say_lab.text.checks import unreadable_characters
from hay_say_lab.text.markup import read_markup
from hay_say_lab.text.mending import FIELD, MarkupProblem
from hay_say_lab.text.pronunciation import Entry, Pronunciations
from hay_say_lab.text.respelling import Respelling, lost_warnings, respelled
from hay_say_lab.text.rewriting import Rewriting, rewriting
from hay_say_lab.text.spans import Span
from hay_say_lab.text.support import lowered, plain_text, unsupported
from hay_say_lab.text.tree import Break, Document, Phoneme, SayAs, Sub, Words

# What a voice that compiles SSML by itself may know beyond the neutral part, and judges by itself.
_ITS_OWN = frozenset(("unknown_attribute", "bad_value", "missing_attribute"))
_NAME = re.compile(r"<([^\s/>]+)")
_TAG_OR_COMMENT = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_CHARACTER = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")


@dataclass(frozen=True, slots=True)
class Given:
    """`text` is what the runtime reads; `rewritings` led there from the text as typed, the first one first.

    `used`: the pronunciations that fit somewhere, honoured or not; `warnings`: what the voice cannot do.
    """

    typed: RequestText
    text: RequestText
    rewritings: tuple[Rewriting, ...]
    used: tuple[Entry, ...]
    warnings: tuple[Problem, ...]

    def documents_back(self, documents: Mapping[str, Any]) -> dict[str, Any]:
        """A result's documents with their words in the text as typed. Raises WorkerFailed where they fit no text."""
        if not self.rewritings:
            return dict(documents)
        back = {"timings": self._timings_back, "phonemes": self._phonemes_back}
        try:
            return {role: back[role](document) if role in back else document for role, document in documents.items()}
        except (AttributeError, KeyError, TypeError, ValueError, IndexError):
            raise WorkerFailed("The architecture told of words that are not in the text.", fix="Tell its author.") from None

    def _timings_back(self, document: Mapping[str, Any]) -> dict[str, Any]:
        timings = Timings.from_json({name: document[name] for name in ("sample_rate", "words", "phonemes")})
        for step in reversed(self.rewritings):
            timings = step.timings_back(timings)
        words = tuple(replace(word, text=self._shown(Span(word.first, word.length))) for word in timings.words)
        return {**document, **replace(timings, words=words).as_json()}

    def _phonemes_back(self, document: Mapping[str, Any]) -> dict[str, Any]:
        words = list(document["words"])
        for step in reversed(self.rewritings):
            merged = []
            for span, numbers in step.together([Span(word["first"], word["length"]) for word in words]):
                ipa = " ".join(words[number]["ipa"] for number in numbers)
                merged.append({**words[numbers[0]], "first": span.first, "length": span.length, "ipa": ipa})
            words = merged
        for word in words:
            word["text"] = self._shown(Span(word["first"], word["length"]))
        return {**document, "words": words}

    def _shown(self, span: Span) -> str:
        """A stretch of the text as typed, as people read it: without tags, entities as the letters they are."""
        written = span.of(self.typed.body)
        if self.typed.markup != "ssml":
            return written
        numbered = _CHARACTER.sub(lambda found: chr(int(found[1], 16) if found[1] else int(found[2])), _TAG_OR_COMMENT.sub("", written))
        return unescape(numbered, {"&quot;": '"', "&apos;": "'"})


@lru_cache(maxsize=4)
def given(text: RequestText, contract: TextContract, language: str | None) -> Given:
    """What a voice with this contract is given. `language`: that of the text, else the voice's first one.

    The text has no `markup_problems`; one that has is given as it is. Remembered: preflight, the stage and the recipe
    ask the same, and a long text takes seconds.
    """
    entries = tuple(Entry.of(one) for one in text.pronunciations or ())
    dictionary = Pronunciations("", entries)
    if text.markup == "plain":
        return _given_plain(text, dictionary, contract, language)
    if text.markup == "ssml":
        return _given_ssml(text, dictionary, contract, language)
    warnings = (_unused("it is written in phonemes"),) if entries else ()
    return Given(text, _bare(text), (), (), warnings)


def markup_problems(text: RequestText, contract: TextContract) -> Iterator[Problem]:
    """What is wrong with a marked-up text for a voice with this contract; nothing for other texts.

    What a voice that compiles SSML by itself may know beyond the neutral part, it judges by itself. Of a text that
    has other problems already (empty, too long, unreadable) nothing is told.
    """
    body = text.body
    if text.markup != "ssml" or not body.strip() or len(body) > LONGEST_TEXT or unreadable_characters(body):
        return
    reading = read_markup(body)
    problems = [problem for problem in reading.problems if not _is_its_own(problem, body, contract)]
    yield from (problem.as_problem() for problem in problems)
    if reading.document is not None and not plain_text(reading.document).text.strip():
        yield Problem(FIELD, "There is nothing to speak between the tags.", Fix("Write a sentence."))


def document_language(text: RequestText) -> str | None:
    """The xml:lang of a marked-up text that can be read, None elsewhere."""
    document = read_markup(text.body).document if text.markup == "ssml" else None
    return document.root.language if document is not None else None


def _given_plain(text: RequestText, dictionary: Pronunciations, contract: TextContract, language: str | None) -> Given:
    if not dictionary.entries:
        return Given(text, _bare(text), (), (), ())
    said = respelled(text.body, dictionary, contract, language)
    if said.sounds:
        spoken = said.as_ssml()
        return Given(text, RequestText(spoken.text, text.language, "ssml"), (spoken,), said.matched, said.warnings)
    changed = (said.rewriting,) if said.text != text.body else ()
    return Given(text, RequestText(said.text, text.language, "plain"), changed, said.matched, said.warnings)


def _given_ssml(text: RequestText, dictionary: Pronunciations, contract: TextContract, language: str | None) -> Given:
    document = read_markup(text.body).document
    if document is None:        # it holds what only the voice itself knows
        warnings = (_unused("it holds markup that this voice alone reads"),) if dictionary.entries else ()
        return Given(text, _bare(text), (), (), warnings)
    warned = unsupported(document, contract)
    steps: list[Rewriting] = []
    used: dict[Entry, None] = {}
    if dictionary.entries:
        runs = [(run, respelled(run.text, dictionary, contract, language)) for run in _runs(document)]
        lost: Counter[Entry] = Counter()
        for _, said in runs:
            lost.update(said.lost)
            used.update(dict.fromkeys(said.matched))
        warned += lost_warnings(lost)
        respelt = _respelt(document, runs)
        if respelt.text != document.body:
            steps.append(respelt)
            document = read_markup(respelt.text).document or document
    spoken = lowered(document, contract)
    markup: Markup = "ssml" if "ssml" in contract.markups else "plain"
    if spoken.text != document.body:
        steps.append(spoken)
    return Given(text, RequestText(spoken.text, text.language, markup), tuple(steps), tuple(used), tuple(warned))


def _runs(document: Document) -> Iterator[Rewriting]:
    """Words in a row without a tag between them, as one text that leads back into the body. What stands in <say-as>,
    <sub> or <phoneme> says already how it is spoken."""
    for node in document.nodes():
        if isinstance(node, Words | Break | SayAs | Sub | Phoneme):
            continue
        row: list[tuple[str, Span]] = []
        for child in (*node.children, None):
            if isinstance(child, Words):
                row.append((child.text, child.span))
            elif row:
                yield rewriting(row, document.body)
                row = []


def _respelt(document: Document, runs: Sequence[tuple[Rewriting, Respelling]]) -> Rewriting:
    """The body with the words of each run as its pronunciations want them."""
    cuts: list[tuple[Span, str]] = []
    for run, said in runs:
        sounds = {one.span.first: one.ipa for one in said.sounds}
        for stretch in said.rewriting.stretches:
            ipa = sounds.get(stretch.new.first)
            old, word = run.back(stretch.old), escape(stretch.new.of(said.text))
            if ipa is not None:
                cuts.append((old, f'<phoneme alphabet="ipa" ph={quoteattr(ipa)}>{word}</phoneme>'))
            elif not stretch.exact:
                cuts.append((old, word))
    parts: list[tuple[str, Span]] = []
    position = 0
    for span, instead in sorted(cuts):
        parts += [(document.body[position : span.first], Span(position, span.first - position)), (instead, span)]
        position = span.end
    parts.append((document.body[position:], Span(position, len(document.body) - position)))
    return rewriting(parts, document.body)


def _is_its_own(problem: MarkupProblem, body: str, contract: TextContract) -> bool:
    if "ssml" not in contract.markups:
        return False
    if problem.fault == "unknown_element":
        name = _NAME.match(body, problem.span.first)
        return name is not None and name[1] in contract.ssml_elements
    return problem.fault in _ITS_OWN


def _bare(text: RequestText) -> RequestText:
    """As a runtime sees it: what it is to do with pronunciations is done."""
    return RequestText(text.body, text.language, text.markup)


def _unused(why: str) -> Problem:
    fix = Fix("Leave the dictionary out", ({"op": "remove", "path": pointer("text.dictionary")},))
    return Problem("text.dictionary", f"The pronunciations are not used in this text: {why}.", fix)
