"""faiss `IVF,Flat` index files, read by numpy alone.

They come from strangers: every count is held against what is left of the file before anything is allocated, and the
vectors are read in the order of the lists, as they lie. Layout (little endian): facts of faiss' `index_write`, checked
on files of faiss itself.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy

from hay_say_lab.plugin import InvalidRequest

LARGEST_DIMENSION = 4096
_L2 = 1                     # the metric's number
_LARGEST_TYPE_WITHOUT_ARGUMENT = 1


@dataclass(frozen=True, slots=True, eq=False)
class VectorIndex:
    """Vectors in cells. All arrays are read-only.

    centroids (L, D) float32; vectors (N, D) float32 and ids (N,) int64 in the order of their cells; bounds (L + 1,):
    cell i holds the vectors bounds[i] to bounds[i + 1]. probes: cells that a search looks into.
    """

    centroids: numpy.ndarray
    vectors: numpy.ndarray
    ids: numpy.ndarray
    bounds: numpy.ndarray
    probes: int

    @property
    def dimension(self) -> int:
        return int(self.centroids.shape[1])

    def by_id(self) -> numpy.ndarray:
        """(N, D): the vectors in the order of their ids."""
        return self.vectors[numpy.argsort(self.ids, kind="stable")]


class _Reader:
    """A file that knows how much of it is left."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.left = size

    def take(self, count: int, what: str) -> bytes:
        if count < 0 or count > self.left:
            raise _broken(f"it says that {what} takes {count} bytes, and only {self.left} are left")
        data = self._file.read(count)
        if len(data) != count:
            raise _broken(f"it ends in the middle of {what}")
        self.left -= count
        return data

    def numbers(self, layout: str, what: str) -> tuple[int, ...]:
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}"), what))

    def array(self, dtype: str, count: int, what: str) -> numpy.ndarray:
        kind = numpy.dtype(dtype)
        return numpy.frombuffer(self.take(count * kind.itemsize, what), dtype=kind)

    def tag(self) -> bytes:
        return self.take(4, "the name of a part")


def read_index(path: Path) -> VectorIndex:
    """Raises InvalidRequest where it is no `IVF,Flat` index of L2 distances, broken, or without vectors."""
    with path.open("rb") as file:
        reader = _Reader(file, path.stat().st_size)
        tag = reader.tag()
        if tag != b"IwFl":
            raise _broken(f"it begins with {tag!r}; only 'IVF,Flat' indexes (IwFl) are read")
        dimension, total = _header(reader)
        cells, probes = reader.numbers("QQ", "the number of cells")
        centroids = _centroids(reader, dimension, cells)
        _skip_direct_map(reader)
        index = _lists(reader, dimension, cells, total, centroids, probes)
    if not len(index.ids):
        raise InvalidRequest(
            "The index holds no vectors: it is one that was trained, and never filled.",
            field="voice",
            fix="Use the file whose name begins with 'added_'.",
        )
    return index


def _header(reader: _Reader) -> tuple[int, int]:
    """(dimension, number of vectors)"""
    dimension, total, _, _, _, metric = reader.numbers("iqqqBi", "a header")
    if metric > _LARGEST_TYPE_WITHOUT_ARGUMENT:
        reader.take(4, "the metric's argument")
    if metric != _L2:
        raise _broken(f"it measures with metric {metric}; only squared distances (1) are read")
    if not 0 < dimension <= LARGEST_DIMENSION or total < 0:
        raise _broken(f"it speaks of {total} vectors of {dimension} numbers")
    return dimension, total


def _centroids(reader: _Reader, dimension: int, cells: int) -> numpy.ndarray:
    tag = reader.tag()
    if tag not in (b"IxF2", b"IxFl"):
        raise _broken(f"its cells are found by {tag!r}; only flat ones (IxF2) are read")
    inner, count = _header(reader)
    (numbers,) = reader.numbers("Q", "the number of centroids")
    if inner != dimension or count != cells or numbers != cells * dimension or not cells:
        raise _broken(f"it has {count} centroids of {inner} numbers for {cells} cells of {dimension}")
    return _finite(reader.array("<f4", numbers, "the centroids")).reshape(cells, dimension)


def _skip_direct_map(reader: _Reader) -> None:
    (kind,) = reader.numbers("B", "the direct map")
    (count,) = reader.numbers("Q", "the direct map")
    reader.take(8 * count, "the direct map")
    if kind == 2:       # a hash table instead of an array
        (pairs,) = reader.numbers("Q", "the direct map")
        reader.take(16 * pairs, "the direct map")
    elif kind not in (0, 1):
        raise _broken(f"its direct map is of the unknown kind {kind}")


def _lists(
    reader: _Reader, dimension: int, cells: int, total: int, centroids: numpy.ndarray, probes: int
) -> VectorIndex:
    tag = reader.tag()
    if tag != b"ilar":
        raise _broken(f"its lists are of the kind {tag!r}; only lists in the file (ilar) are read")
    lists, code_bytes = reader.numbers("QQ", "the lists")
    if lists != cells or code_bytes != 4 * dimension:
        raise _broken(f"it has {lists} lists of {code_bytes} bytes a vector for {cells} cells of {dimension} numbers")
    sizes = _sizes(reader, cells)
    held = sum(int(size) for size in sizes)     # in Python's integers: these come from a file
    if held != total or held * (code_bytes + 8) > reader.left:
        raise _broken(f"its lists hold {held} vectors, and it speaks of {total}")
    vectors = numpy.empty((held, dimension), dtype=numpy.float32)
    ids = numpy.empty(held, dtype=numpy.int64)
    bounds = numpy.zeros(cells + 1, dtype=numpy.int64)
    for cell, size in enumerate(sizes):
        first, last = int(bounds[cell]), int(bounds[cell] + size)
        vectors[first:last] = reader.array("<f4", int(size) * dimension, "a list").reshape(int(size), dimension)
        ids[first:last] = reader.array("<i8", int(size), "a list's ids")
        bounds[cell + 1] = last
    _finite(vectors)
    for array in (vectors, ids, bounds):
        array.flags.writeable = False
    return VectorIndex(centroids, vectors, ids, bounds, max(1, min(int(probes), cells)))


def _sizes(reader: _Reader, cells: int) -> numpy.ndarray:
    kind = reader.tag()
    (count,) = reader.numbers("Q", "the lists' sizes")
    numbers = reader.array("<u8", count, "the lists' sizes")
    if kind == b"full" and count == cells:
        return numbers
    if kind == b"sprs" and count % 2 == 0 and not (numbers[0::2] >= cells).any():
        sizes = numpy.zeros(cells, dtype=numpy.uint64)
        sizes[numbers[0::2].astype(numpy.int64)] = numbers[1::2]
        return sizes
    raise _broken(f"its lists' sizes are {count} numbers of the kind {kind!r}")


def _finite(array: numpy.ndarray) -> numpy.ndarray:
    if array.size and not math.isfinite(float(numpy.abs(array).max())):
        raise _broken("it holds numbers that are none (NaN or infinite)")
    return array


def _broken(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"The index cannot be read: {what}.", field="voice", fix="Fetch the file again, or use the voice without it."
    )
