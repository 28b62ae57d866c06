"""When words and phonemes are heard, as documents tell it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy
import pytest

from hay_say_lab.domain.timings import Timings

# (voice, text, the words as they are told). A row says what it is about.
WORDS = [
    ("en-us", "Hello, world!", ["Hello", "world"]),                                    # punctuation stays outside
    ("en-us", "In 1999 it was.", ["In", "1999", "it", "was"]),                         # a year: three words are said
    ("en-us", "It is $5.20 now.", ["It", "is", "$5.20", "now"]),                       # money: five
    ("en-us", "$1,234.56", ["$1,234.56"]),                                             # commas within a number
    ("en-us", "It isn't mine.", ["It", "isn't", "mine"]),                              # the event's length says 'isn'
    ("en-us", "Dr. Smith came.", ["Dr", "Smith", "came"]),                             # a dot that ends no sentence
    ("en-us", "NASA's Dr. Jones", ["NASA's", "Dr", "Jones"]),                          # the next event points too early
    ("en-us", "one of the best", ["one", "of", "the", "best"]),                        # one word to the dictionary
    ("en-us", "apples,oranges and wait...what", ["apples", "oranges", "and", "wait", "what"]),
    ("en-us", "yes—no – perhaps", ["yes", "no", "perhaps"]),                           # dashes without a space
    ("en-us", "best-known a.b@c.org 24/7", ["best-known", "a.b@c.org", "24/7"]),       # signs within a word
    ("en-us", "a great 🙂 day", ["a", "great", "🙂", "day"]),                           # an emoji is spoken by its name
    ("en-us", "- One\n- Two * Three", ["One", "Two", "*", "Three"]),                     # a list; a star is read out
    ("en-us", "50% & more", ["50%", "&", "more"]),                                     # signs that are read out
    ("en-us", "‘so’ “it” «goes» (on)", ["so", "it", "goes", "on"]),                    # quotes and brackets
    ("de", "Am 3. Oktober, z.B. um 5,20 €.", ["Am", "3", "Oktober", "z.B", "um", "5,20", "€"]),
    ("fr", "Qu'est-ce que c'est?", ["Qu'est-ce", "que", "c'est"]),                     # joined by the library
    ("es", "¿Qué tal? ¡Hola!", ["Qué", "tal", "Hola"]),                                # opening marks
    ("ru", "В 1999 г. это стоило 5,20 руб.", ["В", "1999", "г", "это", "стоило", "5,20", "руб"]),
    ("el", "Είναι προικισμένοι; Ναι.", ["Είναι", "προικισμένοι", "Ναι"]),
    ("ar", "يولد جميع الناس، وقد وهبوا ١٩٩٩", ["يولد", "جميع", "الناس", "وقد", "وهبوا", "١٩٩٩"]),
    ("he", "כל בני האדם", ["כל", "בני", "האדם"]),
    ("hi", "सभी मनुष्यों को है।", ["सभी", "मनुष्यों", "को", "है"]),
    ("cmn", "人人生而自由，在3个。", ["人", "人", "生", "而", "自", "由", "在", "3", "个"]),      # an ideograph is a word
    ("ko", "모든 인간은 태어날 때부터", ["모든", "인간은", "태어날", "때부터"]),             # said before its event
    ("hy", "Ինչպե՞ս ես։", ["Ինչպե՞ս", "ես"]),                                          # a mark within the word
    ("nl", "'s Morgens 'n appel.", ["s", "Morgens", "n", "appel"]),
    ("cs", "K domu v roce 1999.", ["K", "domu", "v", "roce", "1999"]),
]


def timed(result: Any) -> Timings:
    return Timings.from_json(result.documents["timings"])


@pytest.mark.parametrize(("voice", "text", "words"), WORDS, ids=[f"{voice}: {text}" for voice, text, _ in WORDS])
def test_words_are_told_as_they_are_written(say: Callable, voice: str, text: str, words: list[str]) -> None:
    result = say(text, voice=voice)
    timings = timed(result)
    assert [word.text for word in timings.words] == words
    assert [text[word.first : word.first + word.length] for word in timings.words] == words
    check_times(timings, result)


def check_times(timings: Timings, result: Any) -> None:
    """Phonemes cover the clip without gaps; words are theirs, in order, and start and end with a sound."""
    assert timings.sample_rate == result.clip.sample_rate
    assert timings.phonemes[0].start == 0
    assert timings.phonemes[-1].end == len(result.clip.samples)
    assert all(before.end == behind.start for before, behind in pairwise(timings.phonemes))
    assert all(phoneme.start < phoneme.end or phoneme.ipa for phoneme in timings.phonemes)
    assert all(before.end <= behind.start for before, behind in pairwise(timings.words))
    for index, word in enumerate(timings.words):
        own = [phoneme for phoneme in timings.phonemes if phoneme.word == index]
        assert (own[0].start, own[-1].end) == (word.start, word.end)
        assert own[0].ipa
        assert own[-1].ipa


def test_a_long_text_of_many_pieces_has_one_grid(say: Callable) -> None:
    text = "The birch canoe slid on the smooth planks. " * 60
    result = say(text)
    timings = timed(result)
    check_times(timings, result)
    assert [word.text for word in timings.words] == [word.strip(".") for word in text.split()]
    assert [word.first for word in timings.words] == [match.start() for match in re.finditer(r"\S+", text)]


def test_a_very_long_word_is_one_word(say: Callable) -> None:
    result = say("x " + "supercalifragilistic" * 30 + " y")
    timings = timed(result)
    assert [len(word.text) for word in timings.words] == [1, 600, 1]
    check_times(timings, result)


def test_sound_lies_within_words_and_silence_outside(say: Callable) -> None:
    result = say("Come here, please. Go away.", rate_wpm=120)
    timings = timed(result)
    loud = numpy.zeros(len(result.clip.samples), bool)
    for word in timings.words:
        loud[word.start : word.end] = True
    energy = result.clip.samples.astype(float) ** 2
    assert energy[~loud].mean() < 0.01 * energy[loud].mean()


def test_a_pause_between_clauses_belongs_to_no_word(say: Callable) -> None:
    timings = timed(say("One, two."))
    pause = next(phoneme for phoneme in timings.phonemes if not phoneme.ipa)
    assert pause.word == -1
    assert timings.words[0].end == pause.start
    assert timings.words[1].start == pause.end


@pytest.mark.parametrize(
    ("voice", "text", "phoneme"),
    [
        ("pt", "não", "ˈɐ̃ʊ̃"),          # 9 bytes; the event's name ends after 8, within the last vowel
        ("it", "tutti", "tː"),          # length stands in the clause's text alone
        ("vi", "cả", "ˈaː4"),           # and so does the tone
        ("en-us", "for", "ˈɔːɹ"),       # exactly 8 bytes with its stress, not cut
    ],
)
def test_a_phonemes_name_is_whole(say: Callable, voice: str, text: str, phoneme: str) -> None:
    assert phoneme in [p.ipa for p in timed(say(text, voice=voice)).phonemes]


def test_timings_of_another_rate_are_not_those_of_this_one(say: Callable) -> None:
    slow, fast = (timed(say("The birch canoe.", rate_wpm=rate)) for rate in (100, 300))
    assert [word.text for word in slow.words] == [word.text for word in fast.words]
    assert slow.words[-1].end > 2 * fast.words[-1].end
