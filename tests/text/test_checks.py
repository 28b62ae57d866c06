"""What is wrong with a text, whoever is going to speak it; each fix mends what it names."""

from __future__ import annotations

import time

import pytest

from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import LONGEST_TEXT, Markup, RequestText
from hay_say_lab.errors import Problem
from hay_say_lab.text.checks import text_problems
from tests.domain.json_patch import patched

CONTRACT = TextContract(markups=("plain", "ssml"), longest_characters=100)


def _problems(body: str, markup: Markup = "plain", contract: TextContract = CONTRACT) -> list[Problem]:
    return list(text_problems(RequestText(body, markup=markup), contract, LONGEST_TEXT))


@pytest.mark.parametrize(
    "body",
    [
        "Hello.",
        "a",
        "7",
        " \tword\r\n",                      # white space around a word, tabs and line ends
        "Grüße, naïve façade",
        "e\u0301 n\u0303 \u0928\u093f",     # combining marks
        "مرحبا \u200fשלום\u200e \u202babc\u202c",    # right to left, with its marks
        "漢字とカナ 한국어 ไทย",
        "👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 ☃️",                # emoji with modifiers and joiners
        "\U0001fae8 \U0001fadf",            # emoji that this Python's tables may not know yet
        "\ufeffword",                       # a byte order mark from an editor
        "\u00a0\u2003word\u2028",
        "\ue000 private use",
        "!",                                # nothing to pronounce, but a text
        "x" * 100,
    ],
)
def test_a_text_that_somebody_could_mean_is_taken(body: str) -> None:
    assert _problems(body) == []


@pytest.mark.parametrize("body", ["", " ", "\n\t ", "\u00a0\u2003", "\u3000"])
def test_nothing_but_white_space_is_no_text(body: str) -> None:
    (problem,) = _problems(body)
    assert problem.field == "text.body"
    assert "no text" in problem.message
    assert problem.fix.label


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("a\x00b", "U+0000"),
        ("a\x1b[31mb", "U+001B"),           # a terminal's colours
        ("a\x7fb", "U+007F"),
        ("a\x85b", "U+0085"),
        ("a\ud800b", "U+D800"),             # half of a letter
        ("a\udfffb", "U+DFFF"),
        ("a\uffffb", "U+FFFF"),             # never a letter
        ("a\ufdd0b", "U+FDD0"),
        ("a\u0378b", "U+0378"),             # not yet a letter
        ("a\U0010ffffb", "U+10FFFF"),
    ],
)
def test_what_nobody_can_speak_is_named_and_a_click_puts_spaces_there(body: str, named: str) -> None:
    (problem,) = _problems(body)

    assert named in problem.message
    mended = patched({"text": {"body": body}}, problem.fix.patch)["text"]["body"]
    assert _problems(mended) == []
    assert len(mended) == len(body), "positions of words stay where they were"


def test_a_text_that_is_too_long_can_be_cut_by_one_click() -> None:
    (problem,) = _problems("word " * 21)

    assert "105" in problem.message
    assert "100" in problem.message
    mended = patched({"text": {"body": "word " * 21}}, problem.fix.patch)["text"]["body"]
    assert mended == "word " * 20


def test_the_houses_own_limit_holds_where_a_voice_would_take_more() -> None:
    patient = TextContract(markups=("plain",), longest_characters=10 * LONGEST_TEXT)
    assert _problems("x" * LONGEST_TEXT, contract=patient) == []
    (problem,) = _problems("x" * (LONGEST_TEXT + 1), contract=patient)
    assert f"{LONGEST_TEXT} are taken" in problem.message


@pytest.mark.parametrize(
    ("body", "markup", "refused"),
    [
        ("word " * 21, "plain", False),
        (f"<speak><p>{'word ' * 15}</p><p>{'word ' * 15}</p></speak>", "ssml", False),
        (f"<speak><p>{'word ' * 30}</p></speak>", "ssml", True),        # one paragraph, and it does not fit
        ("word " * (LONGEST_TEXT // 5 + 1), "plain", True),
    ],
    ids=["sentences", "paragraphs", "one long paragraph", "more than anybody may send"],
)
def test_where_texts_are_read_in_passages_only_what_cannot_be_cut_is_too_long(body: str, markup: Markup, refused: bool) -> None:
    problems = list(text_problems(RequestText(body, markup=markup), CONTRACT, LONGEST_TEXT, pieces=True))
    assert [problem.field for problem in problems] == ["text.body"] * refused


def test_a_markup_that_the_voice_does_not_read_is_answered_with_those_it_does() -> None:
    (problem,) = _problems("h@'loU", "phonemes")

    assert problem.field == "text.markup"
    assert "plain, ssml" in problem.message
    request = {"text": {"body": "a", "markup": "phonemes"}}
    assert patched(request, problem.fix.patch)["text"]["markup"] == "plain"


def test_all_problems_come_at_once_and_their_fixes_mend_in_any_order() -> None:
    body = "a\x00" * 80

    problems = _problems(body, "phonemes")

    assert [problem.field for problem in problems] == ["text.body", "text.body", "text.markup"]
    for order in (problems, problems[::-1]):
        request = {"text": {"body": body, "markup": "phonemes"}}
        for problem in order:
            request = patched(request, problem.fix.patch)
        assert _problems(request["text"]["body"], request["text"]["markup"]) == []


def test_a_megabyte_of_text_is_judged_at_once() -> None:
    body = "\x00" + "ä" * (1 << 20)
    began = time.process_time()

    problems = _problems(body)

    assert len(problems) == 2
    assert all(len(problem.message) < 200 for problem in problems)
    assert time.process_time() - began < 1.0
