"""What a take leaves in a notebook without a live player."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from html.parser import HTMLParser
from itertools import pairwise

import numpy
import pytest
import soundfile

from hay_say_lab.widgets.drawing import WIDTH, picture_png
from hay_say_lab.widgets.preview import PREVIEW_SECONDS, preview_html, preview_mp3
from hay_say_lab.widgets.show import mimebundle
from tests.widgets.sample_take import SampleTake

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
HOSTILE = "<img src=x onerror=alert(1)>\"'&</b><script>alert(2)</script>"


class Markup(HTMLParser):
    """Tags with their attributes, and all text, as a browser would read them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def data(self, tag: str) -> tuple[str, bytes]:
        """Media type and content of the one element of this kind."""
        (source,) = [attributes["src"] for name, attributes in self.tags if name == tag]
        assert source is not None
        head, _, body = source.partition(";base64,")
        return head.removeprefix("data:"), base64.b64decode(body)


def test_a_hostile_title_stays_text() -> None:
    take = SampleTake(HOSTILE)
    for source in (preview_html(take), str(mimebundle(take, headless=False)["text/html"])):
        markup = Markup(source)
        assert {tag for tag, _ in markup.tags} <= {"figure", "figcaption", "b", "br", "img", "audio", "div", "code"}
        assert not [name for _, attributes in markup.tags for name in attributes if name.startswith("on")]
        assert take.title in markup.text


def test_a_preview_tells_voices_seed_recipe_and_that_it_is_a_preview() -> None:
    take = SampleTake("Hello.", seed=2**62 + 1)
    text = Markup(preview_html(take)).text
    for part in ("Hello.", "parrot:polly \u2192 mirror:glass", f"seed {2**62 + 1}", "preview", "Recipe"):
        assert part in text


@pytest.mark.parametrize("words", [2, 24])
def test_a_preview_is_small_and_sounds_like_the_start_of_the_take(words: int) -> None:
    # given
    take = SampleTake(" ".join(["banana"] * words))
    whole = take.samples()
    # when
    source = preview_html(take)
    media_type, sound = Markup(source).data("audio")
    samples, rate = soundfile.read(io.BytesIO(sound), dtype="float32")
    # then
    assert len(source) < 200_000
    assert media_type == "audio/mpeg"
    seconds = min(PREVIEW_SECONDS, len(whole) / 44100)
    assert len(samples) / rate == pytest.approx(seconds, abs=0.15)
    start = whole[: round(seconds * 44100)]
    assert numpy.sqrt(numpy.mean(samples**2)) == pytest.approx(numpy.sqrt(numpy.mean(start**2)), rel=0.1)


@pytest.mark.parametrize("rate", [8000, 22050, 40000, 48000])
def test_a_preview_takes_every_sample_rate_and_is_the_same_each_time(rate: int) -> None:
    made = io.BytesIO()
    tone = 0.3 * numpy.sin(numpy.arange(rate * 12) * 2 * numpy.pi * 300 / rate)
    soundfile.write(made, tone, rate, format="WAV", subtype="PCM_16")
    sound = preview_mp3(made.getvalue())
    assert len(sound) < 100_000
    assert preview_mp3(made.getvalue()) == sound


def test_a_picture_is_a_png_whose_waveform_and_spectrogram_follow_the_sound() -> None:
    # given silence, then a loud word
    take = SampleTake("now")
    content = picture_png(take.picture())
    # when
    width, height, rows = _decoded(content)
    columns = list(zip(*rows, strict=True))
    heights = [sum(index == 1 for index in column) for column in columns]
    # then
    assert width == WIDTH
    assert max(heights) > 30
    assert heights[0] < 5
    assert max(index for row in rows[-80:] for index in row) == 255      # the loudest cell
    assert height == len(rows)


def test_no_column_of_the_waveform_has_a_hole() -> None:
    _, _, rows = _decoded(picture_png(SampleTake("aaaaaaaaaaaa").picture()))
    for column in zip(*rows[:72], strict=True):
        drawn = [y for y, index in enumerate(column) if index == 1]
        assert drawn
        assert all(below - above == 1 for above, below in pairwise(drawn))


def test_a_headless_take_leaves_html_and_no_widget() -> None:
    data = mimebundle(SampleTake("Hello."), headless=True)
    assert set(data) == {"text/plain", "text/html"}
    assert "<audio" in str(data["text/html"])


def test_a_live_take_shows_a_player_and_saves_no_sound() -> None:
    data = mimebundle(SampleTake("Hello."), headless=False)
    assert set(data) == {"text/plain", "text/html", WIDGET_VIEW}
    assert "audio" not in str(data["text/html"])
    assert "Hello. \u00b7 parrot:polly" in str(data["text/plain"])


def _decoded(png: bytes) -> tuple[int, int, list[bytes]]:
    """(width, height, rows of palette indices) of a PNG with one IDAT part and no filters; checks every checksum."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(png):
        (length,), kind = struct.unpack_from(">I", png, at), png[at + 4 : at + 8]
        parts[kind] = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + parts[kind]),)
        at += 12 + length
    width, height = struct.unpack_from(">II", parts[b"IHDR"])
    lines = zlib.decompress(parts[b"IDAT"])
    rows = [lines[y * (width + 1) : (y + 1) * (width + 1)] for y in range(height)]
    assert all(row[0] == 0 for row in rows)
    return width, height, [row[1:] for row in rows]
