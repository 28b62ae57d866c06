"""What a voice is given of a text, and how what it tells of words leads back to the text as a person typed it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.pronunciation import Pronunciation
from hay_say_lab.domain.request import LONGEST_TEXT, Markup, RequestText
from hay_say_lab.domain.timings import TimedPhoneme, TimedWord, Timings
from hay_say_lab.errors import WorkerFailed
from hay_say_lab.text.given import Given, given, markup_problems

PLAIN = TextContract(markups=("plain",), longest_characters=1000)
SOME = TextContract(markups=("plain", "ssml"), longest_characters=1000, ssml_elements=("speak", "break", "mark"))
IPA = TextContract(markups=("plain", "ssml"), longest_characters=1000, ssml_elements=("speak", "break", "phoneme:ipa"))
CONTRACTS = {"plain alone": PLAIN, "some SSML": SOME, "IPA": IPA}

LA = Pronunciation("LA", alias="Los Angeles", case="exact")
NGUYEN = Pronunciation("Nguyen", ipa="ŋwiən")
SIOBHAN = Pronunciation("Siobhan", alias="Shivawn", ipa="ʃɪˈvɔːn", language="en")
UNUSED = Pronunciation("Leicester", alias="Lester")


def _given(body: str, contract: TextContract, *said: Pronunciation, markup: Markup = "plain", language: str = "en") -> Given:
    return given(RequestText(body, None, markup, pronunciations=said), contract, language)


def _timings(told: Given) -> list[tuple[str, str]]:
    """(text, stretch of the body as typed) of each word, as a voice that knows every word of its text would tell it."""
    plain = re.sub(r"<[^>]*>|&#?\w+;", lambda found: " " * len(found[0]), told.text.body)
    words = tuple(
        TimedWord(found[0], found.start(), len(found[0]), number, number + 1)
        for number, found in enumerate(re.finditer(r"\w+", plain))
    )
    document: dict[str, Any] = told.documents_back({"timings": Timings(10, words, ()).as_json()})["timings"]
    return [
        (word["text"], told.typed.body[word["first"] : word["first"] + word["length"]]) for word in document["words"]
    ]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_a_plain_text_without_pronunciations_is_given_as_it_is(contract: TextContract) -> None:
    told = _given("Nothing <to> do & nothing lost.", contract)
    assert told.text == RequestText("Nothing <to> do & nothing lost.")
    assert (told.rewritings, told.used, told.warnings) == ((), (), ())
    document = {"words": "anything at all"}
    assert told.documents_back({"timings": document})["timings"] is document


def test_markup_is_lowered_for_a_voice_that_reads_plain_text_and_words_lead_back() -> None:
    body = "<speak><p>I am</p> <emphasis>here</emphasis>, at AT&amp;T.</speak>"
    told = _given(body, PLAIN, markup="ssml")
    assert told.text == RequestText("I am\n\n here, at AT&T.")
    assert [warning.message.split(",")[0] for warning in told.warnings] == [
        "This voice lacks <p>", "This voice lacks <emphasis>",
    ]  # fmt: skip
    assert _timings(told) == [(word, word) for word in ("I", "am", "here", "at", "AT", "T")]


def test_a_word_that_holds_an_entity_or_a_tag_is_shown_as_people_read_it() -> None:
    body = "<speak>AT&amp;T un<emphasis>be</emphasis>lievable &#x41;&#66;</speak>"
    told = _given(body, PLAIN, markup="ssml")
    words = (TimedWord("AT&T", 0, 4, 0, 1), TimedWord("unbelievable", 5, 12, 1, 2), TimedWord("AB", 18, 2, 2, 3))
    back = told.documents_back({"timings": Timings(10, words, ()).as_json()})["timings"]["words"]
    assert [word["text"] for word in back] == ["AT&T", "unbelievable", "AB"]
    assert [body[word["first"] : word["first"] + word["length"]] for word in back] == [
        "AT&amp;T", "un<emphasis>be</emphasis>lievable", "&#x41;&#66;",
    ]  # fmt: skip


def test_markup_that_a_voice_takes_stays() -> None:
    told = _given("<speak>one<break/><emphasis>two</emphasis></speak>", SOME, markup="ssml")
    assert told.text == RequestText("<speak>one<break/>two</speak>", markup="ssml")
    assert _timings(told) == [("one", "one"), ("two", "two")]


def test_what_only_the_voice_knows_is_left_to_it() -> None:
    body = '<speak>one <mark name="here"/> two <break strength="huge"/></speak>'
    text = RequestText(body, markup="ssml")
    assert list(markup_problems(text, SOME)) == []
    assert given(text, SOME, "en").text == text
    assert len(list(markup_problems(text, PLAIN))) == 2, "a voice that compiles none leaves nothing to itself"
    (problem,) = markup_problems(RequestText("<speak><audio>a</audio></speak>", markup="ssml"), SOME)
    assert "<audio>" in problem.message


@pytest.mark.parametrize("body", ["", " \n", "\x00<speak>a</speak>", "x" * (LONGEST_TEXT + 1)])
def test_of_a_text_with_other_problems_its_markup_is_not_told(body: str) -> None:
    assert list(markup_problems(RequestText(body, markup="ssml"), PLAIN)) == []


@pytest.mark.parametrize(
    ("contract", "spoken", "lost"),
    [
        (PLAIN, "Shivawn Nguyen moved to Los Angeles.", ["Nguyen"]),
        (SOME, "Shivawn Nguyen moved to Los Angeles.", ["Nguyen"]),
        (
            IPA,
            ('<speak><phoneme alphabet="ipa" ph="ʃɪˈvɔːn">Siobhan</phoneme> '
            '<phoneme alphabet="ipa" ph="ŋwiən">Nguyen</phoneme> moved to Los Angeles.</speak>'),
            [],
        ),
    ],
    ids=CONTRACTS,
)
def test_pronunciations_are_honoured_as_far_as_the_voice_can(contract: TextContract, spoken: str, lost: list[str]) -> None:
    told = _given("Siobhan Nguyen moved to LA.", contract, LA, NGUYEN, SIOBHAN, UNUSED)
    assert told.text == RequestText(spoken, markup="ssml" if "<" in spoken else "plain")
    assert {entry.word for entry in told.used} == {"Siobhan", "Nguyen", "LA"}
    assert [name for name in ("Siobhan", "Nguyen", "LA") if any(f"'{name}'" in one.message for one in told.warnings)] == lost
    assert _timings(told) == [(word, word) for word in ("Siobhan", "Nguyen", "moved", "to", "LA")]
    excerpt = _given("Siobhan Nguyen moved to LA.", contract, *told.used)
    assert (excerpt.text, excerpt.warnings) == (told.text, told.warnings), "the used ones alone do the same"


@pytest.mark.parametrize(
    ("contract", "spoken"),
    [
        (PLAIN, "Nguyen, Los Angeles & more in LA LA. L A, twenty"),
        (SOME, '<speak>Nguyen, Los Angeles &amp; more<break time="1s"/>in LA LA. L A, twenty</speak>'),
        (
            IPA,
            ('<speak><phoneme alphabet="ipa" ph="ŋwiən">Nguyen</phoneme>, Los Angeles &amp; more<break time="1s"/>in LA '
            '<phoneme ph="ɛl">LA</phoneme>. L A, twenty</speak>'),
        ),
    ],
    ids=CONTRACTS,
)
def test_pronunciations_reach_the_words_of_a_document_and_leave_what_says_itself_how(
    contract: TextContract, spoken: str
) -> None:
    body = (
        '<speak><emphasis>Nguyen</emphasis>, LA &amp; more<break time="1s"/>in <say-as interpret-as="characters">LA'
        '</say-as> <phoneme ph="ɛl">LA</phoneme>. <sub alias="L A">LA</sub>, <sub alias="twenty">20</sub></speak>'
    )
    told = _given(body, contract, LA, NGUYEN, Pronunciation("20", alias="never"), markup="ssml")
    assert told.text.body == spoken
    shown = [text for text, _ in _timings(told)]
    assert shown == ["Nguyen", "LA", "more", "in", "LA", "LA", "LA", "20"]
    assert sum("'Nguyen'" in warning.message for warning in told.warnings) == (contract is not IPA)


def test_an_entry_that_is_lost_in_several_places_is_one_warning() -> None:
    told = _given("<speak><s>Nguyen</s> <s>Nguyen and Nguyen</s></speak>", PLAIN, NGUYEN, markup="ssml")
    (warning,) = [one for one in told.warnings if "Nguyen" in one.message]
    assert "3 times" in warning.message


def test_a_replacement_cannot_smuggle_markup_in() -> None:
    told = _given("<speak>LA</speak>", SOME, Pronunciation("LA", alias='<break time="60s"/>&'), markup="ssml")
    assert told.text.body == '<speak>&lt;break time="60s"/&gt;&amp;</speak>'


def test_a_text_in_phonemes_takes_no_pronunciations_and_says_so() -> None:
    told = _given("h@l'oU", SOME, LA, markup="phonemes")
    assert told.text == RequestText("h@l'oU", markup="phonemes")
    assert ["written in phonemes" in warning.message for warning in told.warnings] == [True]


def test_phonemes_lead_back_and_those_of_one_word_are_joined() -> None:
    told = _given("In LA now.", PLAIN, LA)
    words = [("In", 0, "ɪn"), ("Los", 3, "lɒs"), ("Angeles", 7, "ændʒ"), ("now", 15, "naʊ")]
    document = {"words": [{"text": text, "first": at, "length": len(text), "ipa": ipa} for text, at, ipa in words]}
    assert told.documents_back({"phonemes": document})["phonemes"]["words"] == [
        {"text": "In", "first": 0, "length": 2, "ipa": "ɪn"},
        {"text": "LA", "first": 3, "length": 2, "ipa": "lɒs ændʒ"},
        {"text": "now", "first": 6, "length": 3, "ipa": "naʊ"},
    ]


def test_what_else_a_document_holds_is_kept() -> None:
    told = _given("In LA.", PLAIN, LA)
    timings = Timings(10, (TimedWord("Los", 3, 3, 4, 5),), (TimedPhoneme("l", 0, 4, 5), TimedPhoneme("", -1, 5, 6)))
    back = told.documents_back({"timings": {**timings.as_json(), "marks": [{"name": "a", "sample": 4}]}, "report": {"x": 1}})
    assert back["report"] == {"x": 1}
    assert back["timings"]["marks"] == [{"name": "a", "sample": 4}]
    assert back["timings"]["words"] == [{"text": "LA", "first": 3, "length": 2, "start": 4, "end": 5}]


@pytest.mark.parametrize(
    "words",
    [
        [{"text": "a", "first": 0, "length": 999, "start": 0, "end": 1}],       # beyond the text
        [{"text": "a", "first": -1, "length": 1, "start": 0, "end": 1}],
        [{"text": "a"}],
        "words",
        None,
    ],
)
def test_words_that_are_not_in_the_text_are_the_architectures_fault(words: Any) -> None:
    told = _given("In LA.", PLAIN, LA)
    with pytest.raises(WorkerFailed, match="not in the text"):
        told.documents_back({"timings": {"sample_rate": 10, "words": words, "phonemes": []}})
