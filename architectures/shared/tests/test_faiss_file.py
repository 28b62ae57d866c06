"""Index files of faiss, and of people who mean no good."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy
import pytest

from hay_say_lab.plugin import InvalidRequest
from hay_say_shared.faiss_file import read_index

DIMENSION = 6
CASE = Path(__file__).parents[3] / "tests/parity/rvc/index_v1/added_IVF6_Flat_nprobe_1_case_v1.index"


def header(total: int, dimension: int = DIMENSION, metric: int = 1) -> bytes:
    return struct.pack("<iqqqBi", dimension, total, 1 << 20, 1 << 20, 1, metric)


def index_file(
    lists: list[numpy.ndarray], *, centroids: numpy.ndarray | None = None, sparse: bool = False, total: int | None = None,
    dimension: int = DIMENSION,
) -> bytes:  # fmt: skip
    """An `IVF,Flat` file with these vectors in its cells; ids count from 0."""
    cells = len(lists)
    middles = numpy.zeros((cells, DIMENSION), "<f4") if centroids is None else centroids.astype("<f4")
    sizes = numpy.array([len(held) for held in lists], "<u8")
    parts = [b"IwFl", header(int(sizes.sum()) if total is None else total, dimension), struct.pack("<QQ", cells, 1)]
    parts += [b"IxF2", header(cells), struct.pack("<Q", middles.size), middles.tobytes(), struct.pack("<BQ", 0, 0)]
    parts += [b"ilar", struct.pack("<QQ", cells, 4 * DIMENSION)]
    if sparse:
        filled = numpy.flatnonzero(sizes)
        pairs = numpy.stack([filled.astype("<u8"), sizes[filled]], axis=1).ravel()
        parts += [b"sprs", struct.pack("<Q", len(pairs)), pairs.tobytes()]
    else:
        parts += [b"full", struct.pack("<Q", cells), sizes.tobytes()]
    first = 0
    for held in lists:
        parts += [held.astype("<f4").tobytes(), numpy.arange(first, first + len(held), dtype="<i8").tobytes()]
        first += len(held)
    return b"".join(parts)


def some(count: int, seed: int = 1) -> numpy.ndarray:
    return numpy.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(numpy.float32)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "added.index"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("sparse", [False, True])
def test_vectors_lie_in_their_cells(tmp_path: Path, sparse: bool) -> None:
    lists = [some(3), some(0), some(2, 2)]
    index = read_index(written(tmp_path, index_file(lists, sparse=sparse)))
    assert index.bounds.tolist() == [0, 3, 3, 5]
    assert numpy.array_equal(index.vectors, numpy.concatenate(lists))
    assert numpy.array_equal(index.by_id(), numpy.concatenate(lists))
    assert index.ids.tolist() == [0, 1, 2, 3, 4]


def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = index_file([some(2), some(1, 2)])
    for length in range(len(whole)):
        with pytest.raises(InvalidRequest):
            read_index(written(tmp_path, whole[:length]))
    assert len(read_index(written(tmp_path, whole)).ids) == 3


def test_a_number_that_is_too_large_anywhere_costs_no_memory(tmp_path: Path) -> None:
    """Eight bytes at every second place become huge numbers: the file is refused, or read without taking more than it holds."""
    whole = index_file([some(2), some(1, 2)])
    for place in range(0, len(whole) - 8, 2):
        for huge in (b"\xff" * 8, b"\xff" * 7 + b"\x7f", struct.pack("<Q", 1 << 40)):
            data = whole[:place] + huge + whole[place + 8 :]
            try:
                index = read_index(written(tmp_path, data))
            except InvalidRequest:
                continue
            assert index.vectors.nbytes <= len(whole)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (index_file([some(0), some(0)]), "no vectors"),
        (b"IxF2" + index_file([some(1)])[4:], "only 'IVF,Flat'"),
        (index_file([some(1)], total=9), "hold 1 vectors"),
        (index_file([some(1)], dimension=7), "centroids of 6 numbers"),
        (index_file([numpy.full((1, DIMENSION), numpy.nan)]), "NaN"),
        (b"", "only 0 are left"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_a_way_out(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_index(written(tmp_path, data))
    assert words in refused.value.message
    assert refused.value.problems[0].fix.label


def test_a_file_of_faiss_itself_is_read() -> None:
    index = read_index(CASE)
    assert (index.dimension, len(index.ids), index.probes) == (256, 240, 1)
    assert sorted(index.ids.tolist()) == list(range(240))
