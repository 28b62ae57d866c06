"""A file for people, made from an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.export import export
from hay_say_lab.audio.objects import write_clip
from hay_say_lab.audio.tags import read_recipe
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest
from tests.audio.sounds import decoded

RECIPE: dict[str, Any] = {
    "format": 1,
    "voices": {"b:two": {"licence": "MIT"}, "a:one": {"licence": "CC0-1.0"}, "c:three": {"licence": ""}},
}


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    samples = numpy.array([0, 0.5, -0.5, 1, -1, 1.5, -1.5, 1 / 32768, 0.4 / 32768, 0.6 / 32768, 1e-9], numpy.float32)
    write_clip(tmp_path / "clip.w64", Clip(samples, 48_000))
    return tmp_path / "clip.w64"


@pytest.mark.parametrize("file_format", ["wav", "flac"])
def test_samples_go_to_the_nearest_step_and_never_wrap_round(file_format: str, artifact: Path) -> None:
    samples, rate = decoded(export(artifact, file_format, "r" * 64, RECIPE))

    assert rate == 48_000
    assert (samples * 32768).astype(int).tolist() == [
        0, 16384, -16384, 32767, -32768, 32767, -32768, 1, 0, 1, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("file_format", ["wav", "flac"])
def test_the_recipe_and_its_id_travel_inside(file_format: str, artifact: Path) -> None:
    assert read_recipe(export(artifact, file_format, "r" * 64, RECIPE)) == {"id": "r" * 64, "recipe": RECIPE}


def test_both_formats_hold_the_same_samples(artifact: Path) -> None:
    wav, flac = (decoded(export(artifact, name, "r" * 64, RECIPE))[0] for name in ("wav", "flac"))
    assert numpy.array_equal(wav, flac)


def test_another_recipe_of_the_same_sound_is_another_file(artifact: Path) -> None:
    assert export(artifact, "flac", "r" * 64, RECIPE) != export(artifact, "flac", "s" * 64, RECIPE)


@pytest.mark.parametrize("file_format", ["aac", "WAV", "", "../wav", "exe"])
def test_a_format_that_is_not_made_is_refused_with_those_that_are(file_format: str, artifact: Path) -> None:
    with pytest.raises(InvalidRequest, match="wav, flac, ogg or mp3"):
        export(artifact, file_format, "r" * 64, RECIPE)
