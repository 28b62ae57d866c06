"""Content features drawn towards those of the training voice: the nearest vectors of an index, blended in.

T frames of D numbers, 50 a second. Beyond upstream: a frame that is a vector of the index takes it (instead of NaN), and
a frame whose nearest cell is empty looks into the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy

from hay_say_lab.plugin import InvalidRequest
from hay_say_shared.faiss_file import VectorIndex

NEIGHBOURS = 8
LEAST_DISTANCE = 1e-9       # squared; upstream divides by it
NOBODY = -1                 # the id of a neighbour that is not there
_MORE = 8                   # candidates beyond the neighbours, before distances are taken again without cancellation
_BLOCK = 1024               # frames in work at once


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The neighbours of T frames, nearest first: rows of `VectorIndex.vectors`, ids, squared distances, all (T, 8).

    Where a frame has fewer than eight, the others have row and id -1 and an infinite distance.
    """

    rows: numpy.ndarray
    ids: numpy.ndarray
    distances: numpy.ndarray


def search(index: VectorIndex, features: numpy.ndarray) -> Found:
    """features (T, D) float32 -> their nearest vectors in the `probes` nearest cells that are not empty."""
    if features.shape[1] != index.dimension:
        raise InvalidRequest(
            f"The index has vectors of {index.dimension} numbers; this voice has features of {features.shape[1]}.",
            field="voice",
            fix="Use the index that was made with this voice, or set the index ratio to 0.",
        )
    filled = numpy.flatnonzero(numpy.diff(index.bounds))
    frames = len(features)
    rows = numpy.full((frames, NEIGHBOURS), NOBODY, dtype=numpy.int64)
    distances = numpy.full((frames, NEIGHBOURS), numpy.inf, dtype=numpy.float32)
    for first in range(0, frames, _BLOCK):
        part = features[first : first + _BLOCK]
        cells = filled[_nearest(part, index.centroids[filled], min(index.probes, len(filled)))]     # (B, probes)
        for frames_of_cell, candidates in _by_cells(index, cells):
            _into(rows, distances, first + frames_of_cell, candidates, part[frames_of_cell], index.vectors)
    ids = numpy.where(rows == NOBODY, NOBODY, index.ids[rows])
    return Found(rows, ids, distances)


def _nearest(points: numpy.ndarray, places: numpy.ndarray, count: int) -> numpy.ndarray:
    """(B, count): the numbers of the places (L, D) that are nearest to each point (B, D), nearest first."""
    apart = (places**2).sum(axis=1)[None, :] - 2.0 * points @ places.T
    if count == 1:
        return apart.argmin(axis=1)[:, None]
    return numpy.argsort(apart, axis=1, kind="stable")[:, :count]


def _by_cells(index: VectorIndex, cells: numpy.ndarray) -> list[tuple[numpy.ndarray, numpy.ndarray]]:
    """(frames that look into the same cells, rows of the vectors there)"""
    same, which = numpy.unique(cells, axis=0, return_inverse=True)
    order = numpy.argsort(which.ravel(), kind="stable")
    parts = numpy.split(order, numpy.cumsum(numpy.bincount(which.ravel(), minlength=len(same)))[:-1])
    return [
        (frames, numpy.concatenate([numpy.arange(index.bounds[cell], index.bounds[cell + 1]) for cell in row]))
        for frames, row in zip(parts, same, strict=True)
    ]


def _into(
    rows: numpy.ndarray, distances: numpy.ndarray, places: numpy.ndarray, candidates: numpy.ndarray,
    points: numpy.ndarray, vectors: numpy.ndarray,
) -> None:  # fmt: skip
    """Write the neighbours of points (B, D) among the candidate rows into both tables, at `places`."""
    held = vectors[candidates]
    if len(candidates) > NEIGHBOURS + _MORE:
        rough = (held**2).sum(axis=1)[None, :] - 2.0 * points @ held.T
        near = numpy.argpartition(rough, NEIGHBOURS + _MORE, axis=1)[:, : NEIGHBOURS + _MORE]
    else:
        near = numpy.broadcast_to(numpy.arange(len(candidates)), (len(points), len(candidates)))
    apart = ((held[near] - points[:, None, :]) ** 2).sum(axis=2)
    order = numpy.argsort(apart, axis=1, kind="stable")[:, :NEIGHBOURS]
    count = order.shape[1]
    rows[places, :count] = candidates[numpy.take_along_axis(near, order, axis=1)]
    distances[places, :count] = numpy.take_along_axis(apart, order, axis=1)


def retrieved(index: VectorIndex, found: Found) -> numpy.ndarray:
    """(T, D) float32: the mean of the neighbours, weighted by the square of one over their squared distance."""
    weights = (1.0 / numpy.maximum(found.distances.astype(numpy.float64), LEAST_DISTANCE)) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    made = numpy.empty((len(found.rows), index.dimension), dtype=numpy.float32)
    for first in range(0, len(made), _BLOCK):
        part = slice(first, first + _BLOCK)
        made[part] = (index.vectors[found.rows[part]] * weights[part, :, None]).sum(axis=1)
    return made


def blend(features: numpy.ndarray, drawn: numpy.ndarray, ratio: float) -> numpy.ndarray:
    """(T, D): `ratio` of what was retrieved, the rest of the features themselves."""
    return (ratio * drawn + (1.0 - ratio) * features).astype(numpy.float32)


def doubled(features: numpy.ndarray) -> numpy.ndarray:
    """(T, D) at 50 a second -> (2 T, D) at 100 a second, each one twice."""
    return numpy.repeat(features, 2, axis=0)


def protected(features: numpy.ndarray, original: numpy.ndarray, f0_hz: numpy.ndarray, protect: float) -> numpy.ndarray:
    """(T, D) at 100 a second: in unvoiced frames only `protect` of the features, the rest of the original ones."""
    keep = numpy.where(f0_hz < 1.0, protect, 1.0).astype(numpy.float32)[:, None]
    return (features * keep + original * (1.0 - keep)).astype(numpy.float32)
