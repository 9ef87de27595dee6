#!/usr/bin/env python3
"""Count what slabs hold, and the turns in which they are read; no GPU is needed.

    pip install -r benchmarks/search/requirements.txt
    PYTHONPATH=python python benchmarks/kernels/bank_turns.py

Writes docs/results/kernels/bank-turns.md. A turn reads the rows of eight listed columns
if they lie in different banks (include/hinm/Core/BankConflicts.h, Slabs.h).
"""

from __future__ import annotations

import argparse
import ctypes
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "search"))

import matrices  # noqa: E402
from hinm.search import Pattern, search_orders  # noqa: E402
from hinm.tools import find_library  # noqa: E402

MATRICES = {
    "gaussian-1024x1024": lambda: matrices.gaussian(1024, 1024),
    "heavy-1024x1024": lambda: matrices.heavy_tailed(1024, 1024),
    "minilm-0.intermediate.dense": lambda: matrices.minilm(0, "intermediate.dense"),
    "minilm-0.output.dense": lambda: matrices.minilm(0, "output.dense"),
}
#: Windows, and the share of their columns that a tile keeps: whole k-blocks.
WINDOWS = ((128, 0.5), (256, 0.25), (256, 0.5), (512, 0.125), (512, 0.25))
TILES = (32, 64, 128)
#: Rows of a thread block, whose tiles share a slab.
BLOCK_ROWS = (128, 256, 512)
HEAD = """# Slabs of the slab kernel: bank conflicts and rows of X

Written by `benchmarks/kernels/bank_turns.py`; counts, no timings. *Turns* are the mean
turns in which `ldmatrix` reads eight listed rows of 16-bit elements: 1 is the least, 8
the most. Lists are of the search (`exchange`, seed 0, 2 s) with `window` W; of every
window a tile of V rows keeps a share r of the columns, and the tiles of `tile_m` rows
share a slab.

* *by channel*: the slab is the window as it is, and a row lies where its channel is.
* *arranged*: the same, with neighbours chosen by `arrangeGroups`, as `hinm-pack` does.
* *slab*: places chosen by `makeSlabs`, as `hinm-select-kernels` does.
* *copied*: the rows of X that come to shared memory, as a share of W, in the mean; the
  others of the window no tile lists. *Alone* it would be r · `tile_m` / V, where each
  tile gathers its own.
* *held*: the places of the largest slab, as a share of W.

| matrix | V | W | r | by channel | arranged | tile_m | slab | copied | alone | held |
|---|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Line:
    """The counts of one matrix and one size of a block."""

    matrix: str
    tile: int
    window: int
    share: float
    block_rows: int
    by_channel: float
    arranged: float
    slab: float
    copied: float
    held: float


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(find_library("hinm_search")))
    words, count = ctypes.POINTER(ctypes.c_int32), ctypes.c_int64
    library.hinmCountBankTurns.argtypes = [words, count]
    library.hinmCountBankTurns.restype = count
    library.hinmArrangeGroups.argtypes = [words, count, count]
    library.hinmArrangeGroups.restype = None
    library.hinmCountSlabPlaces.argtypes = [words, *[count] * 5]
    library.hinmCountSlabPlaces.restype = count
    library.hinmMakeSlabs.argtypes = [words, *[count] * 5, words, words]
    library.hinmMakeSlabs.restype = count
    return library


def _words(lists: NDArray[np.int32]) -> tuple[ctypes._Pointer[ctypes.c_int32], int]:
    return lists.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)), lists.size


def count_turns(lists: NDArray[np.int32]) -> int:
    """The turns of lists whose length is a multiple of eight."""
    return _library().hinmCountBankTurns(*_words(np.ascontiguousarray(lists)))


def arrange(lists: NDArray[np.int32], window: int) -> NDArray[np.int32]:
    """The lists, one a row, with the groups of each arranged."""
    arranged = lists.copy()
    for row in arranged:
        _library().hinmArrangeGroups(*_words(row), window)
    return arranged


@dataclass(frozen=True)
class Slabs:
    """What tiles share, as hinm/Core/Slabs.h has it.

    Attributes:
        rows: (blocks, windows, places) the row of X at each place, or −1, in the order
            32k, 32k + 8, + 16, + 24, 32k + 1 ….
        places: as the lists, where in its slab each listed row lies.
        turns: in which all of them are read.
    """

    rows: NDArray[np.int32]
    places: NDArray[np.int32]
    turns: int


def make_slabs(
    lists: NDArray[np.int32], windows: int, tiles_per_slab: int, element_bytes: int = 2
) -> Slabs:
    """The slabs of the lists, one a row, which go by as many windows."""
    lists = np.ascontiguousarray(lists)
    about = (*_words(lists), len(lists), windows, tiles_per_slab, element_bytes)
    size = _library().hinmCountSlabPlaces(*about)
    rows = np.empty((-(-len(lists) // tiles_per_slab), windows, size), np.int32)
    places = np.empty_like(lists)
    turns = _library().hinmMakeSlabs(*about, _words(rows)[0], _words(places)[0])
    return Slabs(rows, places, turns)


def lines(budget: float) -> Iterator[Line]:
    """The table, row by row."""
    for name, make in MATRICES.items():
        saliency = make()
        columns = saliency.shape[1]
        for tile in TILES:
            for window, share in WINDOWS:
                if columns % window:
                    continue
                pattern = Pattern(
                    tile=tile, vector_sparsity=1 - share, window=window
                )
                found = search_orders([(saliency, pattern)], time_budget=budget)
                (weight,) = found.weights
                lists = weight.columns.reshape(len(weight.offsets) - 1, -1)
                eights = lists.size // 8
                by_channel = count_turns(lists) / eights
                arranged = count_turns(arrange(lists, window)) / eights
                for block_rows in BLOCK_ROWS:
                    if block_rows <= tile:
                        continue
                    slabs = make_slabs(lists, columns // window, block_rows // tile)
                    yield Line(
                        name, tile, window, share, block_rows, by_channel, arranged,
                        slabs.turns / eights,
                        (slabs.rows >= 0).sum() / slabs.rows[..., 0].size / window,
                        slabs.rows.shape[2] / window,
                    )  # fmt: skip


def main() -> int:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=float, default=2, help="seconds of a search")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/results/kernels/bank-turns.md"
    )
    arguments = parser.parse_args()
    text = HEAD
    for line in lines(arguments.budget):
        alone = line.share * line.block_rows / line.tile
        text += (
            f"| {line.matrix} | {line.tile} | {line.window} | {line.share} "
            f"| {line.by_channel:.2f} | {line.arranged:.2f} | {line.block_rows} "
            f"| {line.slab:.2f} | {line.copied:.2f} | {alone:.2f} | {line.held:.2f} |\n"
        )
    arguments.output.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
