"""The runtime as a worker sees it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from hay_say_espeak_ng.catalogue import LIBRARY_VERSION
from hay_say_espeak_ng.manifest import CONTROLS
from hay_say_espeak_ng.runtime import EspeakRuntime
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.errors import VoiceMissing
from hay_say_lab.plugin import InvalidRequest, RequestText, VoiceFiles

SPOKEN = [
    ("en-us", "Hello world.", ["həlˈoʊ", "wˈɜːld"]),
    ("en", "Hello world.", ["həlˈəʊ", "wˈɜːld"]),
    ("de", "Guten Tag.", ["ɡˈuːtən", "tˈɑːk"]),
    ("fr", "Bonjour monde.", ["bɔ̃ʒˈuʁ", "mˈɔ̃d"]),
    ("es", "Hola mundo.", ["ˈola", "mˈundo"]),
    ("it", "Ciao mondo.", ["tʃˈao", "mˈondo"]),
    ("ru", "Привет мир.", ["prʲivʲˈet", "mʲˈir"]),
    ("ja", "カタカナ", ["kˌätäkˈänä"]),
]


@pytest.mark.parametrize(("voice", "text", "ipa"), SPOKEN, ids=[row[0] for row in SPOKEN])
def test_phonemes_are_the_librarys_ipa_word_by_word(say: Callable, voice: str, text: str, ipa: list[str]) -> None:
    words = say(text, voice=voice, task="phonemes").documents["phonemes"]["words"]
    assert [word["ipa"] for word in words] == ipa
    assert [text[word["first"] : word["first"] + word["length"]] for word in words] == [word["text"] for word in words]


def test_a_word_that_is_said_as_several_has_spaces_in_its_ipa(say: Callable) -> None:
    (word,) = say("$5.20", task="phonemes").documents["phonemes"]["words"]
    assert word["ipa"] == "dˈɑːlɚ fˈaɪv pɔɪnt tˈuː zˈiəɹoʊ"


def test_phonemes_of_speech_and_of_the_task_are_the_same(say: Callable) -> None:
    text = "The quick brown fox jumps over 2 lazy dogs."
    timings = say(text).documents["timings"]
    words = say(text, task="phonemes").documents["phonemes"]["words"]
    for index, word in enumerate(words):
        heard = "".join(phoneme["ipa"] for phoneme in timings["phonemes"] if phoneme["word"] == index)
        assert heard == word["ipa"].replace(" ", "")


def test_a_clip_is_float32_within_full_scale_at_22050(say: Callable) -> None:
    clip = say("Hello there.").clip
    assert clip.sample_rate == 22_050
    assert clip.samples.dtype == numpy.float32
    assert clip.samples.ndim == 1
    assert 0.1 < numpy.abs(clip.samples).max() <= 1.0
    assert numpy.array_equal(clip.samples * 32_768, numpy.round(clip.samples * 32_768))


NOTHING = ["", " ", "...", "?!", "—", "\n\n", "()", "\u200b"]


@pytest.mark.parametrize("text", NOTHING, ids=[ascii(text) for text in NOTHING])
@pytest.mark.parametrize("task", ["speak", "phonemes"])
def test_a_text_without_a_word_is_refused_with_a_way_out(say: Callable, text: str, task: str) -> None:
    with pytest.raises(InvalidRequest, match="finds no word to say") as refused:
        say(text, task=task)
    assert refused.value.problems[0].field == "text.body"
    assert refused.value.problems[0].fix.label


@pytest.mark.parametrize("letter", ["\0", "\x01", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
@pytest.mark.parametrize("markup", ["plain", "ssml", "phonemes"])
def test_control_characters_never_reach_the_library(say: Callable, letter: str, markup: str) -> None:
    body = f"<speak>a{letter}b</speak>" if markup == "ssml" else f"a{letter}b"
    with pytest.raises(InvalidRequest, match="control character") as refused:
        say(body, markup)
    assert f"U+{ord(letter):04X}" in refused.value.message


def test_tabs_and_line_ends_are_spaces(say: Callable) -> None:
    words = say("one\ttwo\r\nthree").documents["timings"]["words"]
    assert [word["text"] for word in words] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "text",
    [
        "\u0301\u0301 x",             # accents without a letter
        "\u202eabc",                  # written from the right
        "\ufeffabc",                  # a byte order mark
        "\uffff x",                   # no character at all
        "\U0010ffff x",
        "\ue03c x",                   # private use, where the library keeps its own signs
        "a\u20dd",
        "👩‍👩‍👧‍👦 x",
        "\u2028x\u2029",
    ],
    ids=ascii,
)
def test_any_unicode_is_spoken(say: Callable, text: str) -> None:
    result = say(text)
    assert result.documents["timings"]["words"][-1]["end"] <= len(result.clip.samples)


def test_a_text_that_breaks_the_library_names_the_passage(say: Callable) -> None:
    with pytest.raises(InvalidRequest, match="breaks down on this passage: '\u24dc'"):
        say("\u24dc", voice="kn")


def test_an_unknown_voice_is_missing() -> None:
    with pytest.raises(VoiceMissing, match="no voice 'xx'") as missing:
        EspeakRuntime().load(VoiceFiles("espeak_ng:xx"))
    assert missing.value.problems[0].field == "voice"


def test_a_mute_voice_is_not_offered() -> None:
    with pytest.raises(VoiceMissing):
        EspeakRuntime().load(VoiceFiles("espeak_ng:fo"))


def test_the_fingerprint_names_library_and_loader(runtime: EspeakRuntime) -> None:
    assert runtime.fingerprint() == {
        "espeak_ng": LIBRARY_VERSION,
        "espeakng_loader": importlib.metadata.version("espeakng-loader"),
    }


def test_each_piece_has_a_checkpoint_and_a_fraction_that_grows(runtime: EspeakRuntime, context: Callable) -> None:
    stage = context()
    runtime.speak("espeak_ng:en-us", RequestText("Glue the sheet. " * 200), with_defaults(CONTROLS, {}), stage)
    fractions = [fraction for fraction, _ in stage.checkpoints]
    assert len(fractions) > 4
    assert fractions == sorted(fractions)
    assert 0.0 == fractions[0] < fractions[-1] <= 1.0
    assert stage.checkpoints[1][1].startswith("piece 2 of ")


def test_a_voice_that_is_let_go_and_loaded_again_speaks_the_same(context: Callable) -> None:
    runtime = EspeakRuntime()
    request: tuple[Any, ...] = ("espeak_ng:de", RequestText("Guten Tag."), with_defaults(CONTROLS, {}))
    runtime.load(VoiceFiles("espeak_ng:de"))
    before = runtime.speak(*request, context("before")).clip.samples
    runtime.unload("espeak_ng:de")
    runtime.load(VoiceFiles("espeak_ng:de"))
    assert numpy.array_equal(before, runtime.speak(*request, context("after")).clip.samples)
    runtime.close()
