"""Our list of voices and variants against the library's own, both ways."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hay_say_espeak_ng.catalogue
from hay_say_espeak_ng.catalogue import MUTE, VARIANTS, VOICES
from hay_say_espeak_ng.mnemonics import mnemonics_of
from hay_say_espeak_ng.nursery import Nursery, installed_library
from hay_say_espeak_ng.survey import rendered, says_nothing
from hay_say_espeak_ng.voices import NO_VARIANT, LibraryVariant, LibraryVoice, language_tag, slug_of, variant_of

# language, script, region, then variants of 5 to 8 letters; or private use behind x (RFC 5646)
TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{3})?(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})*(-x(-[a-z0-9]{1,8})+)?"
)

# The library changes the working directory of its process and holds its state, so it is asked in one of its own.
ASK = """
import dataclasses, json
from hay_say_espeak_ng import survey
from hay_say_espeak_ng.library import Library
from hay_say_espeak_ng.nursery import installed_library
library = Library(*installed_library())
print(json.dumps({
    "version": library.version,
    "voices": [dataclasses.astuple(voice) for voice in survey.voices_found(library)],
    "variants": [dataclasses.astuple(variant) for variant in survey.variants_found(library)],
}))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    answer = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    document = json.loads(answer.stdout)
    voices = tuple(LibraryVoice(slug, title, file, tuple(tags)) for slug, title, file, tags in document["voices"])
    variants = tuple(LibraryVariant(*fields) for fields in document["variants"])
    return {"version": document["version"], "voices": voices, "variants": variants}


def test_every_voice_of_the_library_is_offered_or_known_to_be_mute(found: dict[str, Any]) -> None:
    assert {*VOICES, *MUTE} == set(found["voices"])
    assert len(VOICES) + len(MUTE) == len(found["voices"])


def test_every_variant_of_the_library_is_offered(found: dict[str, Any]) -> None:
    assert found["variants"] == VARIANTS


def test_the_catalogue_is_what_the_survey_writes(found: dict[str, Any]) -> None:
    text = rendered(found["version"], VOICES, VARIANTS, MUTE)
    assert Path(hay_say_espeak_ng.catalogue.__file__).read_text(encoding="utf-8") == text


def test_voices_that_are_offered_speak_and_the_mute_ones_do_not() -> None:
    nursery = Nursery()
    assert [voice.slug for voice in VOICES if says_nothing(nursery, voice)] == []
    assert [voice.slug for voice in MUTE if not says_nothing(nursery, voice)] == []
    nursery.close()


def test_no_two_voices_or_variants_share_a_name() -> None:
    assert len({voice.slug for voice in (*VOICES, *MUTE)}) == len(VOICES) + len(MUTE)
    names = [NO_VARIANT, *(variant.name for variant in VARIANTS)]
    assert len(set(names)) == len(names)


def test_languages_are_tags_of_bcp_47() -> None:
    wrong = [tag for voice in VOICES for tag in voice.languages if not TAG.fullmatch(tag)]
    assert wrong == []


@pytest.mark.parametrize(
    ("file", "slug"),
    [
        ("gmw/en-US", "en-us"),
        ("gmw/en", "en"),                               # British English: the library's file has no region
        ("sit/cmn-Latn-pinyin", "cmn-latn-pinyin"),
        ("eu", "eu"),                                   # a language without a family has no folder
    ],
)
def test_a_slug_is_the_last_part_of_the_file_in_small_letters(file: str, slug: str) -> None:
    assert slug_of(file) == slug


def test_a_variants_name_has_no_space() -> None:
    assert variant_of("!v/Mr serious") == "mr-serious"


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("en-us", "en-US"),
        ("fa-latn", "fa-Latn"),
        ("es-419", "es-419"),
        ("en-gb-x-rp", "en-GB-x-rp"),                   # private use keeps its letters
        ("chr-US-Qaaa-x-west", "chr-Qaaa-US-x-west"),   # the script stands before the region
        ("ca-ba", "ca-x-balear"),                       # BA is Bosnia
        ("piqd", "tlh"),                                # a script, not a language
    ],
)
def test_a_language_name_becomes_a_tag(name: str, tag: str) -> None:
    assert language_tag(name) == tag


def test_every_voice_has_a_table_of_phonemes() -> None:
    _, folder = installed_library()
    for voice in VOICES:
        assert len(mnemonics_of(voice, folder / "espeak-ng-data").known) > 30
