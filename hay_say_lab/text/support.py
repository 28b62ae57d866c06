"""What happens to markup that a voice lacks: it is warned of, and its tags are taken out before the voice reads.

A feature is the name of an element as in TextContract.ssml_elements, or 'element:kind' where elements come in kinds
('say-as:ordinal', 'phoneme:ipa'). A bare 'say-as' in a contract promises characters, digits and telephone; a bare
'phoneme' promises an alphabet of the voice's own, not IPA.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from hay_say_lab.domain.control import pointer
from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.errors import Fix, Problem
from hay_say_lab.text.elements import KINDS, PROMISED
from hay_say_lab.text.mending import FIELD, tag_span
from hay_say_lab.text.rewriting import Rewriting, rewriting
from hay_say_lab.text.spans import Span
from hay_say_lab.text.tree import Break, Document, Element, Node, Paragraph, Phoneme, SayAs, Sentence, Speak, Sub, Words


def features_used(document: Document) -> set[str]:
    """Elements of the document, each once, with their kinds: {'speak', 'break', 'say-as:ordinal'}."""
    return {_feature(element) for element in document.elements()}


def keeps(contract: TextContract, feature: str) -> bool:
    """Whether a contract takes SSML and this feature in it."""
    element, _, kind = feature.partition(":")
    if "ssml" not in contract.markups:
        return False
    return feature in contract.ssml_elements or (
        element in contract.ssml_elements and (not kind or kind in PROMISED.get(element, ()))
    )


def unsupported(document: Document, contract: TextContract) -> list[Problem]:
    """A warning for each feature the voice lacks: how often, where first, and what is heard instead.

    The fix of each takes out all that is lacking. <speak> is never lacking, and <sub> is said right by any voice,
    because its words are put in its place.
    """
    lacking: dict[str, list[Element]] = {}
    for element in document.elements():
        feature = _feature(element)
        if not isinstance(element, Speak | Sub) and not keeps(contract, feature):
            lacking.setdefault(feature, []).append(element)
    return [_warning(document, contract, feature, places) for feature, places in lacking.items()]


def lowered(document: Document, contract: TextContract) -> Rewriting:
    """The text that a voice with this contract is to be given, and the way back to the body.

    Where the contract takes SSML: the body without the tags of what is lacking, with the words of <sub> in place
    where that is lacking. Where it does not: plain text.
    """
    if "ssml" in contract.markups:
        return rewriting(list(_kept(document, contract)), document.body)
    return plain_text(document)


def plain_text(document: Document) -> Rewriting:
    """What is to be spoken, without any markup: <sub> gives its alias, paragraphs and pauses part words."""
    parts: list[tuple[str, Span]] = []

    def part(space: str, at: int) -> None:
        if parts and not parts[-1][0][-1:].isspace():
            parts.append((space, Span(at, 0)))

    def walk(node: Node) -> None:
        if isinstance(node, Words):
            parts.append((node.text, node.span))
        elif isinstance(node, Sub):
            parts.append((node.alias, node.span))
        elif isinstance(node, Break):
            part(" ", node.span.first)
        else:
            space = {Paragraph: "\n\n", Sentence: " "}.get(type(node), "")
            if space:
                part(space, node.span.first)
            for child in node.children:
                walk(child)
            if space:
                part(space, node.span.end)

    walk(document.root)
    return rewriting(parts, document.body)


def _kept(document: Document, contract: TextContract) -> Iterator[tuple[str, Span]]:
    """The body in parts, with what is lacking left out."""
    position = 0
    for first, end, text in sorted(_cuts(document, contract)):
        if first < position:
            continue        # inside something that went as a whole
        yield document.body[position:first], Span(position, first - position)
        yield text, Span(first, end - first)
        position = end
    yield document.body[position:], Span(position, len(document.body) - position)


def _cuts(document: Document, contract: TextContract) -> Iterator[tuple[int, int, str]]:
    """(first, end, what comes in its place) of every stretch of the body that does not stay."""
    for element in document.elements():
        span = element.span
        if isinstance(element, Speak) or keeps(contract, _feature(element)):
            continue
        if isinstance(element, Sub):
            yield span.first, span.end, escape(element.alias)
        elif isinstance(element, Break):
            yield span.first, span.end, " "
        else:
            # Without their tags, the last word of a paragraph and the first of the next must not become one.
            instead = " " if isinstance(element, Paragraph | Sentence) else ""
            opening = tag_span(document.body, span.first)
            yield opening.first, opening.end, instead
            if opening.end < span.end:
                yield document.body.rindex("<", opening.end, span.end), span.end, instead


def _feature(element: Element) -> str:
    if isinstance(element, SayAs):
        return f"{element.element}:{element.kind}"
    return f"{element.element}:ipa" if isinstance(element, Phoneme) else element.element


def _warning(document: Document, contract: TextContract, feature: str, places: list[Element]) -> Problem:
    first = places[0].span.first
    line = document.body.count("\n", 0, first) + 1
    column = first - document.body.rfind("\n", 0, first)
    times = "once" if len(places) == 1 else f"{len(places)} times"
    element, _, kind = feature.partition(":")
    named = f"<{element}> ({kind})" if kind else f"<{element}>"
    message = f"This voice lacks {named}, used {times} (line {line}, column {column}): {KINDS[element].without}."
    patch = [{"op": "replace", "path": pointer(FIELD), "value": lowered(document, contract).text}]
    if "ssml" not in contract.markups:
        patch.append({"op": "replace", "path": pointer("text.markup"), "value": "plain"})
    return Problem(FIELD, message, Fix("Take out what this voice lacks", tuple(patch)))
