"""SSML: what is refused, and with which words; what is read, and into what. No sound here."""

from __future__ import annotations

import pytest

from hay_say_espeak_ng.mnemonics import Mnemonics
from hay_say_espeak_ng.script import Joint, Mark, Script, Style
from hay_say_espeak_ng.ssml import DEEPEST, MOST_PROBLEMS, read_ssml
from hay_say_lab.plugin import InvalidRequest

ASKED = Style(rate=175, pitch=50, range=50, volume=100)
TABLE = Mnemonics("en-us", frozenset(["h", "@", "l", "'", "oU"]))


def read(body: str) -> Script:
    return read_ssml(body, ASKED, ("en-US", "en"), TABLE)


def refusal(body: str) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read(body)
    assert all(problem.field == "text.body" for problem in caught.value.problems)
    assert all(problem.fix.label for problem in caught.value.problems)
    return caught.value


BILLION_LAUGHS = (
    '<!DOCTYPE speak [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
    "<speak>&c;</speak>"
)
EXTERNAL = '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>'

REFUSED = [
    (BILLION_LAUGHS, "document type"),                                          # entities that grow
    (EXTERNAL, "document type"),                                                # a file behind an entity
    ('<!DOCTYPE speak SYSTEM "http://localhost/x.dtd"><speak>a</speak>', "document type"),
    ("<speak>a&nbsp;b</speak>", "undefined entity"),
    ("<speak>a<b></speak>", "mismatched tag"),
    ("<speak>a", "no element found"),
    ("no markup", "syntax error"),
    ("", "no element found"),
    ("<speak>a & b</speak>", "not well-formed"),
    ("<speak>a</speak>b", "junk after document element"),
    ("<p>a</p>", "<speak> stands around the whole document"),
    ("<speak>a<speak>b</speak></speak>", "<speak> stands around the whole document"),
    ('<speak><voice name="x">a</voice></speak>', "<voice> is not kept"),
    ('<speak><audio src="/etc/passwd"/></speak>', "<audio> is not kept"),        # the library would run a shell
    ('<speak xmlns="http://example.com/">a</speak>', "not the namespace of SSML"),
    ('<speak xml:lang="fr">bonjour</speak>', "in 'fr', but this voice speaks en-US"),
    ('<speak><p xml:lang="fr">a</p></speak>', "<p> takes no 'xml:lang'"),
    ("<speak><s>a<p>b</p></s></speak>", "<p> cannot stand in <s>"),
    ("<speak><s>a<s>b</s></s></speak>", "<s> cannot stand in <s>"),
    ("<speak><break>a</break></speak>", "<break> takes no text"),
    ("<speak><break><s>a</s></break></speak>", "<break> takes no elements"),
    ('<speak>a<break time="1"/></speak>', "<break time> cannot be '1'"),         # no unit
    ('<speak>a<break time="-1s"/></speak>', "<break time>"),
    ('<speak>a<break time="61s"/></speak>', "at most 60s"),
    ('<speak>a<break time="0s"/></speak>', "<break time>"),
    ('<speak>a<break strength="none"/></speak>', "<break strength> cannot be 'none'"),
    ("<speak><prosody>a</prosody></speak>", "<prosody> changes nothing"),
    ('<speak><prosody contour="(0%,+20Hz)">a</prosody></speak>', "takes no 'contour'"),
    ('<speak><prosody rate="12">a</prosody></speak>', "<prosody rate> cannot be '12'"),
    ('<speak><prosody pitch="120Hz">a</prosody></speak>', "<prosody pitch> cannot be '120Hz'"),
    ('<speak><prosody pitch="10%">a</prosody></speak>', "a change with its sign"),
    ('<speak><prosody volume="6dB">a</prosody></speak>', "<prosody volume>"),
    ('<speak><prosody range="wide">a</prosody></speak>', "<prosody range>"),
    ('<speak><emphasis level="huge">a</emphasis></speak>', "<emphasis level>"),
    ('<speak><say-as interpret-as="date">1/2</say-as></speak>', "<say-as interpret-as> cannot be 'date'"),
    ("<speak><say-as>a</say-as></speak>", "<say-as> needs 'interpret-as'"),
    ('<speak><say-as interpret-as="characters"><s>a</s></say-as></speak>', "<say-as> takes no elements"),
    ("<speak><mark/></speak>", "<mark> needs 'name'"),
    ("<speak><sub>a</sub></speak>", "<sub> needs 'alias'"),
    ('<speak><sub alias="a"/></speak>', "<sub> is empty"),
    ('<speak><phoneme alphabet="ipa" ph="h">a</phoneme></speak>', "<phoneme alphabet> cannot be 'ipa'"),
    ('<speak><phoneme ph="həl">a</phoneme></speak>', "'ə' at character 2 begins no phoneme"),
    ("<speak>" + '<prosody rate="slow">' * DEEPEST + "a" + "</prosody>" * DEEPEST + "</speak>", "in one another"),
]


