"""A recipe inside OGG and MP3: it comes back whole, the sound is untouched, and no file can hang the reader."""

from __future__ import annotations

import contextlib
import io
import struct
import time
from typing import Any

import numpy
import pytest
import soundfile

from hay_say_lab.audio import id3, ogg
from hay_say_lab.audio.tags import FLAC_FIELD, read_recipe, tag_mp3, tag_ogg
from hay_say_lab.errors import InvalidRequest
from tests.audio.sounds import decoded, encoded, tone

FIELDS = {"ARTIST": "world:demo", "LICENSE": "CC0-1.0; MIT"}
TAG = {"OGG": tag_ogg, "MP3": tag_mp3}
RECIPES: dict[str, dict[str, Any]] = {
    "empty": {},
    "small": {"id": "r" * 64, "recipe": {"seed": 7}},
    "letters": {"text": 'Grüße "漢字" 🦜 = \n\t\0'},
    "1 MB": {"text": "ä" * 500_000},
    # lengths around a page's: 255 segments of 255 bytes
    **{f"{count}": {"text": "x" * count} for count in (64_700, 64_850, 64_900, 64_935, 65_025, 130_000)},
}


def _plain(container: str, samples: numpy.ndarray | None = None) -> bytes:
    return encoded(container, None, tone() if samples is None else samples)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("container", TAG)
def test_a_recipe_comes_back_whole_and_the_sound_is_untouched(container: str, recipe: dict[str, Any]) -> None:
    plain = _plain(container)

    tagged = TAG[container](plain, recipe, FIELDS)

    assert read_recipe(tagged) == recipe
    there, rate = decoded(tagged)
    assert rate == 44_100
    assert numpy.array_equal(there, decoded(plain)[0])


@pytest.mark.parametrize("container", TAG)
def test_players_show_who_spoke(container: str) -> None:
    with soundfile.SoundFile(io.BytesIO(TAG[container](_plain(container), RECIPES["small"], FIELDS))) as file:
        assert file.artist == "world:demo"


@pytest.mark.parametrize("container", TAG)
def test_tagging_again_replaces_what_was_there(container: str) -> None:
    once = TAG[container](_plain(container), {"number": 1}, FIELDS)
    assert read_recipe(TAG[container](once, {"number": 2}, {})) == {"number": 2}
    assert TAG[container](once, {"number": 1}, FIELDS) == once


def test_the_pages_of_an_ogg_are_numbered_and_summed_as_the_specification_says() -> None:
    tagged = tag_ogg(_plain("OGG"), RECIPES["1 MB"], FIELDS)
    at, numbers, serials = 0, [], set()
    while at < len(tagged):
        count = tagged[at + 26]
        end = at + 27 + count + sum(tagged[at + 27 : at + 27 + count])
        serial, number, checksum = struct.unpack_from("<III", tagged, at + 14)
        page = tagged[at : at + 22] + bytes(4) + tagged[at + 26 : end]
        if number < 3:
            assert checksum == _slow_checksum(page)
        assert checksum == ogg.checksum(page)
        numbers.append(number)
        serials.add(serial)
        at = end
    assert numbers == list(range(len(numbers)))
    assert len(serials) == 1


def _slow_checksum(page: bytes) -> int:
    """RFC 3533, bit by bit."""
    remainder = 0
    for byte in page:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1) ^ (0x04C11DB7 if remainder & 0x80000000 else 0)
            remainder &= 0xFFFFFFFF
    return remainder


def test_what_is_no_vorbis_is_not_tagged() -> None:
    for content in (b"", b"OggS", _plain("OGG")[:60], encoded("OGG", "OPUS", tone(sample_rate=48_000), 48_000), _plain("WAV")):
        with pytest.raises(InvalidRequest, match="no Ogg Vorbis"):
            tag_ogg(content, {}, {})


