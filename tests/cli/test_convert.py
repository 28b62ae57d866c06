"""A recording gets another voice from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile

from tests.cli.shell import Shell


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A second of a hum at 22.05 kHz."""
    path = tmp_path / "hum.wav"
    seconds = numpy.arange(22050) / 22050
    hum = sum(numpy.sin(2 * numpy.pi * 120 * harmonic * seconds) / harmonic for harmonic in range(1, 20))
    soundfile.write(path, 0.1 * hum, 22050)
    return path


def test_without_a_voice_the_default_one_converts_and_is_named(hay_say: Shell, recording: Path) -> None:
    ended = hay_say.json("convert", recording, "--set", "pitch_semitones=4", "--out", "higher.flac")
    assert ended.status == 0, ended.err
    assert len(ended.take["voices"]) == 1
    assert ended.take["path"] == "higher.flac"
    assert soundfile.info(hay_say.folder / "higher.flac").frames == soundfile.info(recording).frames


def test_a_setting_may_be_given_back_to_the_architecture(hay_say: Shell, recording: Path) -> None:
    take = hay_say.json("convert", recording, "--set", "formant_shift=").take
    (step,) = hay_say.json("recipe", take["recipe"]).document["recipe"]["request"]["steps"]
    assert step["settings"] == {"formant_shift": None}


def test_a_recording_is_known_again(hay_say: Shell, recording: Path) -> None:
    given = ("convert", recording, "--voice", "parrot:polly", "--set", "gain_db=-6", "--seed", "1")
    first, second = hay_say.json(*given).take, hay_say.json(*given).take
    assert first["recipe"] == second["recipe"]
    assert first["job"] != second["job"]