@pytest.mark.parametrize(("body", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_cannot_be_kept_is_refused_by_name(body: str, reason: str) -> None:
    told = str(refusal(body))
    assert reason in told
    assert "line " in told
    assert "column " in told


def test_a_problem_tells_line_and_column_in_characters_of_the_body() -> None:
    problem = refusal("<speak>\n  ünïcödé <mark/> <voice/></speak>").problems
    assert "(line 2, column 11)" in problem[0].message
    assert "(line 2, column 19)" in problem[1].message


def test_broken_xml_tells_its_place_the_same_way() -> None:
    assert "(line 2, column 7)" in str(refusal("<speak>\nüüü &x</speak>"))


def test_all_problems_are_told_at_once_but_not_without_end() -> None:
    assert len(refusal('<speak><voice/><break time="x"/><mark/></speak>').problems) == 3
    assert len(refusal("<speak>" + "<voice/>" * 100 + "</speak>").problems) == MOST_PROBLEMS


def test_every_letter_knows_its_place_in_the_body() -> None:
    body = "<speak>AT&amp;T is&#110;'t <![CDATA[<x>&amp;]]>\r\né<!-- not > this -->!</speak>"
    script = read(body)
    assert script.text(0, len(script)) == "AT&T isn't <x>&amp; é!"
    written = [body[start:end] for start, end in zip(script.starts, script.ends, strict=True)]
    assert written[:8] == ["A", "T", "&amp;", "T", " ", "i", "s", "&#110;"]
    assert written[-3:] == ["\r\n", "é", "!"]


def test_the_declared_encoding_of_text_that_is_decoded_already_means_nothing() -> None:
    assert read('<?xml version="1.0" encoding="latin-1"?><speak>é</speak>').letters == ["é"]


def test_a_document_as_other_tools_write_it_is_read() -> None:
    body = '<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-GB">Hi</speak>'
    assert read(body).letters == ["H", "i"]


def test_prosody_becomes_numbers_and_ends_with_its_element() -> None:
    script = read('<speak>a<prosody rate="200%" volume="+6.0dB">b<prosody rate="50%">c</prosody></prosody>d</speak>')
    assert [style.rate for style in script.styles] == [175, 350, 175, 175]
    assert [style.volume for style in script.styles] == [100, 200, 200, 100]


def test_keywords_start_from_what_was_asked_for() -> None:
    script = read('<speak><prosody rate="fast">a<prosody rate="medium">b</prosody></prosody></speak>')
    assert [style.rate for style in script.styles] == [219, 175]


@pytest.mark.parametrize(
    ("attribute", "value", "field", "number"),
    [
        ("rate", "999%", "rate", 450),          # as fast as the library speaks
        ("rate", "-99%", "rate", 80),
        ("pitch", "+40st", "pitch", 99),
        ("pitch", "-40st", "pitch", 0),
        ("pitch", "-100%", "pitch", 0),
        ("volume", "+60dB", "volume", 200),
        ("volume", "silent", "volume", 0),
        ("range", "+400%", "range", 99),
    ],
)
def test_prosody_stays_within_what_the_voice_can_do(attribute: str, value: str, field: str, number: int) -> None:
    script = read(f'<speak><prosody {attribute}="{value}">a</prosody></speak>')
    assert getattr(script.styles[0], field) == number


def test_pauses_and_parts_become_joints() -> None:
    script = read('<speak><p>a</p><s>b</s><break time="1.5s"/><break strength="weak"/><break/></speak>')
    assert script.joints == [
        Joint(0, "paragraph"),
        Joint(1, "paragraph"),
        Joint(1, "sentence"),
        Joint(2, "sentence"),
        Joint(2, "pause", 1500),
        Joint(2, "pause", 150),
        Joint(2, "pause", 300),
    ]


def test_marks_keep_their_names_and_places() -> None:
    assert read('<speak>a<mark name="x"/>b<mark name="y"/></speak>').marks == [Mark("x", 1), Mark("y", 2)]


def test_other_words_stand_for_the_whole_stretch_that_they_replace() -> None:
    body = '<speak>the <sub alias="World Wide Web">WWW</sub></speak>'
    script = read(body)
    assert script.text(4, len(script)) == "World Wide Web"
    assert {body[start:end] for start, end in zip(script.starts[4:], script.ends[4:], strict=True)} == {"WWW"}
    assert list(script.replaced.values()) == ["WWW"]


def test_spelled_letters_run_on_behind_punctuation_and_break_where_they_are_too_many() -> None:
    script = read(f'<speak><say-as interpret-as="characters">Hi. You{"x" * 60}</say-as></speak>')
    words = script.text(0, len(script)).split(" ")
    assert words[0].startswith("Hi.You")
    assert max(map(len, words)) <= 40
    assert {style.reading for style in script.styles} == {"spelled"}


def test_two_hundred_thousand_characters_are_read_in_a_moment() -> None:
    script = read("<speak>" + "é word &amp; " * 20_000 + "</speak>")
    assert len(script) == 9 * 20_000
