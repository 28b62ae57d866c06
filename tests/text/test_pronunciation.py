"""How to say a word: dictionaries are documents with a name of their own, and every spoken word leads back."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.timings import TimedPhoneme, TimedWord, Timings
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.text.markup import read_markup
from hay_say_lab.text.pronunciation import FORMAT, LONGEST_WORD, MOST_ENTRIES, Entry, Pronunciations, pronunciations
from hay_say_lab.text.respelling import Respelling, respelled
from hay_say_lab.text.rewriting import Rewriting, Stretch
from hay_say_lab.text.spans import Span
from hay_say_lab.text.words import tokens

PLAIN = TextContract(markups=("plain",), longest_characters=1000)
OWN_SOUNDS = TextContract(markups=("plain", "ssml"), longest_characters=1000, ssml_elements=("speak", "phoneme"))
IPA = TextContract(markups=("plain", "ssml"), longest_characters=1000, ssml_elements=("speak", "phoneme", "phoneme:ipa"))


def _said(text: str, *entries: Entry, language: str | None = "en", contract: TextContract = PLAIN) -> Respelling:
    return respelled(text, pronunciations(entries), contract, language)


def _document(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"format": FORMAT, "name": "", "entries": list(rows), **more}


# -- which words are found ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "text", "said"),
    [
        ("cat", "The cat sat.", "The X sat."),
        ("cat", "Cat, CAT and cat!", "X, X and X!"),            # any case
        ("cat", "concatenate cats", "concatenate cats"),        # whole words only
        ("cat", "cat_1 cat1 1cat", "cat_1 cat1 1cat"),
        ("cat", "(cat)-cat/cat", "(X)-X/X"),
        ("cat", "the cat's tail, the cat\u2019s tail", "the X's tail, the X\u2019s tail"),
        ("don", "Don't, don\u2019t! Don did.", "Don't, don\u2019t! X did."),     # no part of a contraction
        ("t", "can't t", "can't X"),
        ("eau", "l'eau, l\u2019eau", "l'X, l\u2019X"),          # elision
        ("don't", "I don\u2019t.", "I X."),                     # either apostrophe
        ("New York", "New York, new\n  york, New Yorker", "X, X, New Yorker"),     # white space of any kind
        ("3", "3 of 3.5 and 3,000 or 33", "X of 3.5 and 3,000 or 33"),          # numbers are whole as well
        ("C++", "C++ and C", "X and C"),                        # letters that are none
        (".NET", "The .NET one", "The X one"),
        ("caf\u00e9", "cafe\u0301 cafe", "X cafe"),             # composed or not
        ("stra\u00dfe", "STRASSE Stra\u00dfe", "X X"),          # folded case has another length
        ("東京", "今日は東京へ", "今日はXへ"),                     # no spaces between words
        ("हिन्दी", "हिन्दी में", "X में"),                            # vowel signs belong to the word
        ("हि", "हिन्दी", "हिन्दी"),
        ("мир", "Мир, мира", "X, мира"),
        ("naïve", "\U0001f600naïve\U0001f600", "\U0001f600X\U0001f600"),
    ],
)  # fmt: skip
def test_whole_words_are_found(word: str, text: str, said: str) -> None:
    assert _said(text, Entry(word, alias="X")).text == said


def test_the_longest_word_wins_and_what_is_put_in_is_not_searched_again() -> None:
    entries = [Entry("York", "A"), Entry("New York", "York"), Entry("New York City", "B")]
    assert _said("York New York, New York City", *entries).text == "A York, B"


def test_a_word_whose_longer_neighbour_does_not_fit_is_found_alone() -> None:
    assert _said("New Yorker", Entry("New York", "B"), Entry("New", "A")).text == "A Yorker"


def test_exact_case_is_kept_and_wins() -> None:
    entries = [Entry("Polish", "Poh-lish", case="exact"), Entry("polish", "shine")]
    assert _said("Polish polish POLISH", *entries).text == "Poh-lish shine shine"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "E"), ("en-GB", "B"), ("en_gb", "B"), ("en-US", "E"), ("de", "N"), ("eng", "N"), (None, "N")],
)
def test_the_most_exact_language_wins(language: str | None, said: str) -> None:
    entries = [Entry("tomato", "N"), Entry("tomato", "E", language="en"), Entry("tomato", "B", language="en-GB")]
    assert _said("tomato", *entries, language=language).text == said


# -- sounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", [PLAIN, OWN_SOUNDS])
def test_ipa_that_a_voice_does_not_take_is_a_warning_and_the_word_stays(contract: TextContract) -> None:
    said = _said("Siobhan met Siobhan.", Entry("Siobhan", ipa="ʃɪˈvɔːn"), contract=contract)

    assert said.text == "Siobhan met Siobhan."
    assert said.used == said.sounds == ()
    (warning,) = said.warnings
    assert "'Siobhan'" in warning.message
    assert "2 times" in warning.message
    assert "alias" in warning.fix.label


def test_an_alias_beside_ipa_serves_the_voices_that_take_none() -> None:
    entry = Entry("Siobhan", alias="Shivawn", ipa="ʃɪˈvɔːn")

    plain, sounding = _said("Siobhan!", entry), _said("Siobhan!", entry, contract=IPA)

    assert (plain.text, plain.sounds, plain.warnings) == ("Shivawn!", (), ())
    assert sounding.text == "Siobhan!"
    assert [(one.span.of(sounding.text), one.ipa) for one in sounding.sounds] == [("Siobhan", "ʃɪˈvɔːn")]
    assert sounding.used == (entry,)


def test_a_respelled_text_becomes_ssml_that_leads_back_to_what_was_written() -> None:
    text = "Tom & Siobhan say <gif>."
    said = _said(text, Entry("Siobhan", ipa="ʃɪˈvɔːn"), Entry("gif", alias="jif & co"), contract=IPA)

    ssml = said.as_ssml()

    assert ssml.text == (
        '<speak>Tom &amp; <phoneme alphabet="ipa" ph="ʃɪˈvɔːn">Siobhan</phoneme> say &lt;jif &amp; co&gt;.</speak>'
    )
    assert read_markup(ssml.text).problems == ()
    for word, written in [("Tom", "Tom"), ("&amp;", "&"), ("Siobhan", "Siobhan"), ("say", "say"), ("jif", "gif")]:
        assert ssml.back(Span(ssml.text.index(word), len(word))).of(text) == written


# -- the way back ---------------------------------------------------------------------------------------------------


def test_timings_of_what_was_spoken_become_timings_of_what_was_written() -> None:
    said = _said("I live in LA now.", Entry("LA", alias="Los Angeles"))
    assert said.text == "I live in Los Angeles now."
    spoken = [("I", 0), ("live", 2), ("in", 7), ("Los", 10), ("Angeles", 14), ("now", 22)]
    phonemes = tuple(TimedPhoneme("a", word, 0, 1) for word in (0, -1, 3, 4, 5))
    timings = Timings(100, tuple(TimedWord(word, at, len(word), at, at + 1) for word, at in spoken), phonemes)

    back = said.rewriting.timings_back(timings)

    assert [(word.text, word.first, word.length) for word in back.words] == [
        ("I", 0, 1), ("live", 2, 4), ("in", 7, 2), ("LA", 10, 2), ("now", 13, 3),
    ]  # fmt: skip
    assert [(word.start, word.end) for word in back.words] == [(0, 1), (2, 3), (7, 8), (10, 15), (22, 23)]
    assert [phoneme.word for phoneme in back.phonemes] == [0, -1, 3, 3, 4], "those of 'Los' and 'Angeles' are of 'LA'"


WORDS = st.sampled_from(["a", "bee", "cee dee", "e\u0301", "漢", "It's", "3.5", "\U0001f600", "x"])
TEXTS = st.lists(st.one_of(WORDS, st.sampled_from([" ", ", ", "\n", "'"])), max_size=20).map("".join)
ENTRIES = st.dictionaries(WORDS.filter(lambda word: word[0].isalnum()), st.sampled_from(["Z", "long words", "a"]), max_size=5)


@given(st.one_of(st.text(max_size=60), TEXTS), ENTRIES)
@settings(max_examples=100, deadline=None)
def test_every_character_leads_back_to_itself_or_to_the_word_it_stands_for(text: str, words: dict[str, str]) -> None:
    said = respelled(text, pronunciations(Entry(word, alias) for word, alias in words.items()), PLAIN)

    covered = [stretch.new for stretch in said.rewriting.stretches]
    assert "".join(span.of(said.text) for span in covered) == said.text
    assert "".join(stretch.old.of(text) for stretch in said.rewriting.stretches) == text
    for stretch in said.rewriting.stretches:
        if stretch.exact:
            assert stretch.new.of(said.text) == stretch.old.of(text)
        for position in range(stretch.new.first, stretch.new.end):
            old = said.rewriting.back(Span(position, 1))
            offset = position - stretch.new.first
            assert old == (Span(stretch.old.first + offset, 1) if stretch.exact else stretch.old)


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_tokens_cover_every_text(text: str) -> None:
    assert "".join(span.of(text) for span in tokens(text)) == text


def test_a_span_outside_the_text_has_no_way_back() -> None:
    way = Rewriting("ab", "ab", (Stretch(Span(0, 2), Span(0, 2), True),))
    assert way.back(Span(1, 0)) == Span(1, 0)
    with pytest.raises(ValueError, match="not inside"):
        way.back(Span(1, 2))


# -- the document ---------------------------------------------------------------------------------------------------


def test_a_dictionary_travels_as_json_and_keeps_its_id() -> None:
    made = pronunciations([Entry("b", "bee", language="en", case="exact"), Entry("a", ipa="eɪ")], "letters")

    again = Pronunciations.from_json(json.loads(json.dumps(made.as_json())))

    assert again == made
    assert again.id == made.id
    assert is_sha256(made.id)


def test_a_field_that_is_null_is_a_field_left_out() -> None:
    row = {"word": "a", "alias": "x", "ipa": None, "language": None, "case": None}
    assert Pronunciations.from_json(_document(row)).entries == (Entry("a", "x"),)


def test_the_order_of_entries_means_nothing_and_a_change_makes_another_id() -> None:
    a, b = Entry("a", "x"), Entry("b", "y")
    assert pronunciations([a, b]).id == pronunciations([b, a]).id
    ids = {pronunciations(entries).id for entries in ([a], [b], [a, b], [Entry("a", "z")], [Entry("a", "x", language="en")])}
    assert len(ids) == 5
    assert pronunciations([a]).with_entry(b).without(b) == pronunciations([a])


def test_an_entry_for_the_same_word_language_and_case_takes_the_place_of_the_old_one() -> None:
    changed = pronunciations([Entry("New York", "a")]).with_entry(Entry("new  york", "b"))
    assert [entry.alias for entry in changed.entries] == ["b"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"word": "a"}, "says nothing"),
        ({"word": "...", "alias": "dots"}, "no word"),
        ({"word": "", "alias": "x"}, "no word"),
        ({"word": "a" * (LONGEST_WORD + 1), "alias": "x"}, "at most"),
        ({"word": "a", "alias": " "}, "empty alias"),
        ({"word": "a", "alias": "x" * 501}, "at most"),
        ({"word": "a", "ipa": "h@l7"}, "no IPA: 7 @"),
        ({"word": "a", "ipa": ""}, "is empty"),
        ({"word": "a", "alias": "x", "case": "none"}, "any or exact"),
        ({"word": "a", "alias": "x", "language": "english please"}, "no tag"),
        ({"word": "a", "alias": "x\x00"}, "U+0000"),
        ({"word": "a", "alias": "x", "colour": "red"}, "'colour'"),
        ({"word": "a", "alias": 5}, "'alias' that is no text"),
        ({"alias": "x"}, "no 'word'"),
        ("a", "no object"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(row: Any, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Pronunciations.from_json(_document({"word": "fine", "alias": "x"}, row))

    (problem,) = caught.value.problems
    assert problem.field == "entries.1"
    assert said in problem.message
    assert problem.fix.label


def test_all_problems_of_a_dictionary_come_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        Pronunciations.from_json(_document({"word": "a"}, {"word": "b", "alias": "x"}, {"word": "c", "ipa": "7"}))
    assert [problem.field for problem in caught.value.problems] == ["entries.0", "entries.2"]


def test_a_word_said_twice_is_a_problem() -> None:
    with pytest.raises(InvalidRequest, match="again"):
        pronunciations([Entry("a", "x"), Entry("A", "y")])


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"format": "hay-say-pronunciation/2"}, _document(name="x" * 101), _document(more=1), {"format": FORMAT, "entries": 5}],
)
def test_a_document_that_is_no_dictionary_is_refused(document: Any) -> None:
    with pytest.raises(InvalidRequest):
        Pronunciations.from_json(document)


def test_too_many_entries_are_refused_at_once() -> None:
    with pytest.raises(InvalidRequest, match=str(MOST_ENTRIES)):
        Pronunciations.from_json(_document(*[{"word": "a"}] * (MOST_ENTRIES + 1)))


def test_a_large_dictionary_and_a_long_text_take_seconds_at_most() -> None:
    dictionary = pronunciations([Entry(f"new w{number}", "x") for number in range(5_000)])
    began = time.process_time()
    said = respelled("new w7 new w " * 8_000, dictionary, PLAIN)
    assert said.text.count("x") == 8_000
    assert time.process_time() - began < 5.0
