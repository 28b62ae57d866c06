"""Words that the library says as one are told as two, cut at a phoneme."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hay_say_espeak_ng.hearing import Word
from hay_say_espeak_ng.parting import parted, plain


def test_a_joined_word_is_cut_where_the_words_meet() -> None:
    joined = Word(4, 5, [[0, 1, 2, 3]])
    of, the = parted(joined, [(4, "of"), (5, "the")], ["ʌ", "v", "ð", "ə"], {"of": ("ʌ", "v"), "the": ("ð", "iː")})
    assert (of.first, of.last, of.said) == (4, 4, [[0, 1]])
    assert (the.first, the.last, the.said) == (5, 5, [[2, 3]])


def test_a_reduced_vowel_is_still_a_vowel() -> None:
    joined = Word(0, 1, [[0, 1, 2]])
    words = parted(joined, [(0, "of"), (1, "a")], ["ə", "v", "ə"], {"of": ("ʌ", "v"), "a": ("ɐ",)})
    assert [word.said for word in words] == [[[0, 1]], [[2]]]


def test_three_words_are_cut_twice_and_a_pause_goes_with_the_word_before() -> None:
    joined = Word(0, 2, [[0, 1, 2, 3]])
    alone = {"a": ("a",), "b": ("b",), "c": ("c",)}
    words = parted(joined, [(0, "a"), (1, "b"), (2, "c")], ["a", "", "b", "c"], alone)
    assert [word.said for word in words] == [[[0, 1]], [[2]], [[3]]]


@pytest.mark.parametrize(
    ("names", "alone"),
    [
        (["ʌ", "v", "ð", "ə"], {"of": ("k", "t"), "the": ("p", "s")}),      # nothing alike
        (["ʌ"], {"of": ("ʌ",), "the": ("ʌ",)}),                             # one sound for two words
        (["ʌ", "v", "ð", "ə"], {}),                                         # never heard alone
    ],
)
def test_words_that_cannot_be_told_apart_stay_one(names: list[str], alone: dict[str, tuple[str, ...]]) -> None:
    joined = Word(0, 1, [list(range(len(names)))])
    assert parted(joined, [(0, "of"), (1, "the")], names, alone) == [joined]


def test_stress_does_not_count() -> None:
    assert plain(["ˈaɪ", "", "ˌm"]) == ("aɪ", "m")


def test_english_function_words_are_told_one_by_one(say: Callable) -> None:
    text = "It was one of the best of a kind, and I am in the end on the way to the last of it."
    words = say(text).documents["timings"]["words"]
    assert [word["text"] for word in words] == [word.strip(",.") for word in text.split()]
