"""The canonical file of a clip: the same samples are the same bytes, whenever they are written."""

from __future__ import annotations

import time
from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab.audio.export import export
from hay_say_lab.audio.objects import read_clip, write_clip
from hay_say_lab.audio.scratch import blocks, zeros
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest
from tests.audio.sounds import own_memory_kb, tone

RECIPE = {"voices": {"a:b": {"licence": "CC0-1.0"}}, "request": {"seed": 7}}


def test_a_clip_and_its_exports_are_the_same_bytes_a_second_later(tmp_path: Path) -> None:
    """A time of writing inside of any of them would show: both containers' clocks tick in seconds."""
    clip = Clip(tone(), 44_100)

    def written(name: str) -> tuple[bytes, bytes, bytes]:
        write_clip(tmp_path / name, clip)
        return (
            (tmp_path / name).read_bytes(),
            export(tmp_path / name, "wav", "r" * 64, RECIPE),
            export(tmp_path / name, "flac", "r" * 64, RECIPE),
        )

    first = written("one.w64")
    time.sleep(1.1)

    assert written("two.w64") == first


@pytest.mark.parametrize("sample_rate", [8000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("count", [1, 2, 3, 4001])
def test_what_is_written_is_read_to_the_last_bit(count: int, sample_rate: int, tmp_path: Path) -> None:
    samples = numpy.random.default_rng(1).uniform(-2, 2, count).astype(numpy.float32)      # beyond full scale too

    write_clip(tmp_path / "clip.w64", Clip(samples, sample_rate))
    clip = read_clip(tmp_path / "clip.w64")

    assert clip.sample_rate == sample_rate
    assert clip.samples.dtype == numpy.float32
    assert clip.samples.tobytes() == samples.tobytes()


def test_the_layout_of_the_array_in_memory_does_not_matter(tmp_path: Path) -> None:
    samples = tone()
    for name, array in {
        "plain": samples,
        "backwards and back": samples[::-1].copy()[::-1],
        "a column": numpy.stack([samples, samples], axis=1)[:, 0],
        "double": samples.astype(numpy.float64),
        "foreign byte order": samples.astype(">f4"),
    }.items():
        write_clip(tmp_path / name, Clip(array, 44_100))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_the_file_is_wave64_of_floats_without_tags(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.w64", Clip(tone(), 44_100))

    with soundfile.SoundFile(tmp_path / "clip.w64") as file:
        assert (file.format, file.subtype, file.channels) == ("W64", "FLOAT", 1)
        assert file.copy_metadata() == {}


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (numpy.zeros((10, 2), numpy.float32), "mono"),
        (numpy.zeros((1, 10), numpy.float32), "mono"),
        (numpy.zeros(0, numpy.float32), "no samples"),
        (numpy.array([0.0, numpy.nan], numpy.float32), "not numbers"),
        (numpy.array([numpy.inf], numpy.float32), "not numbers"),
        (numpy.array([-numpy.inf], numpy.float32), "not numbers"),
        (numpy.array([1e300]), "not numbers"),                  # a double that no float holds
    ],
    ids=["stereo", "lying", "empty", "nan", "inf", "-inf", "too large"],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_what_is_no_mono_sound_is_refused_and_nothing_is_written(samples: numpy.ndarray, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=said):
        write_clip(tmp_path / "clip.w64", Clip(samples, 44_100))
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_a_view_of_the_file_that_nobody_writes_to(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.w64", Clip(tone(), 44_100))
    clip = read_clip(tmp_path / "clip.w64")
    with pytest.raises(ValueError, match="read-only"):
        clip.samples[0] = 1.0
    (tmp_path / "clip.w64").unlink()
    assert numpy.array_equal(clip.samples, tone())


def test_an_hour_is_written_and_read_without_memory_of_its_own(tmp_path: Path) -> None:
    """At 8 kHz: 115 MB of samples, of which a walk over them keeps a few megabytes."""
    hour = zeros(3600 * 8000, folder=tmp_path)
    hour[:] = 0.25
    before = own_memory_kb()

    write_clip(tmp_path / "clip.w64", Clip(hour, 8000))
    samples = read_clip(tmp_path / "clip.w64").samples
    total = sum(float(samples[start:end].sum()) for start, end in blocks(len(samples)))

    assert total == 0.25 * len(hour)
    assert own_memory_kb() - before < 30_000
