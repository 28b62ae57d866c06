"""Pictures of clips as files: an SVG by our own hand, a PNG by matplotlib."""

from __future__ import annotations

import base64
import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy
import pytest

from hay_say_lab.audio.picture import picture_of
from hay_say_lab.client.measures import PitchContour
from hay_say_lab.client.pictures import save_picture
from hay_say_lab.client.png import indexed_png, ramp
from hay_say_lab.client.svg import GAP, LEFT, RIGHT, SPECTRUM, TITLE, WAVE, WIDTH, svg_of
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest

SVG = "{http://www.w3.org/2000/svg}"


def picture(seconds: float = 2.0) -> dict[str, object]:
    moments = numpy.arange(round(seconds * 16_000)) / 16_000
    return picture_of(Clip((0.5 * numpy.sin(2 * numpy.pi * 440 * moments)).astype(numpy.float32), 16_000))


def steady(hertz: float, frames: int = 401) -> PitchContour:
    ones = numpy.ones(frames, numpy.float32)
    return PitchContour("dio", numpy.arange(frames) / 200.0, hertz * ones, ones, 1.0, hertz, hertz, hertz)


def test_an_svg_holds_waveform_spectrogram_and_axes() -> None:
    root = ET.fromstring(svg_of(picture(), "A <tone> & more"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == "A <tone> & more"
    assert {"8 kHz", "1 kHz", "seconds", "0", "2"} & set(texts) >= {"1 kHz", "seconds", "0", "2"}
    (image,) = root.iter(f"{SVG}image")
    assert base64.b64decode(image.attrib["href"].partition(",")[2]).startswith(b"\x89PNG")


def test_a_pitch_lies_where_its_scale_says() -> None:
    """200 Hz is the middle of four octaves from 50 Hz."""
    root = ET.fromstring(svg_of(picture(), "tone", steady(200.0)))
    line = next(path.attrib["d"] for path in root.iter(f"{SVG}path") if path.attrib.get("stroke") == "#7df9ff")
    places = [tuple(map(float, place)) for place in re.findall(r"[ML]([\d.]+),([\d.]+)", line)]
    top = TITLE + WAVE + GAP
    assert {y for _, y in places} == {top + SPECTRUM / 2}
    assert (places[0][0], places[-1][0]) == (LEFT, WIDTH - RIGHT)


def test_the_same_picture_is_the_same_bytes() -> None:
    assert svg_of(picture(), "tone", steady(120.0)) == svg_of(picture(), "tone", steady(120.0))


@pytest.mark.parametrize("seconds", [1 / 16_000, 0.01, 600.0])
def test_any_length_can_be_drawn_with_few_ticks(seconds: float) -> None:
    root = ET.fromstring(svg_of(picture(seconds), "tone"))
    assert len(list(root.iter(f"{SVG}text"))) < 30


@pytest.mark.parametrize("ending", [".svg", ".PNG"])
def test_the_names_ending_chooses_the_format(ending: str, tmp_path: Path) -> None:
    path = save_picture(tmp_path / f"tone{ending}", picture(0.2), "tone", steady(120.0, 41))
    assert path.read_bytes()[:5] in (b"<svg ", b"\x89PNG\r")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_another_ending_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        save_picture(tmp_path / "tone.gif", picture(0.2), "tone")
    assert not list(tmp_path.iterdir())


def test_a_png_of_our_own_reads_back_as_it_was_drawn() -> None:
    from io import BytesIO

    from matplotlib.image import imread

    rows = [bytes([0, 255]), bytes([255, 0])]
    image = imread(BytesIO(indexed_png(rows, ramp(256))), format="png")
    assert numpy.rint(image[..., :3] * 255).astype(int).tolist()[0] == [list(ramp(256)[0]), list(ramp(256)[255])]


def test_the_ramp_rises_evenly_in_lightness() -> None:
    lightness = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in ramp(64)]
    assert all(after > before for before, after in itertools.pairwise(lightness))
