"""SSML from strangers: a tree that knows its places, or every problem with a way out; and what voices lack."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import LONGEST_TEXT
from hay_say_lab.text.elements import KINDS
from hay_say_lab.text.markup import DEEPEST, MOST_ELEMENTS, MOST_PROBLEMS, read_markup
from hay_say_lab.text.mending import MarkupProblem
from hay_say_lab.text.spans import Span
from hay_say_lab.text.support import features_used, lowered, plain_text, unsupported
from hay_say_lab.text.tree import Break, Document, Emphasis, Phoneme, Prosody, SayAs, Speak, Sub, Words
from tests.domain.json_patch import patched

PLAIN = TextContract(markups=("plain",), longest_characters=1000)
BARE = TextContract(markups=("plain", "ssml"), longest_characters=1000, ssml_elements=("speak", "break", "say-as", "phoneme"))
ALL = TextContract(
    markups=("ssml",), longest_characters=1000,
    ssml_elements=(*KINDS, "say-as:cardinal", "say-as:ordinal", "phoneme:ipa"),
)  # fmt: skip


def _read(body: str) -> Document:
    reading = read_markup(body)
    assert reading.problems == ()
    assert reading.document is not None
    return reading.document


def _problems(body: str) -> tuple[MarkupProblem, ...]:
    reading = read_markup(body)
    assert reading.document is None
    assert reading.problems
    return reading.problems


def _mended(body: str, problem: MarkupProblem) -> str:
    request = {"text": {"body": body, "markup": "ssml"}}
    return str(patched(request, problem.as_problem().fix.patch)["text"]["body"])


def _inside(text: str) -> str:
    return f"<speak>{text}</speak>"


# -- the tree -------------------------------------------------------------------------------------------------------


def test_a_document_becomes_nouns_with_their_places() -> None:
    body = '<speak xml:lang="en">Hi <emphasis level="strong">you</emphasis><break time="1.5s"/></speak>'

    root = _read(body).root

    assert root == Speak(
        Span(0, len(body)),
        (
            Words("Hi ", Span(21, 3)),
            Emphasis(Span(24, 39), (Words("you", Span(49, 3)),), "strong"),
            Break(Span(63, 20), 1500),
        ),
        "en",
    )
    assert root.children[1].span.of(body) == '<emphasis level="strong">you</emphasis>'


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ('<break time="250ms"/>', Break(Span(7, 21), 250)),
        ('<break strength="weak"/>', Break(Span(7, 24), 150)),
        ("<break/>", Break(Span(7, 8), 300)),
        ("<break></break>", Break(Span(7, 15), 300)),
        ('<break time=".5s" strength="weak"/>', Break(Span(7, 35), 500)),      # a time says it exactly
        ('<emphasis>a</emphasis>', Emphasis(Span(7, 22), (Words("a", Span(17, 1)),), "moderate")),
        ('<sub alias="b &amp; c">a</sub>', Sub(Span(7, 30), (Words("a", Span(30, 1)),), "b & c")),
        ('<phoneme ph="eɪ">a</phoneme>', Phoneme(Span(7, 28), (Words("a", Span(24, 1)),), "eɪ")),
        ('<say-as interpret-as="spell-out">a</say-as>', SayAs(Span(7, 43), (Words("a", Span(40, 1)),), "characters")),
        ("&amp;", Words("&", Span(7, 5))),                  # an entity stands as a whole
        ("&#x1F600;", Words("\U0001f600", Span(7, 9))),
        ("\r\n", Words("\n", Span(7, 2))),                  # XML knows one kind of line end
        ("\U0001f600 ä", Words("\U0001f600 ä", Span(7, 3))),    # characters, not bytes
        ("<![CDATA[a<&b]]>", Words("a<&b", Span(16, 4))),
    ],
)
def test_what_each_element_means(text: str, node: object) -> None:
    assert _read(_inside(text)).root.children == (node,)


def test_words_behind_a_comment_know_their_place() -> None:
    body = _inside("ä<!-- > -->b&lt;c\nd")
    words = [node for node in _read(body).nodes() if isinstance(node, Words)]
    assert "".join(node.text for node in words) == "äb<c\nd"
    assert [node.span.of(body) for node in words] == ["ä", "b", "&lt;", "c\nd"]


@pytest.mark.parametrize(
    ("rates", "rate"),
    [
        (["80%"], 0.8), (["+20%"], 1.2), (["-50%"], 0.5), (["slow"], 0.8),
        (["50%", "50%"], 0.25),             # a percentage starts from the element around
        (["50%", "+100%"], 1.0),
        (["50%", "fast"], 1.25),            # a word starts from the request
    ],
)  # fmt: skip
def test_rates_in_one_another(rates: list[str], rate: float) -> None:
    text = "".join(f'<prosody rate="{rate}">' for rate in rates) + "a" + "</prosody>" * len(rates)
    innermost = [node for node in _read(_inside(text)).nodes() if isinstance(node, Prosody)][-1]
    assert innermost.rate == pytest.approx(rate)


def test_what_xml_allows_around_is_taken() -> None:
    body = '\ufeff<?xml version="1.0" encoding="utf-16"?>\n<!-- hello --><speak version="1.1" \
xmlns="http://www.w3.org/2001/10/synthesis">é</speak>\n'
    assert _read(body).root.children[0] == Words("é", Span(body.index("é"), 1))


# -- what is wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "fault", "said", "where"),
    [
        ("Hello.", "not_xml", "no markup", ""),
        ("", "not_xml", "no markup", ""),
        (_inside("a<p>b"), "not_xml", "<p> from line 1 is still open", ""),     # closed by </speak>
        (_inside("<p><s>a</p></s>"), "not_xml", "<s> from line 1 is still open", ""),
        ("<speak>a", "not_xml", "ends while <speak>", ""),
        ("<speak>a</speak>b", "not_xml", "behind the end", ""),
        (_inside("Tom & Jerry"), "not_xml", "& begins an entity", ""),
        (_inside("a&nbsp;b"), "not_xml", "& begins an entity", ""),
        (_inside("a < b"), "not_xml", "no XML", ""),
        (_inside("a\x00b"), "not_xml", "no XML", ""),
        (_inside("a\ud800b"), "not_xml", "no XML", ""),
        (_inside('<break time="1s" time="2s"/>'), "not_xml", "no XML", ""),
        ("<speak", "not_xml", "no XML", ""),
        (_inside("<?php echo 1 ?>a"), "refused", "<?php?>", "<?php echo 1 ?>"),
        (_inside("<audio>a</audio>"), "unknown_element", "no <audio>", "<audio>"),
        (_inside("<Break/>"), "unknown_element", "no <Break>", "<Break/>"),
        (_inside("<x:p xmlns:x='y'>a</x:p>"), "unknown_element", "no <x:p>", "<x:p xmlns:x='y'>"),
        (_inside('<prosody rate="80%" pitch="+2st">a</prosody>'), "unknown_attribute", "no 'pitch'", ' pitch="+2st"'),
        (_inside('<p class="a > b">c</p>'), "unknown_attribute", "no 'class'", ' class="a > b"'),
        (_inside("<prosody>a</prosody>"), "missing_attribute", "needs 'rate'", "<prosody>"),
        (_inside("<sub>a</sub>"), "missing_attribute", "needs 'alias'", "<sub>"),
        (_inside("<phoneme>a</phoneme>"), "missing_attribute", "needs 'ph'", "<phoneme>"),
        (_inside("<say-as>a</say-as>"), "missing_attribute", "needs 'interpret-as'", "<say-as>"),
        (_inside('<break time="1,5s"/>'), "bad_value", "'1,5s'", ' time="1,5s"'),
        (_inside('<break time="61s"/>'), "bad_value", "at most 60s", ' time="61s"'),
        (_inside('<break time="0s"/>'), "bad_value", "'0s'", ' time="0s"'),
        (_inside('<break time="-1s"/>'), "bad_value", "'-1s'", ' time="-1s"'),
        (_inside('<break strength="huge"/>'), "bad_value", "one of x-weak", ' strength="huge"'),
        (_inside('<prosody rate="loud">a</prosody>'), "bad_value", "percentage", ' rate="loud"'),
        (_inside('<prosody rate="10%">a</prosody>'), "bad_value", "0.25 to 4", '<prosody rate="10%">'),
        (_inside('<prosody rate="+9999%">a</prosody>'), "bad_value", "0.25 to 4", '<prosody rate="+9999%">'),
        (_inside('<emphasis level="x">a</emphasis>'), "bad_value", "reduced", ' level="x"'),
        (_inside('<phoneme ph="h@7">a</phoneme>'), "bad_value", "no IPA: 7 @", ' ph="h@7"'),
        (_inside('<phoneme alphabet="x-sampa" ph="a">a</phoneme>'), "bad_value", "ipa", ' alphabet="x-sampa"'),
        (_inside('<say-as interpret-as="date">1.2.2024</say-as>'), "bad_value", "ordinal", ' interpret-as="date"'),
        (_inside('<say-as interpret-as="ordinal">x</say-as>'), "bad_value", "'x' is no ordinal", None),
        (_inside('<say-as interpret-as="cardinal">1.5</say-as>'), "bad_value", "no cardinal", None),
        (_inside('<say-as interpret-as="telephone">call</say-as>'), "bad_value", "no telephone", None),
        ('<speak xmlns="urn:other">a</speak>', "bad_value", "synthesis", ' xmlns="urn:other"'),
        ("<p>a</p>", "misplaced", "one <speak>", "<p>"),
        (_inside("<speak>a</speak>"), "misplaced", "once", "<speak>"),
        (_inside("<break>a</break>"), "misplaced", "takes no text", "<break>"),
        (_inside('<sub alias="b"><break/>a</sub>'), "misplaced", "no elements", "<break/>"),
        (_inside("<s><p>a</p></s>"), "misplaced", "in <s> or in itself", "<p>"),
        (_inside("<p>a<p>b</p></p>"), "misplaced", "in <s> or in itself", "<p>"),
        (_inside('<sub alias="b"/>'), "empty", "<sub> is empty", '<sub alias="b"/>'),
        (_inside('<say-as interpret-as="digits"> </say-as>'), "empty", "is empty", None),
        (_inside('<sub alias="' + "b" * 1001 + '">a</sub>'), "too_large", "1001 characters", None),
    ],
)  # fmt: skip
def test_a_problem_is_named_with_its_place_and_a_way_out(body: str, fault: str, said: str, where: str | None) -> None:
    (problem,) = _problems(body)

    assert problem.fault == fault
    assert said in problem.message
    assert where is None or problem.span.of(body) == where
    assert problem.fix.label
    if problem.fix.patch and problem.fix.patch[0]["path"] == "/text/body":
        _read(_mended(body, problem))


def test_a_line_and_a_column_are_told() -> None:
    (problem,) = _problems("<speak>\nä\n  <audio/></speak>")
    assert (problem.line, problem.column) == (3, 3)
    assert problem.as_problem().field == "text.body"
    assert problem.as_problem().message.endswith("(line 3, column 3)")


def test_all_problems_come_at_once_and_any_fix_mends_what_can_be_mended() -> None:
    body = _inside('<audio src="x">a<voice>b</voice></audio><p class="c">d</p><?x y?><break strength="huge"/>')

    problems = _problems(body)

    assert [one.fault for one in problems] == ["unknown_element", "unknown_element", "unknown_attribute", "refused", "bad_value"]
    for problem in problems:
        assert _mended(body, problem) == _inside("ab<p>d</p><break/>")


@pytest.mark.parametrize(
    ("body", "mended"),
    [
        (_inside("Tom & Jerry &amp; &eacute;&lt;&copy;"), _inside("Tom &amp; Jerry &amp; é&lt;©")),
        ("<p>a</p>", "<speak><p>a</p></speak>"),
        (_inside("<s>a<s>b</s></s>"), _inside("<s>ab</s>")),
        (_inside("<prosody\n pitch='>' >a</prosody >"), _inside("a")),
    ],
)
def test_how_a_click_mends(body: str, mended: str) -> None:
    assert _mended(body, _problems(body)[0]) == mended


def test_a_text_without_markup_is_read_as_plain_by_a_click() -> None:
    (problem,) = _problems("Hello & welcome.")
    assert patched({"text": {"body": "a", "markup": "ssml"}}, problem.fix.patch)["text"]["markup"] == "plain"


def test_there_are_never_more_problems_than_anyone_reads() -> None:
    assert len(_problems(_inside("<x/>" * 1000))) == MOST_PROBLEMS


# -- hostile documents ----------------------------------------------------------------------------------------------


def _hostile() -> Iterator[tuple[str, str, str]]:
    long, less, flood = "a" * 150_000, "a" * 100_000, "&a;" * 20_000
    lol = "".join("<!ENTITY l%d \"%s\">" % (n, "&l%d;" % (n - 1) * 10) for n in range(1, 10))     # noqa: UP031
    many = " ".join(f"a{n}=''" for n in range(20_000))
    yield "billion laughs", f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]><speak>&l9;</speak>', "refused"
    yield "external entity", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><speak>&e;</speak>', "refused"
    yield "external subset", '<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><speak>a</speak>', "refused"
    yield "parameter entity", '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.org/x"> %p;]><speak>a</speak>', "refused"
    yield "quadratic entity", f'<!DOCTYPE x [<!ENTITY a "{less}">]><speak>{flood}</speak>', "refused"
    yield "deep nesting", _inside("<prosody rate='100%'>" * 9_000), "too_deep"
    yield "deep unknown nesting", _inside("<x>" * 60_000), "unknown_element"
    yield "an attribute of a megabyte", _inside('<sub alias="' + "a" * 1_000_000 + '">a</sub>'), "too_large"
    yield "an attribute that fits the text", _inside(f'<sub alias="{long}">a</sub>'), "too_large"
    yield "an unknown attribute of that size", _inside(f'<p {long}="b">a</p>'), "unknown_attribute"
    yield "many attributes", _inside(f"<p {many}>a</p>"), "unknown_attribute"
    yield "many elements", _inside("<s/>" * (MOST_ELEMENTS + 1)), "too_large"
    yield "a quote that never shuts", '<speak><p a="' + "b" * 150_000, "not_xml"
    yield "many comments", _inside("<!---->" * 28_000) + "<", "not_xml"
    yield "many entities", _inside("&amp;" * 39_000 + "&"), "not_xml"
    yield "many ampersands", _inside("& " * 90_000), "not_xml"
    yield "another encoding", '<?xml version="1.0" encoding="utf-7"?><speak>+ADw-audio/+AD4-</speak><', "not_xml"


@pytest.mark.parametrize(("body", "fault"), [pytest.param(body, fault, id=name) for name, body, fault in _hostile()])
def test_a_hostile_document_is_refused_at_once(body: str, fault: str) -> None:
    began = time.process_time()

    problems = _problems(body)

    assert time.process_time() - began < 2.0
    assert problems[0].fault == fault
    assert len(problems) <= MOST_PROBLEMS
    assert all(len(problem.message) < 400 and len(problem.fix.label) < 200 for problem in problems)


def test_a_large_honest_document_is_read_at_once() -> None:
    body = _inside("<s>Grüße, <emphasis>Welt</emphasis> &amp; so.</s>" * 4_000)
    assert len(body) < LONGEST_TEXT
    began = time.process_time()
    assert sum(1 for _ in _read(body).elements()) == 8_001
    assert time.process_time() - began < 4.0


def test_elements_may_stand_as_deep_as_said() -> None:
    depth = DEEPEST - 1
    _read(_inside("<emphasis>" * depth + "a" + "</emphasis>" * depth))
    assert _problems(_inside("<emphasis>" * DEEPEST + "a" + "</emphasis>" * DEEPEST))[0].fault == "too_deep"


PARTS = st.sampled_from([
    "<speak>", "</speak>", "<p>", "</p>", "<s>", "</s>", "<break/>", '<break time="1s"/>', "<x>", "</x>", "a", "ä ", "&amp;",
    "&", "<", '<sub alias="b">', "</sub>", '<prosody rate="50%">', "</prosody>", "<!--c-->", "<![CDATA[d]]>", "\r\n", "\ud800",
])  # fmt: skip


@given(st.lists(PARTS, max_size=12).map("".join), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_document_has_a_tree_or_problems_whose_places_are_inside(body: str, wrapped: bool) -> None:
    body = _inside(body) if wrapped else body
    reading = read_markup(body)

    assert (reading.document is None) == bool(reading.problems)
    for problem in reading.problems:
        assert 0 <= problem.span.first <= problem.span.end <= len(body)
    if reading.document:
        words = [node for node in reading.document.nodes() if isinstance(node, Words)]
        assert all(node.span.of(body) == node.text for node in words if node.span.length == len(node.text))
        assert [node.span for node in words] == sorted(node.span for node in words)


@given(st.lists(PARTS, max_size=12).map("".join))
@settings(max_examples=100, deadline=None)
def test_what_a_voice_is_given_reads_well_and_holds_only_what_it_keeps(body: str) -> None:
    document = read_markup(_inside(body)).document
    if document is None:
        return
    given = lowered(document, BARE)

    assert unsupported(_read(given.text), BARE) == []
    assert plain_text(_read(given.text)).text.split() == plain_text(document).text.split()
    for stretch in given.stretches:
        assert not stretch.exact or stretch.new.of(given.text) == stretch.old.of(document.body)


# -- what voices lack -----------------------------------------------------------------------------------------------

EVERYTHING = _inside(
    '<p><s>I <prosody rate="80%">am</prosody> <emphasis>here</emphasis>,</s></p><break time="1s"/>'
    '<say-as interpret-as="digits">12</say-as><say-as interpret-as="ordinal">3</say-as>'
    '<sub alias="A &amp; B">AB</sub><phoneme ph="eɪ">a</phoneme>'
)


def test_the_features_of_a_document_are_elements_and_their_kinds() -> None:
    assert features_used(_read(EVERYTHING)) == {
        "speak", "p", "s", "prosody", "emphasis", "break", "say-as:digits", "say-as:ordinal", "sub", "phoneme:ipa",
    }  # fmt: skip


def test_a_voice_that_keeps_all_is_given_the_document_as_it_is() -> None:
    document = _read(EVERYTHING)
    assert unsupported(document, ALL) == []
    assert lowered(document, ALL).text == EVERYTHING


def test_what_a_voice_lacks_is_warned_of_once_each_and_taken_out() -> None:
    document = _read(EVERYTHING)

    warnings = unsupported(document, BARE)

    named = [warning.message.partition(",")[0].removeprefix("This voice lacks ") for warning in warnings]
    assert named == ["<p>", "<s>", "<prosody>", "<emphasis>", "<say-as> (ordinal)", "<phoneme> (ipa)"]
    kept = _inside('  I am here,  <break time="1s"/><say-as interpret-as="digits">12</say-as>3A &amp; Ba')
    assert lowered(document, BARE).text == kept
    assert unsupported(_read(kept), BARE) == []
    for warning in warnings:
        assert patched({"text": {"body": EVERYTHING}}, warning.fix.patch)["text"]["body"] == kept


def test_a_feature_used_often_is_one_warning_that_counts() -> None:
    (warning,) = unsupported(_read(_inside("<s>a</s>\n<s>b</s>")), BARE)
    assert "2 times (line 1, column 8)" in warning.message


def test_a_voice_without_ssml_is_given_plain_text() -> None:
    document = _read(EVERYTHING)

    warnings = unsupported(document, PLAIN)

    assert len(warnings) == 8
    request = patched({"text": {"body": EVERYTHING, "markup": "ssml"}}, warnings[0].fix.patch)
    assert request["text"] == {"body": plain_text(document).text, "markup": "plain"}
    assert request["text"]["body"] == "I am here, 123A & Ba"


def test_words_of_plain_text_lead_back_into_the_document() -> None:
    document = _read(_inside('one &amp; <sub alias="two three">23</sub><break/>four'))
    plain = plain_text(document)
    assert plain.text == "one & two three four"
    assert plain.back(Span(4, 1)).of(document.body) == "&amp;"
    assert plain.back(Span(6, 3)).of(document.body) == '<sub alias="two three">23</sub>'
    assert plain.back(Span(16, 4)).of(document.body) == "four"


def test_a_break_between_words_does_not_join_them() -> None:
    assert plain_text(_read(_inside("one<break/>two<p>three</p>four"))).text == "one two\n\nthree\n\nfour"
    assert lowered(_read(_inside("one<p/>two")), BARE).text == _inside("one two")
