"""A recipe inside a sound file: it comes back whole, and every other program still reads the sound."""

from __future__ import annotations

import contextlib
import struct
import time
from typing import Any

import numpy
import pytest
import soundfile

from hay_say_lab.audio.tags import FLAC_FIELD, read_recipe, tag_flac, tag_wav
from hay_say_lab.errors import InvalidRequest
from tests.audio.sounds import decoded, encoded, tone

FIELDS = {"ARTIST": "world:demo", "LICENSE": "CC0-1.0; MIT"}
RECIPES: dict[str, dict[str, Any]] = {
    "empty": {},
    "small": {"id": "r" * 64, "recipe": {"seed": 7}},
    "odd": {"a": "b"},
    "even": {"a": "bc"},
    "letters": {"text": 'Grüße "漢字" 🦜 = \n\t\0'},
    "1 MB": {"text": "ä" * 500_000},
}


def _tagged(container: str, recipe: dict[str, Any], samples: numpy.ndarray) -> bytes:
    plain = encoded(container, "PCM_16", samples)
    return tag_wav(plain, recipe) if container == "WAV" else tag_flac(plain, recipe, FIELDS)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("count", [1, 2, 4411])
@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_a_recipe_comes_back_whole_and_the_sound_is_untouched(
    container: str, count: int, recipe: dict[str, Any]
) -> None:
    samples = tone()[:count]

    tagged = _tagged(container, recipe, samples)

    assert read_recipe(tagged) == recipe
    there, rate = decoded(tagged)
    plain, _ = decoded(encoded(container, "PCM_16", samples))
    assert rate == 44_100
    assert numpy.array_equal(there, plain)


def test_a_tagged_wav_keeps_its_own_word_about_its_size() -> None:
    for recipe in RECIPES.values():
        tagged = tag_wav(encoded("WAV", "PCM_U8", tone()[:101]), recipe)
        assert struct.unpack("<I", tagged[4:8])[0] == len(tagged) - 8
        assert len(tagged) % 2 == 0


def test_chunks_of_other_programs_survive() -> None:
    plain = encoded("WAV", "PCM_16")
    foreign = b"LIST\x0e\0\0\0INFOISFT\x02\0\0\0ab" + b"bext\x03\0\0\0xyz\0"
    with_foreign = plain[:4] + struct.pack("<I", len(plain) + len(foreign) - 8) + plain[8:] + foreign

    tagged = tag_wav(with_foreign, RECIPES["small"])

    assert foreign in tagged
    assert read_recipe(tagged) == RECIPES["small"]
    assert numpy.array_equal(decoded(tagged)[0], decoded(plain)[0])


def test_blocks_of_other_programs_survive_in_a_flac() -> None:
    plain = encoded("FLAC", "PCM_16")
    assert plain[4] & 0x7F == 0, "STREAMINFO comes first"
    application = b"\x02\x00\x00\x08testDATA"
    with_foreign = plain[:42] + application + plain[42:]

    tagged = tag_flac(with_foreign, RECIPES["small"], FIELDS)

    assert application[1:] in tagged
    assert tagged[4] & 0x7F == 0, "and still does"
    assert numpy.array_equal(decoded(tagged)[0], decoded(plain)[0])


def test_players_show_who_spoke_under_which_licence(tmp_path: Any) -> None:
    (tmp_path / "a.flac").write_bytes(_tagged("FLAC", RECIPES["1 MB"], tone()))
    with soundfile.SoundFile(tmp_path / "a.flac") as file:
        assert file.artist == "world:demo"
        assert file.license == "CC0-1.0; MIT"


def test_tagging_again_replaces_the_comments_of_a_flac() -> None:
    once = _tagged("FLAC", {"number": 1}, tone())
    assert read_recipe(tag_flac(once, {"number": 2}, {})) == {"number": 2}
    assert tag_flac(once, {"number": 1}, FIELDS) == once


def test_a_recipe_that_no_flac_can_hold_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidRequest, match="WAV"):
        tag_flac(encoded("FLAC", "PCM_16"), {"text": "x" * (1 << 24)}, {})


def _wav_with(body: bytes, size: int | None = None) -> bytes:
    plain = encoded("WAV", "PCM_16", tone()[:10])
    return plain + b"hsay" + struct.pack("<I", len(body) if size is None else size) + body


def _flac_with(comments: bytes) -> bytes:
    """A FLAC whose comment block holds these bytes behind an empty vendor name."""
    body = struct.pack("<I", 0) + comments
    plain = encoded("FLAC", "PCM_16", tone()[:4410])
    return plain[:42] + b"\x04" + len(body).to_bytes(3, "big") + body + plain[42:]


def _comment(text: bytes, count: int = 1) -> bytes:
    return struct.pack("<I", count) + struct.pack("<I", len(text)) + text


HOSTILE = {
    "nothing": b"",
    "no sound": b"hello",
    "only a magic": b"RIFF",
    "only a flac magic": b"fLaC",
    "no recipe in it": encoded("WAV", "PCM_16"),
    "no recipe in the flac": encoded("FLAC", "PCM_16"),
    "another container": encoded("AIFF", "PCM_16"),
    "a chunk longer than the file": _wav_with(b'{"a":1}', 1 << 31),
    "a chunk that is cut off": _wav_with(b'{"a":1}')[:-2],
    "no JSON": _wav_with(b"{a:1}"),
    "no text": _wav_with(b"\xff\xfe{}"),
    "a list": _wav_with(b"[1]"),
    "too large": _wav_with(b'{"a":"' + b"x" * (9 << 20) + b'"}'),
    "nested beyond reading": _wav_with(b"[" * 1_000_000),
    "a number beyond reading": _wav_with(b'{"a":' + b"9" * 100_000 + b"}"),
    "ten million chunks": b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 10_000_000,
    "ten million blocks": b"fLaC" + b"\x02\0\0\0" * 10_000_000,
    "four billion comments": _flac_with(_comment(b"A=B", 0xFFFFFFFF)),
    "four billion empty comments": _flac_with(struct.pack("<I", 0xFFFFFFFF) + bytes(12 << 20)),
    "a vendor longer than the file": encoded("FLAC")[:42] + b"\x84\0\0\x08" + b"\xff" * 8,
    "a comment longer than its block": _flac_with(struct.pack("<II", 1, 0xFFFFFFFF) + f"{FLAC_FIELD}=".encode()),
    "a comment nested beyond reading": _flac_with(_comment(f"{FLAC_FIELD}=".encode() + b"[" * 1_000_000)),
    "a comment that is no JSON": _flac_with(_comment(f"{FLAC_FIELD}=hello".encode())),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_without_a_recipe_that_can_be_read_is_refused_quickly(content: bytes) -> None:
    began = time.process_time()
    with pytest.raises(InvalidRequest, match="carries no recipe"):
        read_recipe(content)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_a_file_that_is_cut_anywhere_gives_its_whole_recipe_or_a_typed_refusal(container: str) -> None:
    recipe = {"id": "r" * 64, "recipe": {"seed": 7}}
    tagged = _tagged(container, recipe, tone()[:500])
    given = 0
    for length in range(0, len(tagged), 7):
        with contextlib.suppress(InvalidRequest):
            assert read_recipe(tagged[:length]) == recipe
            given += 1
    assert given < len(tagged) // 7
