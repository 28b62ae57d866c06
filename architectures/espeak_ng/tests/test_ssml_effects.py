"""Each SSML element that the manifest promises is heard."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy
import pytest

from hay_say_lab.plugin import InvalidRequest

RATE = 22_050


@pytest.fixture
def document(say: Callable) -> Callable[[str], Any]:
    return lambda content: say(f"<speak>{content}</speak>", "ssml")


def words(result: Any) -> list[str]:
    return [word["text"] for word in result.documents["timings"]["words"]]


def word_samples(result: Any, text: str) -> numpy.ndarray:
    word = next(word for word in result.documents["timings"]["words"] if word["text"] == text)
    return result.clip.samples[word["start"] : word["end"]]


def pauses(result: Any) -> list[float]:
    """Seconds of each pause between sounds."""
    phonemes = result.documents["timings"]["phonemes"]
    return [(p["end"] - p["start"]) / RATE for p in phonemes[:-1] if not p["ipa"]]


def level(samples: numpy.ndarray) -> float:
    return float(numpy.sqrt(numpy.mean(samples**2)))


def test_speak_alone_says_what_plain_text_says(document: Callable, say: Callable) -> None:
    assert numpy.array_equal(document("One &amp; two.").clip.samples, say("One & two.").clip.samples)


@pytest.mark.parametrize(("asked", "seconds"), [("250ms", 0.25), ("1.5s", 1.5), ("30s", 30.0)])
def test_a_break_is_as_long_as_it_says(document: Callable, asked: str, seconds: float) -> None:
    result = document(f'one <break time="{asked}"/> two')
    assert max(pauses(result)) == pytest.approx(seconds, abs=0.02)
    assert max(pauses(document(f'<prosody rate="x-fast">one <break time="{asked}"/> two</prosody>'))) == pytest.approx(
        seconds, abs=0.02
    )


def test_stronger_breaks_are_longer(document: Callable) -> None:
    longest = [
        max(pauses(document(f'one<break strength="{strength}"/>two')))
        for strength in ("x-weak", "weak", "medium", "strong", "x-strong")
    ]
    assert longest == sorted(longest)
    assert longest[0] == pytest.approx(0.075, abs=0.02)
    assert longest[-1] == pytest.approx(1.0, abs=0.02)


def test_breaks_at_the_ends_are_silence_at_the_ends(document: Callable) -> None:
    result = document('<break time="1s"/>one<break time="2s"/>')
    assert not result.clip.samples[:RATE].any()
    assert not result.clip.samples[-2 * RATE :].any()
    assert result.documents["timings"]["words"][0]["start"] >= RATE


def test_sentences_and_paragraphs_pause(document: Callable) -> None:
    none, sentence, paragraph = (
        document(content).clip.seconds for content in ("one two", "<s>one</s><s>two</s>", "<p>one</p><p>two</p>")
    )
    assert none + 0.2 < sentence
    assert sentence + 0.1 < paragraph


def test_a_faster_rate_shortens_the_words_within(document: Callable) -> None:
    result = document('<prosody rate="200%">seven</prosody> eleven')
    plain = document("seven eleven")
    assert len(word_samples(result, "seven")) < 0.7 * len(word_samples(plain, "seven"))
    assert len(word_samples(result, "eleven")) == pytest.approx(len(word_samples(plain, "eleven")), rel=0.1)


@pytest.mark.parametrize("semitones", [-4, 4])
def test_pitch_moves_by_semitones(document: Callable, median_pitch_hz: Callable, semitones: int) -> None:
    text = "The birch canoe slid on the smooth planks, and the juice of lemons makes fine punch."
    moved = median_pitch_hz(document(f'<prosody pitch="{semitones:+d}st">{text}</prosody>').clip)
    assert 12 * numpy.log2(moved / median_pitch_hz(document(text).clip)) == pytest.approx(semitones, abs=0.5)


def test_range_flattens_the_melody(document: Callable, pitch_track_hz: Callable) -> None:
    text = "The birch canoe slid on the smooth planks, and the juice of lemons makes fine punch."
    flat, plain, wide = (
        numpy.ptp(numpy.percentile(pitch_track_hz(document(content).clip), [5, 95]))
        for content in (
            f'<prosody range="x-low">{text}</prosody>', text, f'<prosody range="x-high">{text}</prosody>'
        )
    )   # fmt: skip
    assert flat < plain < wide


def test_volume_changes_the_level_of_the_words_within(document: Callable) -> None:
    result = document('seven <prosody volume="-12dB">eleven</prosody> seven')
    plain = document("seven eleven seven")
    assert level(word_samples(result, "eleven")) == pytest.approx(level(word_samples(plain, "eleven")) / 4, rel=0.25)
    assert level(word_samples(result, "seven")) == pytest.approx(level(word_samples(plain, "seven")), rel=0.1)


def test_emphasis_raises_the_level_step_by_step(document: Callable) -> None:
    levels = [
        level(word_samples(document(f'one <emphasis level="{name}">two</emphasis> three'), "two"))
        for name in ("reduced", "moderate", "strong", "x-strong")
    ]
    assert all(louder > 1.15 * softer for softer, louder in pairwise(levels))


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("characters", "cat", "siːeɪtiː"),
        ("spell-out", "cat", "siːeɪtiː"),
        ("digits", "12", "wʌntuː"),             # and not twelve
        ("telephone", "55", "faɪvfaɪv"),
    ],
)
def test_say_as_spells(say: Callable, kind: str, text: str, said: str) -> None:
    body = f'<speak><say-as interpret-as="{kind}">{text}</say-as></speak>'
    (spelled,) = say(body, "ssml", task="phonemes").documents["phonemes"]["words"]
    (plain,) = say(text, task="phonemes").documents["phonemes"]["words"]
    assert spelled["ipa"].replace("ˈ", "").replace("ˌ", "") == said
    assert spelled["ipa"] != plain["ipa"]


def test_spelling_ends_with_its_element(document: Callable) -> None:
    assert words(document('<say-as interpret-as="characters">a.b</say-as> cat. Dog')) == ["a.b", "cat", "Dog"]
    plain, after = document("x cat"), document('<say-as interpret-as="characters">x</say-as> cat')
    assert len(word_samples(after, "cat")) == pytest.approx(len(word_samples(plain, "cat")), rel=0.15)


def test_sub_says_the_alias_and_tells_the_word_as_written(say: Callable) -> None:
    body = '<speak>the <sub alias="World Wide Web">WWW</sub> now</speak>'
    result = say(body, "ssml")
    assert words(result) == ["the", "WWW", "now"]
    told = result.documents["timings"]["words"][1]
    assert body[told["first"] : told["first"] + told["length"]] == "WWW"
    (alias,) = say('<speak><sub alias="World Wide Web">WWW</sub></speak>', "ssml", task="phonemes").documents[
        "phonemes"
    ]["words"]
    assert len(alias["ipa"].split()) == 3


def test_phoneme_says_the_mnemonics_and_tells_the_word_as_written(say: Callable) -> None:
    body = "<speak><phoneme alphabet=\"espeak\" ph=\"b'A:bi\">Barbie</phoneme></speak>"
    (word,) = say(body, "ssml", task="phonemes").documents["phonemes"]["words"]
    assert (word["text"], word["ipa"]) == ("Barbie", "bˈɑːbi")


def test_marks_are_told_with_the_sample_where_what_follows_begins(document: Callable) -> None:
    result = document(
        '<mark name="start"/>One <mark name="second"/>two. <mark name="next"/>Three<mark name="before"/>'
        '<break time="1s"/><mark name="behind"/>four <mark name="end"/>'
    )
    marks = {mark["name"]: mark["sample"] for mark in result.documents["timings"]["marks"]}
    one, two, three, four = result.documents["timings"]["words"]
    assert [marks["start"], marks["second"]] == [one["start"], two["start"]]
    assert marks["next"] == three["start"]          # behind a full stop, where the library itself loses it
    assert three["end"] <= marks["before"] < marks["behind"] - 0.99 * RATE
    assert marks["behind"] == four["start"]
    assert four["end"] <= marks["end"] <= len(result.clip.samples)


def test_words_point_into_the_body_with_its_tags(say: Callable) -> None:
    body = '<speak><p>AT&amp;T <emphasis>is</emphasis> un<prosody rate="fast">believ</prosody>able</p></speak>'
    result = say(body, "ssml")
    told = result.documents["timings"]["words"]
    assert [body[word["first"] : word["first"] + word["length"]] for word in told] == [
        "AT&amp;T",
        "is",
        'un<prosody rate="fast">believ</prosody>able',
    ]
    assert words(result) == ["AT&T", "is", "unbelievable"]


def test_brackets_in_text_never_become_mnemonics(say: Callable) -> None:
    body = "<speak><phoneme ph=\"h@l'oU\">hello</phoneme> [[aa]] there</speak>"
    told = say(body, "ssml", task="phonemes").documents["phonemes"]["words"]
    plain = say("aa", task="phonemes").documents["phonemes"]["words"]
    assert [word["ipa"] for word in told if word["text"] == "aa"] == [plain[0]["ipa"]]


def test_a_document_of_pauses_alone_is_refused(document: Callable) -> None:
    with pytest.raises(InvalidRequest, match="finds no word to say"):
        document('<break time="1s"/>')


def test_a_long_document_is_told_to_the_end(document: Callable) -> None:
    result = document("<s>The birch canoe slid on the smooth planks.</s>" * 30)
    assert len(words(result)) == 30 * 8
