"""Arrays that lie in files: they behave like any other, leave nothing behind, and say where the disk is full."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy
import pytest

from hay_say_lab.audio import scratch
from hay_say_lab.errors import StorageFailed
from tests.audio.sounds import own_memory_kb

LONG = scratch.SHORT_BYTES // 4 + 1         # samples: one more than memory holds


def _mapped_kb() -> int:
    """Pages of files in this process's memory (Linux)."""
    return int(Path("/proc/self/status").read_text().partition("RssFile:")[2].split()[0])


@pytest.mark.parametrize("count", [0, 1, LONG - 1, LONG])
def test_room_is_writable_zeros_wherever_it_lies(count: int, tmp_path: Path) -> None:
    room = scratch.zeros(count, folder=tmp_path)
    assert room.dtype == numpy.float32
    assert room.shape == (count,)
    assert not room.any()
    room += 1.0
    assert room.sum() == count


def test_long_room_takes_no_memory_of_the_process_and_leaves_no_file(tmp_path: Path) -> None:
    before = own_memory_kb()
    with scratch.inside(tmp_path):
        room = scratch.zeros((4, 8 * LONG), "float64")
        room[:] = 1.0
    assert own_memory_kb() - before < 4 * 8 * LONG * 8 / 1024 / 10
    assert list(tmp_path.iterdir()) == []
    assert room[3, -1] == 1.0


def test_a_thousand_rooms_one_after_the_other_hold_no_files_open(tmp_path: Path) -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(1000):
        scratch.zeros(LONG, folder=tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_pages_that_were_let_go_come_back_as_they_were(tmp_path: Path) -> None:
    before = _mapped_kb()
    room = scratch.zeros(LONG, folder=tmp_path)
    room[:] = numpy.arange(LONG)
    assert _mapped_kb() - before > 4 * LONG // 1024 // 2
    scratch.let_go()
    assert _mapped_kb() - before < 4 * LONG // 1024 // 2
    assert numpy.array_equal(room, numpy.arange(LONG, dtype=numpy.float32))


@pytest.mark.parametrize("mode", ["constant", "reflect"])
@pytest.mark.parametrize("count", [3, 100, 101, LONG])
def test_padding_is_that_of_numpy(count: int, mode: str) -> None:
    samples = numpy.random.default_rng(1).standard_normal(count).astype(numpy.float32)
    expected = numpy.pad(samples, (100, 77), mode=mode)  # type: ignore[call-overload]
    assert numpy.array_equal(scratch.padded(samples, 100, 77, mode), expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, LONG - 1, 3 * LONG + 5])
def test_a_tape_gives_back_what_was_put_on_it(count: int, tmp_path: Path) -> None:
    samples = numpy.random.default_rng(1).standard_normal(count).astype(numpy.float32)
    tape = scratch.Tape(tmp_path)
    for start, end in scratch.blocks(count, LONG // 3):
        block = samples[start:end].copy()
        tape.append(block)
        block[:] = 0.0                          # whoever brings a block may use its room again
    assert numpy.array_equal(tape.samples(), samples)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="no room"):
        scratch.zeros(1 << 50, folder=tmp_path)
    with pytest.raises(StorageFailed, match="no room"):
        scratch.zeros(LONG, folder=tmp_path / "is not there")
