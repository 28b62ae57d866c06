"""Two recordings of the same words laid upon each other in time: dynamic time warping.

H. Sakoe, S. Chiba: Dynamic programming algorithm optimization for spoken word recognition (IEEE TASSP 26, 1978), with
steps (1, 0), (0, 1) and (1, 1) of equal weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

_DIAGONAL, _DOWN, _RIGHT = 0, 1, 2


def warping_path(first: numpy.ndarray, second: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Features (S, D) and (T, D) -> the path of least total Euclidean distance: two index arrays (P,).

    Both begin with 0 and end with the last frame. Memory: S x T bytes.
    """
    import numpy

    rows, columns = len(first), len(second)
    came = numpy.zeros((rows, columns), dtype=numpy.int8)
    before = numpy.full(rows + 1, numpy.inf)            # totals on the last two antidiagonals, entry i + 1 is row i
    last = numpy.full(rows + 1, numpy.inf)
    for diagonal in range(rows + columns - 1):
        row = numpy.arange(max(0, diagonal - columns + 1), min(diagonal, rows - 1) + 1)
        distance = numpy.sqrt(numpy.square(first[row] - second[diagonal - row]).sum(axis=1))
        ways = numpy.stack([before[row], last[row], last[row + 1]])     # from (i-1, j-1), (i-1, j), (i, j-1)
        best = ways.argmin(axis=0)
        came[row, diagonal - row] = best
        now = numpy.full(rows + 1, numpy.inf)
        now[row + 1] = distance + (ways.min(axis=0) if diagonal else 0.0)
        before, last = last, now
    return _walked_back(came)


def _walked_back(came: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    import numpy

    row, column = came.shape[0] - 1, came.shape[1] - 1
    path = [(row, column)]
    while row or column:
        step = came[row, column]
        row -= step in (_DIAGONAL, _DOWN)
        column -= step in (_DIAGONAL, _RIGHT)
        path.append((row, column))
    rows, columns = numpy.array(path[::-1]).T
    return rows, columns
