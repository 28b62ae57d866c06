"""Numbers from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile

from tests.cli.shell import Shell


@pytest.fixture
def hum(tmp_path: Path) -> Path:
    path = tmp_path / "hum.wav"
    seconds = numpy.arange(16_000) / 16_000
    soundfile.write(path, 0.1 * numpy.sin(2 * numpy.pi * 120 * seconds) + 0.05 * numpy.sin(2 * numpy.pi * 240 * seconds), 16_000)
    return path


def test_a_file_is_measured_and_told_in_lines_with_units(hay_say: Shell, hum: Path) -> None:
    ended = hay_say("measure", hum)
    assert ended.status == 0, ended.err
    assert "LUFS" in ended.out
    assert "Pitch contour, median hz" in ended.out


def test_programs_get_numbers_and_the_contour_as_lists(hay_say: Shell, hum: Path) -> None:
    document = hay_say.json("measure", hum, "--measure", "f0", "--measure", "lufs", "--f0", "dio").document
    f0 = document["values"]["f0"]
    assert len(f0["seconds"]) == len(f0["hz"]) == len(f0["confidence"]) == 201
    assert f0["median_hz"] == pytest.approx(120, abs=1)
    assert document["f0_method"] == "dio"


def test_a_take_is_held_against_its_source_by_its_job(hay_say: Shell, hum: Path) -> None:
    converted = hay_say.json("convert", hum, "--voice", "parrot:polly", "--set", "gain_db=-6")
    source = converted.document["source_report"]
    measured = hay_say.json("measure", converted.take["job"], "--against", hum, "--measure", "level_difference_lu")
    assert measured.document["values"]["level_difference_lu"] == pytest.approx(-6, abs=0.1)
    assert source["seconds"] == 1.0


def test_a_conversion_tells_what_was_converted(hay_say: Shell, hum: Path) -> None:
    told = hay_say("convert", hum, "--voice", "parrot:polly").out.splitlines()
    assert told[1].startswith("source: 1.00 s at 16 kHz, -")


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (("hum.wav", "--measure", "beauty", "--f0", "ears"), {"measures.0", "f0_method"}),
        (("hum.wav", "--measure", "f0_error"), {"against"}),
        (("nowhere.wav",), {"clip"}),
        (("0" * 64,), {"clip"}),
    ],
    ids=["no such measure", "nothing to hold it against", "no such file", "no such clip"],
)
def test_what_cannot_be_measured_says_why(words: tuple[str, ...], fields: set[str], hay_say: Shell, hum: Path) -> None:
    ended = hay_say.json("measure", *words)
    assert ended.status != 0
    assert ended.fields == fields


def test_a_recording_is_drawn_with_its_pitch(hay_say: Shell, hum: Path) -> None:
    drawn = hay_say.json("picture", hum, "--out", "hum.svg", "--f0", "dio")
    assert drawn.document == {"path": "hum.svg", "f0_method": "dio"}
    assert "f0 by dio" in (hay_say.folder / "hum.svg").read_text()


def test_a_picture_that_cannot_be_drawn_is_refused_before_anything_is_measured(hay_say: Shell, hum: Path) -> None:
    assert hay_say.json("picture", hum, "--out", "hum.gif").fields == {"out"}
    assert hay_say.json("picture", hum, "--out", "hum.svg", "--f0", "ears").fields == {"f0_method"}
    assert not (hay_say.folder / "hum.svg").exists()


def test_a_recording_that_was_sent_is_taken_back_by_its_file(hay_say: Shell, tmp_path: Path) -> None:
    path = tmp_path / "mine.wav"
    soundfile.write(path, 0.1 * numpy.sin(numpy.arange(8000)), 16_000)
    assert hay_say("measure", path).status == 0
    removed = hay_say("storage", "remove-clip", path)
    assert (removed.status, removed.out.strip()) == (0, "removed mine.wav")
    again = hay_say("storage", "remove-clip", path)
    assert again.status != 0
    assert "not held" in again.err or "not been sent" in again.err
