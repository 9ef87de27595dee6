"""Slabs of the benchmark's lists: the rows of X that the tiles of a thread block share.

hinm-select-kernels searches for places without bank conflicts, which it finds for most
lists (docs/results/kernels/bank-turns.md). Here lists are drawn so that the places are
known: columns that are read together differ modulo 8, and a row lies at a place of its
column's class. So there are no conflicts, whatever tiles share a slab.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Classes of places that lie in the same banks, and what places come in (hinm.spmm).
CLASSES, PLACES = 8, 32
#: The classes of sixteen listed columns: all eight in what is read of 16-bit elements
#: at once (0 … 7, 8 … 15), and of 8-bit ones (0 1 4 5 8 9 12 13, the others).
PATTERN = np.array([0, 1, 2, 3, 4, 5, 6, 7, 2, 3, 0, 1, 6, 7, 4, 5])
#: Standard deviations by which a slab may be larger than the mean.
MARGIN = 4


def draw_list(draw: np.random.Generator, window: int, count: int) -> NDArray[np.int64]:
    """`count` columns of a window, a multiple of 16, in classes as PATTERN has them."""
    listed = np.empty(count, np.int64)
    classes = np.resize(PATTERN, count)
    for number in range(CLASSES):
        rows = draw.permutation(window // CLASSES)[: count // CLASSES]
        listed[classes == number] = rows * CLASSES + number
    return listed


def count_places(window: int, listed: int, tiles: int) -> int:
    """Places for what random lists of as many columns of a window have in common."""
    missed = (1 - listed / window) ** tiles
    rest = window - listed
    pair = (rest * (rest - 1) / (window * (window - 1))) ** tiles
    variance = window * missed + window * (window - 1) * pair - (window * missed) ** 2
    most = window * (1 - missed) + MARGIN * math.sqrt(max(variance, 0))
    return -(-min(math.ceil(most), window) // PLACES) * PLACES


@dataclass(frozen=True)
class Slabs:
    """As hinm.spmm takes them.

    Attributes:
        rows: the row of X at each place, or 65535, in the order 32k, 32k + 8, + 16,
            + 24, 32k + 1 …, slab by slab.
        places: of each listed column.
    """

    rows: NDArray[np.uint16]
    places: NDArray[np.uint16]


def _place(columns: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Places for the columns of a slab: of their class while there are any."""
    numbers = columns % CLASSES
    rank = np.empty(len(columns), np.int64)
    for number in range(CLASSES):
        own = numbers == number
        rank[own] = np.arange(own.sum())
    places = rank * CLASSES + numbers
    beyond = places >= size
    free = np.setdiff1d(np.arange(size), places[~beyond])
    places[beyond] = free[: beyond.sum()]
    return places


def make_slabs(
    columns: NDArray[np.integer], windows: int, tiles: int, size: int
) -> Slabs:
    """The slabs of lists.

    Args:
        columns: (tiles of the weight, columns of a list).
        windows: by which the lists go.
        tiles: that share a slab.
        size: its places.

    Raises:
        ValueError: tiles list more rows than there are places.
    """
    blocks = -(-len(columns) // tiles)
    rows = np.full((blocks, windows, size), 0xFFFF, np.uint16)
    places = np.empty(columns.shape, np.uint16)
    lists = columns.reshape(len(columns), windows, -1).astype(np.int64)
    parts = places.reshape(lists.shape)
    order = np.arange(size).reshape(-1, PLACES // CLASSES, CLASSES)
    order = order.transpose(0, 2, 1).reshape(-1)
    for block in range(blocks):
        own = slice(block * tiles, (block + 1) * tiles)
        for window in range(windows):
            shared, numbers = np.unique(lists[own, window], return_inverse=True)
            if len(shared) > size:
                raise ValueError(
                    f"{len(shared)} rows of a window are listed, a slab has {size} "
                    "places"
                )
            at = _place(shared, size)
            parts[own, window] = at[numbers].reshape(parts[own, window].shape)
            held = np.full(size, 0xFFFF, np.uint16)
            held[at] = shared
            rows[block, window] = held[order]
    return Slabs(rows.reshape(-1), places.reshape(-1))
