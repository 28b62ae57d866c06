"""Exports in every format and depth: other programs read them, and hear the same."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile

from hay_say_lab.audio.export import BIT_DEPTHS, MEDIA_TYPES, export
from hay_say_lab.audio.objects import write_clip
from hay_say_lab.audio.tags import read_recipe
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest
from tests.audio.sounds import decoded, tone

RECIPE: dict[str, Any] = {"format": 1, "text": 'Grüße "漢字" 🦜\0', "voices": {"a:one": {"licence": "CC0-1.0"}}}
RECIPE_ID = "ab" * 32
MADE = [(name, depth) for name, depths in BIT_DEPTHS.items() for depth in depths or (None,)]


def _artifact(folder: Path, samples: numpy.ndarray, sample_rate: int = 44_100) -> Path:
    path = folder / "clip.w64"
    write_clip(path, Clip(samples.astype(numpy.float32), sample_rate))
    return path


@pytest.mark.parametrize(("file_format", "depth"), MADE)
def test_what_is_made_is_what_was_asked_for(file_format: str, depth: int | None, tmp_path: Path) -> None:
    content = export(_artifact(tmp_path, tone()), file_format, RECIPE_ID, RECIPE, depth)
    with soundfile.SoundFile(io.BytesIO(content)) as file:
        assert file.format == file_format.upper()
        assert (file.channels, file.samplerate, file.frames) == (1, 44_100, 22_050)
        names = {16: "PCM_16", 24: "PCM_24", 32: "FLOAT", None: {"ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}.get(file_format)}
        assert file.subtype == names[depth]


@pytest.mark.parametrize(("file_format", "depth"), [("wav", 16), ("wav", 24), ("flac", 16), ("flac", 24)])
def test_whole_numbers_are_the_nearest_ones_and_never_wrap_round(
    file_format: str, depth: int, tmp_path: Path
) -> None:
    full = 2 ** (depth - 1)
    samples = numpy.array([0, 0.5, -0.5, 1, -1, 1.5, -1.5, 1 / full, 0.4 / full, 0.6 / full, 1e-12])
    content = export(_artifact(tmp_path, samples), file_format, RECIPE_ID, RECIPE, depth)
    steps, _ = soundfile.read(io.BytesIO(content), dtype="int32")
    assert (steps >> (32 - depth)).tolist() == [
        0, full // 2, -full // 2, full - 1, -full, full - 1, -full, 1, 0, 1, 0,
    ]  # fmt: skip


def test_a_float_wav_holds_the_clips_own_samples() -> None:
    import tempfile

    samples = (3.0 * tone()).astype(numpy.float32)              # beyond full scale, too
    with tempfile.TemporaryDirectory() as folder:
        content = export(_artifact(Path(folder), samples), "wav", RECIPE_ID, RECIPE, 32)
    assert numpy.array_equal(decoded(content)[0], samples)
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    assert b"PEAK" not in content, "libsndfile notes the time there"


@pytest.mark.parametrize(("file_format", "loss_db"), [("ogg", -22.0), ("mp3", -22.0)])
def test_lossy_formats_sound_like_the_clip(file_format: str, loss_db: float, tmp_path: Path) -> None:
    samples = tone()
    heard, _ = decoded(export(_artifact(tmp_path, samples), file_format, RECIPE_ID, RECIPE))
    middle = slice(2_000, -2_000)
    assert 20 * numpy.log10((heard - samples)[middle].std() / samples[middle].std()) < loss_db


@pytest.mark.parametrize("file_format", ["ogg", "mp3"])
def test_lossy_formats_take_samples_beyond_full_scale(file_format: str, tmp_path: Path) -> None:
    heard, _ = decoded(export(_artifact(tmp_path, 100.0 * tone()), file_format, RECIPE_ID, RECIPE))
    assert 0.9 < numpy.abs(heard).max() < 1.6


@pytest.mark.parametrize("sample_rate", [8_000, 11_111, 16_000, 24_000, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("file_format", MEDIA_TYPES)
@pytest.mark.parametrize("count", [1, 2, 50, 4_410])
def test_any_rate_and_length_is_exported_with_its_recipe(
    file_format: str, sample_rate: int, count: int, tmp_path: Path
) -> None:
    content = export(_artifact(tmp_path, tone()[:count], sample_rate), file_format, RECIPE_ID, RECIPE)
    samples, rate = decoded(content)
    assert read_recipe(content) == {"id": RECIPE_ID, "recipe": RECIPE}
    if file_format == "mp3":
        assert rate in (8_000, 12_000, 16_000, 24_000, 48_000)
        assert len(samples) == max(1, round(count * rate / sample_rate))
    else:
        assert (len(samples), rate) == (count, sample_rate)


def test_a_minute_is_no_problem_for_any_encoder(tmp_path: Path) -> None:
    artifact = _artifact(tmp_path, tone(60.0, sample_rate=16_000), 16_000)
    for file_format in MEDIA_TYPES:
        assert len(decoded(export(artifact, file_format, RECIPE_ID, RECIPE))[0]) == 960_000


@pytest.mark.parametrize(
    ("file_format", "depth", "fix"),
    [("wav", 8, "16 or 24 or 32"), ("flac", 32, "16 or 24"), ("ogg", 16, "no bit depth"), ("mp3", 24, "no bit depth")],
)
def test_a_depth_that_a_format_has_not_is_refused_with_those_it_has(
    file_format: str, depth: int, fix: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequest, match=fix) as refused:
        export(_artifact(tmp_path, tone()), file_format, RECIPE_ID, RECIPE, depth)
    assert refused.value.problems[0].field == "bit_depth"


def test_the_depth_that_nobody_asked_for_is_16(tmp_path: Path) -> None:
    artifact = _artifact(tmp_path, tone())
    for file_format in ("wav", "flac"):
        assert export(artifact, file_format, RECIPE_ID, RECIPE) == export(artifact, file_format, RECIPE_ID, RECIPE, 16)
