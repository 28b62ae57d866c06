"""A text too long to be read at once becomes texts that can be read alone, and every character is found again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import RequestText
from hay_say_lab.text.markup import read_markup
from hay_say_lab.text.passages import Passage, can_be_cut, passages

NOVEL = "It rained. She came late, as always, and he was gone. So it goes. " * 5
SSML = (
    '<?xml version="1.0"?><speak xml:lang="en"><p>One two. Three four.</p>\n<p>Five <emphasis>six</emphasis> seven.</p>'
    '<break time="1s"/><s>Eight nine.</s> Ten eleven. Twelve &amp; <sub alias="thirteen">13</sub>. Fourteen.</speak>'
)


def cut(body: str, longest: int, markup: str = "plain") -> list[Passage]:
    found = passages(RequestText(body, "en", markup), longest)  # type: ignore[arg-type]
    assert found is not None
    return found


def bodies(found: list[Passage]) -> list[str]:
    return [passage.text.body for passage in found]


def test_a_text_that_fits_is_itself() -> None:
    text = RequestText(NOVEL)
    (passage,) = passages(text, len(NOVEL)) or []
    assert passage.text is text


def test_plain_text_is_cut_at_the_ends_of_sentences() -> None:
    assert bodies(cut(NOVEL, 70))[:2] == [
        "It rained. She came late, as always, and he was gone. So it goes. ",
        "It rained. She came late, as always, and he was gone. So it goes. ",
    ]


@given(st.text("Ab. ,!\n*😀", max_size=80), st.integers(5, 30))
@settings(max_examples=100, deadline=None)
def test_passages_hold_all_that_can_be_said_in_order(body: str, longest: int) -> None:
    found = cut(body, longest)
    covered = 0
    for passage in found:
        assert not any(letter.isalnum() or letter == "😀" for letter in body[covered : passage.span.first])
        assert passage.text.body == passage.span.of(body)
        covered = passage.span.end
    assert not any(letter.isalnum() or letter == "😀" for letter in body[covered:])


def test_a_row_of_stars_is_no_passage() -> None:
    assert bodies(cut("The end of it.\n\n* * * * * * *\n\nAnother day.", 16)) == ["The end of it.\n\n", "Another day."]


def test_a_document_is_cut_between_its_paragraphs_and_sentences() -> None:
    found = cut(SSML, 120, "ssml")
    inner = [passage.span.of(SSML) for passage in found]
    assert inner == [
        "<p>One two. Three four.</p>\n",
        '<p>Five <emphasis>six</emphasis> seven.</p><break time="1s"/>',
        "<s>Eight nine.</s> Ten eleven. ",
        'Twelve &amp; <sub alias="thirteen">13</sub>. Fourteen.',
    ]
    for passage in found:
        assert len(passage.text.body) <= 120
        assert passage.text.markup == "ssml"
        document = read_markup(passage.text.body).document
        assert document is not None
        assert document.root.language == "en"


def test_characters_of_a_passage_lead_back_to_the_whole() -> None:
    for passage in cut(SSML, 120, "ssml"):
        for word in ("Three", "seven", "Ten", "13"):
            first = passage.text.body.find(word, passage.lead)
            if first >= 0:
                assert passage.back(first, len(word)) == (SSML.index(word, 50), len(word))


@pytest.mark.parametrize(
    ("body", "markup"),
    [
        (f"<speak><p>{NOVEL}</p></speak>", "ssml"),                                 # one paragraph, too long by itself
        (f"<speak><prosody rate='80%'>{NOVEL}</prosody></speak>", "ssml"),          # every cut would part an element
        (f"<speak><![CDATA[{NOVEL}]]></speak>", "ssml"),                            # sentences inside a section
        (f"<speak>{NOVEL}<nonsense/></speak>", "ssml"),                             # it has problems of its own
        ("<speak" + " " * 200 + "/>", "ssml"),
        ("[[h@l'oU]] " * 30, "phonemes"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_told(body: str, markup: str) -> None:
    text = RequestText(body, "en", markup)  # type: ignore[arg-type]
    contract = TextContract(markups=("plain", "ssml", "phonemes"), longest_characters=100)
    assert passages(text, 100) is None
    assert not can_be_cut(text, contract)


def test_what_becomes_plain_text_for_a_voice_can_be_cut() -> None:
    plain = TextContract(markups=("plain",), longest_characters=100)
    assert can_be_cut(RequestText(f"<speak><p>{NOVEL}</p></speak>", markup="ssml"), plain)
    assert can_be_cut(RequestText(NOVEL), plain)