def _id3(body: bytes, size: int | None = None, version: int = 4, flags: int = 0) -> bytes:
    count = len(body) if size is None else size
    return b"ID3" + bytes([version, 0, flags]) + bytes(count >> shift & 0x7F for shift in (21, 14, 7, 0)) + body


def _frame(body: bytes, size: int | None = None) -> bytes:
    count = len(body) if size is None else size
    return b"TXXX" + bytes(count >> shift & 0x7F for shift in (21, 14, 7, 0)) + b"\0\0" + body


def _own(text: bytes) -> bytes:
    return b"\x03" + FLAC_FIELD.encode() + b"\0" + text


def _page(lacing: bytes, body: bytes) -> bytes:
    return ogg.Page(0, 0, 1, lacing, body).as_bytes(1, 0)


HOSTILE = {
    "only a capture pattern": b"OggS",
    "an ogg without a recipe": _plain("OGG"),
    "an opus": encoded("OGG", "OPUS", tone(sample_rate=48_000), 48_000),
    "a hundred thousand empty pages": _page(b"", b"") * 300_000,
    "a comment without end": _page(b"\x01", b"x") + _page(b"\xff" * 255, b"\x03vorbis" + bytes(65_018)) * 1_000,
    "two streams": _page(b"\x01", b"x") + ogg.Page(0, 0, 2, b"\x08", b"\x03vorbis\0").as_bytes(2, 0),
    "a comment packet of nothing": _page(b"\x01\x00", b"x"),
    "four billion comments": _page(b"\x01\x0f", b"x" + b"\x03vorbis" + struct.pack("<II", 0, 0xFFFFFFFF)),
    "a vendor longer than the file": _page(b"\x01\x0f", b"x" + b"\x03vorbis" + struct.pack("<II", 0xFFFFFFFF, 1)),
    "only ID3": b"ID3",
    "an mp3 without a tag": _plain("MP3"),
    "a tag without frames": _id3(b""),
    "a tag of padding": _id3(bytes(1_000_000)),
    "a frame longer than the tag": _id3(_frame(_own(b'{"a":1}'), 1 << 27)),
    "a tag longer than the file": _id3(_frame(b"\x03x\0y"), (1 << 28) - 1),
    "ten million frames": _id3(_frame(b"") * 10_000_000),
    "an older version": _id3(_frame(_own(b'{"a":1}')), version=3),
    "an extended header": _id3(_frame(_own(b'{"a":1}')), flags=0x40),
    "no JSON": _id3(_frame(_own(b"{a:1}"))),
    "no text": _id3(_frame(_own(b"\xff\xfe{}"))),
    "a list": _id3(_frame(_own(b"[1]"))),
    "too large": _id3(_frame(_own(b'{"a":"' + b"x" * (9 << 20) + b'"}'))),
    "nested beyond reading": _id3(_frame(_own(b"[" * 1_000_000))),
    "another encoding": _id3(_frame(b"\x01" + FLAC_FIELD.encode() + b'\0{"a":1}')),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_without_a_recipe_that_can_be_read_is_refused_quickly(content: bytes) -> None:
    began = time.process_time()
    with pytest.raises(InvalidRequest, match="carries no recipe"):
        read_recipe(content)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("container", TAG)
def test_a_file_that_is_cut_anywhere_gives_its_whole_recipe_or_a_typed_refusal(container: str) -> None:
    recipe = {"id": "r" * 64, "recipe": {"seed": 7}}
    tagged = TAG[container](_plain(container, tone()[:2000]), recipe, FIELDS)
    answers = []
    for length in range(0, len(tagged), 11):
        answer = None
        with contextlib.suppress(InvalidRequest):
            answer = read_recipe(tagged[:length])
        assert answer in (None, recipe)
        answers.append(answer)
    assert answers[0] is None
    assert answers[-1] == recipe


def test_a_recipe_that_no_mp3_can_hold_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidRequest, match="WAV"):
        id3.id3_tag({"TEXT": "x" * (1 << 28)})
