"""Markup 'phonemes': espeak-ng's mnemonics, checked before the library sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hay_say_espeak_ng.catalogue import VOICES
from hay_say_espeak_ng.mnemonics import LONGEST_WORD, Mnemonics, mnemonics_of
from hay_say_espeak_ng.nursery import installed_library
from hay_say_lab.plugin import InvalidRequest

BY_SLUG = {voice.slug: voice for voice in VOICES}


def table(slug: str) -> Mnemonics:
    return mnemonics_of(BY_SLUG[slug], installed_library()[1] / "espeak-ng-data")


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("en-us", "en-us"),         # named in the voice's file
        ("de", "de"),               # by its language
        ("fr", "fr"),               # by the language without its region
        ("lfn", "base2"),           # borrowed
    ],
)
def test_a_voice_has_the_table_that_the_library_gives_it(slug: str, name: str) -> None:
    assert table(slug).table == name


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("h@l'oU", None),
        ("a|I", None),              # kept apart
        ("_:", None),               # a pause
        ("_^_de", None),            # another language's table
        ("həlˈoʊ", 1),              # IPA
        ("zz4", 2),
        ("4", 0),
    ],
)
def test_the_place_of_an_unknown_phoneme_is_found(word: str, where: int | None) -> None:
    assert table("en-us").unknown_at(word) == where


def test_a_body_without_brackets_is_phonemes_throughout(say: Callable) -> None:
    words = say("h@l'oU w'3:ld", "phonemes", task="phonemes").documents["phonemes"]["words"]
    assert [(word["text"], word["ipa"]) for word in words] == [("h@l'oU", "həlˈoʊ"), ("w'3:ld", "wˈɜːld")]


def test_brackets_put_phonemes_into_plain_text(say: Callable) -> None:
    body = "Say [[t@m'eItoU]], now. Then [[t@m'A:toU]]."
    result = say(body, "phonemes")
    words = result.documents["timings"]["words"]
    assert [word["text"] for word in words] == ["Say", "t@m'eItoU", "now", "Then", "t@m'A:toU"]
    assert [body[word["first"] : word["first"] + word["length"]] for word in words] == [word["text"] for word in words]


def test_plain_text_with_brackets_is_no_phonemes(say: Callable) -> None:
    one = say("[[aa]]", "plain", task="phonemes").documents["phonemes"]["words"]
    two = say("aa", "plain", task="phonemes").documents["phonemes"]["words"]
    assert one[0]["ipa"] == two[0]["ipa"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("həlˈoʊ", "'ə' at character 2 begins no phoneme of the table 'en-us'"),
        ("so [[h@l'oU 4x]]", "'4' at character 13"),
        ("so [[h@l'oU", "'[[' at character 4 has no ']]'"),
        ("so h@l'oU]]", "']]' at character 10 has no '[['"),
        ("a" * (LONGEST_WORD + 1), f"at most {LONGEST_WORD} are spoken"),     # the library would write past its buffers
    ],
)
def test_what_the_library_would_drop_or_break_on_is_refused_with_its_place(
    say: Callable, body: str, reason: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        say(body, "phonemes")
    assert reason in str(refused.value)
    assert {problem.field for problem in refused.value.problems} == {"text.body"}


def test_all_unknown_phonemes_are_told_at_once(say: Callable) -> None:
    with pytest.raises(InvalidRequest) as refused:
        say("həl w4", "phonemes")
    assert len(refused.value.problems) == 2


def test_many_phonemes_are_spoken_to_the_end(say: Callable) -> None:
    words = say("h@l'oU w'3:ld " * 100, "phonemes", task="phonemes").documents["phonemes"]["words"]
    assert [word["ipa"] for word in words] == ["həlˈoʊ", "wˈɜːld"] * 100


def test_every_voice_takes_its_own_vowels(say: Callable) -> None:
    for slug in ("de", "fr", "ru", "cmn"):
        assert say("ma", "phonemes", voice=slug).clip.seconds > 0.1
