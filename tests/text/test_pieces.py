"""A long text in pieces: they cover it, fit, and part neither sentences without need nor letters ever."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hay_say_lab.text.clusters import cluster_starts, joined
from hay_say_lab.text.pieces import pieces
from hay_say_lab.text.sentences import sentences

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
CLUSTERS = [
    "a", " ", ". ", "! ", ", ", "; ", "\n", "e\u0301", "o\u0308\u0323", FAMILY, "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea",
    "\u0928\u093f", "\u0915\u094d\u0937", "\u1112\u1161\u11ab", "\ud55c", "\r\n", "漢", "。", "\u2764\ufe0f", "\ud83d\ude00",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(CLUSTERS), max_size=40).map("".join))


def _cut(text: str, longest: int, language: str | None = "en") -> list[str]:
    return [span.of(text) for span in pieces(text, longest, language)]


@given(TEXTS, st.integers(1, 40))
@example("a" + "\u0301" * 50 + "b", 10)
@example("\U0001f1e9" * 31, 7)
@settings(max_examples=150, deadline=None)
def test_pieces_cover_the_text_fit_and_part_no_letter(text: str, longest: int) -> None:
    cut = pieces(text, longest)
    starts = set(cluster_starts(text))

    assert "".join(span.of(text) for span in cut) == text
    assert {span.first for span in cut} <= starts
    for span in cut:
        one_letter = not starts & set(range(span.first + 1, span.end))
        assert 0 < span.length <= longest or one_letter


@given(TEXTS, st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_a_sentence_that_fits_is_never_cut(text: str, longest: int) -> None:
    edges = {span.first for span in pieces(text, longest)}
    for sentence in sentences(text):
        if sentence.length <= longest:
            assert not edges & set(range(sentence.first + 1, sentence.end))


@given(st.lists(st.sampled_from(["One two. ", "Three! ", "Is it four? "]), min_size=1), st.integers(12, 60))
@settings(max_examples=100, deadline=None)
def test_no_two_neighbours_would_fit_into_one_piece(parts: list[str], longest: int) -> None:
    cut = _cut("".join(parts), longest)
    assert all(len(one) + len(other) > longest for one, other in itertools.pairwise(cut))


@pytest.mark.parametrize(
    ("longest", "row"),
    [
        (100, "One. Two. Three."),                              # all of it fits
        (10, "One. Two. |Three."),                              # as many sentences as fit
        (20, "She came; |he left, as always."),                 # a clause before a comma
        (20, "She came, she saw, |and she wept."),              # the last comma that fits
        (16, "No comma stands |in this here."),                 # white space
        (14, "A, then just |words without |commas."),           # a comma too soon is passed over
        (5, "abcde|fghij|k"),                                   # nothing but letters
        (10, "今日は、|とてもいい天気です。"),                        # no spaces, a comma of its own
        (10, "1,000,000 |and more."),                            # no comma inside a number
        (11, "He (who |left) came."),                           # not behind a bracket that opens
        (4, "ab  |  cd"),                                       # white space of any length
        (7, "a\u0301b\u0301c\u0301|d\u0301"),                   # whole letters only
        (1, "a\u0301|b|" + FAMILY),                             # a letter longer than the limit stays whole
    ],
)  # fmt: skip
def test_where_a_text_is_cut(longest: int, row: str) -> None:
    text = row.replace("|", "")
    assert _cut(text, longest) == row.split("|")


def test_nothing_has_no_pieces() -> None:
    assert pieces("", 10) == []


@pytest.mark.parametrize("longest", [0, -1])
def test_pieces_without_length_are_refused(longest: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        pieces("a", longest)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "word " * 40_000, "a, " * 33_000, "\U0001f1e9" * 100_000, "a" + "\u0301" * 100_000, " " * 100_000]
)
def test_a_text_without_stops_is_cut_in_time_that_grows_with_it(text: str) -> None:
    for longest in (20, 10_000):
        began = time.process_time()
        cut = pieces(text, longest)
        assert time.process_time() - began < 5.0
        assert sum(span.length for span in cut) == len(text)


@pytest.mark.parametrize(
    ("before", "after", "one"),
    [
        ("a", "b", False),
        ("\r", "\n", True),
        ("\n", "\u0301", False),            # nothing joins a line end
        ("e", "\u0301", True),              # an accent
        ("\U0001f44d", "\U0001f3fd", True),     # the colour of a hand
        (" ", "\u200d", True),
        ("\u200d", "\U0001f469", True),     # a family
        ("\u1100", "\u1161", True),         # Hangul in parts
        ("\uac00", "\u11a8", True),
        ("\uac01", "\u1161", False),
        ("\u1100", "\uac00", True),
        ("\u094d", "\u0937", True),         # a conjunct
        ("\u0600", "\u0661", True),         # the Arabic number sign
        ("\u0e01", "\u0e33", True),         # Thai
        ("\ud83d", "\ude00", True),         # halves
        ("\ude00", "\ud83d", False),
        ("漢", "字", False),
    ],
)
def test_which_neighbours_are_one_letter(before: str, after: str, one: bool) -> None:
    assert joined(before, after) is one


def test_flags_are_pairs() -> None:
    assert cluster_starts("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\U0001f1e9") == [0, 2, 4]
