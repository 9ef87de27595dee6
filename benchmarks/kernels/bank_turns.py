#!/usr/bin/env python3
"""Count the turns in which `ldmatrix` reads the rows of a slab; no GPU is needed.

    pip install -r benchmarks/search/requirements.txt
    PYTHONPATH=python python benchmarks/kernels/bank_turns.py

Writes docs/results/kernels/bank-turns.md. A turn reads the rows of eight listed columns
if they lie in different banks (include/hinm/Core/BankConflicts.h).
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
WINDOWS = ((128, 0.5), (256, 0.25), (256, 0.5))
#: Rows of a thread block, whose tiles share a slab.
BLOCK_ROWS = 256
HEAD = """# Bank conflicts of the slab kernel

Written by `benchmarks/kernels/bank_turns.py`; counts, no timings. Mean turns in which
`ldmatrix` reads eight listed rows of a slab: 1 is the least, 8 the most. Lists are of
the search (`exchange`, seed 0, 2 s) with `window` W; of every window a tile keeps a
share r of the columns.

* *as found*: the groups in the order in which the search leaves them.
* *arranged*: neighbours chosen by `arrangeGroups`, as `hinm-pack` does.
* *keys, matrix*: the swizzle is the row's XOR with a key of its own, which
  `chooseSwizzleKeys` picks for all tiles together, instead of its number modulo 8.
* *keys, block*: the same for each thread block of 256 rows.

| matrix | V | W | r | as found | arranged | keys, matrix | keys, block |
|---|---|---|---|---|---|---|---|
"""
TAIL = """
The kernel swizzles by the row's number, so it takes the turns of *arranged*. A key for
each row of X and thread block would about halve them for V = 64. A format could carry
them as 3 bits a row of X and block, with which a copy swizzles, and 3 bits a listed
column, with which a gather does; nothing else would change. Where rows lie in the slab
is free, too, but a permutation of each window, found by the same search, came out no
better.
"""


@dataclass(frozen=True)
class Line:
    """The turns of one matrix: those of the columns of the table."""

    matrix: str
    tile: int
    window: int
    share: float
    turns: tuple[float, ...]


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(find_library("hinm_search")))
    words, count = ctypes.POINTER(ctypes.c_int32), ctypes.c_int64
    library.hinmCountBankTurns.argtypes = [words, count]
    library.hinmCountBankTurns.restype = count
    library.hinmArrangeGroups.argtypes = [words, count, count]
    library.hinmArrangeGroups.restype = None
    library.hinmChooseSwizzleKeys.argtypes = [
        words, count, count, count, count, ctypes.POINTER(ctypes.c_uint8)
    ]  # fmt: skip
    library.hinmChooseSwizzleKeys.restype = count
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


def count_keyed(lists: NDArray[np.int32], columns: int, window: int) -> int:
    """The turns of the lists, one a row, with keys chosen for all of them."""
    keyed = lists.copy()
    keys = np.zeros(columns, np.uint8)
    return _library().hinmChooseSwizzleKeys(
        *_words(keyed), len(keyed), columns, window,
        keys.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)),
    )  # fmt: skip


def measure(
    lists: NDArray[np.int32], columns: int, window: int, tile: int
) -> tuple[float, ...]:
    """Mean turns of an eight: as found, arranged, keys of all, keys of each block."""
    eights = lists.size // 8
    step = max(BLOCK_ROWS // tile, 1)
    of_blocks = sum(
        count_keyed(lists[first : first + step], columns, window)
        for first in range(0, len(lists), step)
    )
    turns = (
        count_turns(lists), count_turns(arrange(lists, window)),
        count_keyed(lists, columns, window), of_blocks,
    )  # fmt: skip
    return tuple(count / eights for count in turns)


def lines(budget: float) -> Iterator[Line]:
    """The table, row by row."""
    for name, make in MATRICES.items():
        saliency = make()
        columns = saliency.shape[1]
        for tile in (32, 64):
            for window, share in WINDOWS:
                if columns % window:
                    continue
                pattern = Pattern(
                    tile=tile, vector_sparsity=1 - share, window=window
                )
                found = search_orders([(saliency, pattern)], time_budget=budget)
                (weight,) = found.weights
                lists = weight.columns.reshape(len(weight.offsets) - 1, -1)
                turns = measure(lists, columns, window, tile)
                yield Line(name, tile, window, share, turns)


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
        turns = " | ".join(f"{mean:.2f}" for mean in line.turns)
        text += (
            f"| {line.matrix} | {line.tile} | {line.window} | {line.share} "
            f"| {turns} |\n"
        )
    arguments.output.write_text(text + TAIL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
