"""Cutting: where it happens, and that nobody hears it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hay_say_espeak_ng.library import END_PAUSE, PHONEMES, SAMPLE_RATE, Order
from hay_say_espeak_ng.nursery import Nursery
from hay_say_espeak_ng.pieces import LONGEST_CHARACTERS, LONGEST_MNEMONICS, MOST_CHANGES, Piece, plan
from hay_say_espeak_ng.script import Script, Style, plain_script

STYLE = Style(rate=175, pitch=50, range=50, volume=100)
SENTENCE = "The birch canoe slid on the smooth planks. "


def pieces(text: str) -> tuple[Piece, ...]:
    return plan(plain_script(text, STYLE), gap=0).pieces


def test_a_short_text_is_one_piece_as_it_is() -> None:
    (piece,) = pieces("Hello there. How are you?")
    assert piece.source == "Hello there. How are you?"
    assert piece.flags == 0
    assert piece.settings == {"rate": 175, "pitch": 50, "range": 50, "volume": 100, "gap": 0}


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE * 50,
        "word " * 500,                                          # no punctuation
        "x" * 2000,                                             # not even a space
        "人人生而自由，在尊严和权利上一律平等。" * 60,
        "e\u0301" * 1000,                                       # letters with accents of their own
    ],
)
def test_pieces_are_the_text_and_none_is_too_long(text: str) -> None:
    cut = pieces(text)
    assert "".join(piece.source for piece in cut) == text
    assert max(len(piece.source) for piece in cut) <= LONGEST_CHARACTERS
    assert len(cut) > 1


def test_an_accent_stays_with_its_letter() -> None:
    assert not any(piece.source.startswith("\u0301") for piece in pieces("xe\u0301" * 1000))


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ((SENTENCE * 7).strip() + "\n\n" + SENTENCE * 20, "planks.\n\n"),                   # a paragraph first
        ("Dr. Who and Mr. Smith said nothing to Ms. Jones! " * 30, "Jones! "),              # not behind 'Dr.'
        ("he said, she said, " * 80, "said, "),                                             # a clause before a space
        ("No. 5 was etc. and so on in the yard. " * 40, "yard. "),                          # not before a small letter
        ("今日は。" * 300, "今日は。"),                                                       # no space behind
    ],
)
def test_a_cut_lies_at_the_best_place_there_is(text: str, ending: str) -> None:
    assert pieces(text)[0].source.endswith(ending)


@pytest.mark.parametrize("rate", [80, 175, 300, 450])
@pytest.mark.parametrize("joint", [". ", ".\n\n", "? ", ", "])
def test_a_cut_keeps_the_pause_that_the_library_makes(rate: int, joint: str) -> None:
    text = f"Hello there my friend{joint}How are you today?"
    cut = text.index("How")
    settings = {"rate": rate, "pitch": 50, "range": 50, "volume": 100, "gap": 0}
    nursery = Nursery()
    whole, first, second = (
        len(nursery.utter(Order(part, "gmw/en-US", settings, 0, flags)).samples) // 2
        for part, flags in ((text, 0), (text[:cut], END_PAUSE), (text[cut:], 0))
    )
    nursery.close()
    assert abs(first + second - whole) <= 0.002 * SAMPLE_RATE


def test_every_cut_but_the_last_keeps_its_pause() -> None:
    assert [piece.flags for piece in pieces(SENTENCE * 40)] == [END_PAUSE] * (len(pieces(SENTENCE * 40)) - 1) + [0]


def test_a_cut_within_a_clause_makes_no_pause() -> None:
    assert {piece.flags for piece in pieces("word " * 500)} == {0}


def test_an_exact_pause_stands_in_place_of_the_librarys() -> None:
    script = Script()
    script.say("One.", 0, STYLE)
    script.join("sentence")
    script.join("pause", 500)
    script.say("Two.", 4, STYLE)
    first, second = plan(script, gap=0).pieces
    assert first.flags == 0
    assert second.silence_samples == SAMPLE_RATE // 2


def test_changes_of_style_are_commands_of_the_library() -> None:
    script = Script()
    script.say("a ", 0, STYLE)
    script.say("b", 2, Style(rate=200, pitch=60, range=40, volume=90, emphasis=3))
    script.say(" c", 3, STYLE)
    (piece,) = plan(script, gap=3).pieces
    assert piece.source == "a \x01200S\x0160P\x0140R\x0190A\x013Fb\x01175S\x0150P\x0150R\x01100A\x010F c"
    assert piece.settings["gap"] == 3
    assert [piece.letter_of[piece.source.index(letter)] for letter in "abc"] == [0, 2, 4]


def test_too_many_changes_are_cut_into_pieces() -> None:
    script = Script()
    for index in range(200):
        script.say("ab ", 3 * index, Style(rate=100 + index, pitch=50, range=50, volume=100))
    cut = plan(script, gap=0).pieces
    assert max(piece.source.count("S") for piece in cut) <= MOST_CHANGES
    assert "".join(script.text(piece.start, piece.stop) for piece in cut) == "ab " * 200


def test_mnemonics_are_bracketed_and_the_brackets_renewed() -> None:
    script = Script()
    script.say("h@l'oU " * 50, 0, Style(175, 50, 50, 100, reading="mnemonics"))
    (piece,) = plan(script, gap=0).pieces
    assert piece.flags == PHONEMES
    runs = piece.source.split("]]")
    assert all(run.lstrip().startswith("[[") for run in runs if run)
    assert max(map(len, runs)) < LONGEST_MNEMONICS + 20


def test_nothing_but_space_is_no_piece() -> None:
    assert pieces(" \n ") == ()
    assert pieces("") == ()


def test_hours_of_text_are_cut_in_a_moment(say: Callable) -> None:
    cut = pieces(SENTENCE * 4600)
    assert sum(len(piece.source) for piece in cut) == len(SENTENCE) * 4600
