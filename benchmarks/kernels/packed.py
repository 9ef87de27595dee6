"""Random packed weights, and what they stand for: an independent reader of the format.

The arrays are those of docs/format.md. No search and no pruning: which weights are kept
is drawn at random, as the time of a kernel does not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cases import BLOCK, Case

#: Rows of a slab, columns of one mma.sp, lanes of a warp.
SLAB, STEP, LANES = 16, 32, 32
#: The nibbles lo | hi << 2 of two kept entries of four, lo < hi.
PAIRS = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], np.int32)


@dataclass(frozen=True)
class PackedWeight:
    """The four arrays, and the weight as it was before.

    Attributes:
        values: (L/64 · S · 512,) float32, to be rounded to f16 or bf16; small integers
            over 8, exact in both.
        metadata: (L/64 · S · 32,) uint32.
        columns: (L,) uint16, enough for the benchmark's weights.
        tile_offsets: (T + 1,) int32.
        dense: (R, C) float32, zero where nothing is kept.
    """

    values: NDArray[np.float32]
    metadata: NDArray[np.uint32]
    columns: NDArray[np.uint16]
    tile_offsets: NDArray[np.int32]
    dense: NDArray[np.float32]


def fragment_places() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Row and kept weight of each (lane, element) of a step."""
    lane = np.arange(LANES)[:, None]
    element = np.arange(8)[None, :]
    register, half = element // 2, element % 2
    row = lane // 4 + 8 * (register % 2)
    weight = 2 * (lane % 4) + half + 8 * (register // 2)
    return row.astype(np.int32), weight.astype(np.int32)


def _pack_tile(
    kept: NDArray[np.int32], drawn: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Values and metadata of one tile, in the order of the lanes.

    Args:
        kept: (S · 16, K/4, 2), the kept entries of each group, rising.
        drawn: the weights there.
    """
    slabs, blocks = kept.shape[0] // SLAB, kept.shape[1] * 4 // BLOCK
    row_of, weight_of = fragment_places()
    by_step = drawn.reshape(slabs, SLAB, blocks, 2, STEP // 2)
    fragments = by_step[:, row_of, :, :, weight_of]  # lane, element, slab, kb, step
    values = fragments.transpose(3, 2, 4, 0, 1).reshape(-1)
    nibbles = (kept[..., 0] | kept[..., 1] << 2).astype(np.uint32)
    shifts = np.uint32(4) * np.arange(4, dtype=np.uint32)
    halves = (nibbles.reshape(slabs, SLAB, blocks, 2, 2, 4) << shifts).sum(
        -1, dtype=np.uint32
    )
    # (slab, row, block, step, h); lane = 4 · (row mod 8) + 2 · step + h.
    words = halves[:, :8] | halves[:, 8:] << np.uint32(16)
    return values, words.transpose(2, 0, 1, 3, 4).reshape(-1)


def random_packed(case: Case, seed: int = 0) -> PackedWeight:
    """A weight of the case's shape; every tile keeps `case.kept` columns.

    All tiles hold the same numbers, at columns of their own.
    """
    draw = np.random.default_rng(seed)
    groups = case.padded // 4
    kept = PAIRS[draw.integers(6, size=(-(-case.tile // SLAB) * SLAB, groups))]
    drawn = draw.integers(-16, 17, size=kept.shape).astype(np.float32) / 8
    # Columns that pad, and rows that do not exist, hold zeros.
    drawn[:, case.kept // 4 :] = 0
    drawn[case.tile :] = 0
    whole = _pack_tile(kept, drawn)
    rest = case.rows % case.tile
    cut = drawn.copy()
    cut[rest:] = 0
    parts = [whole] * (case.rows // case.tile)
    if rest:
        parts.append(_pack_tile(kept, cut))

    dense = np.zeros((case.rows, case.columns), np.float32)
    columns = np.zeros((case.tiles, case.padded), np.int32)
    real = case.kept // 4
    share = case.window or case.columns
    for tile in range(case.tiles):
        columns[tile, : case.kept] = np.concatenate(
            [
                first + draw.permutation(share)[: case.kept // case.windows]
                for first in range(0, case.windows * share, share)
            ]
        )
        first = tile * case.tile
        count = min(case.tile, case.rows - first)
        places = columns[tile].reshape(1, groups, 4)[:, :real]
        chosen = np.take_along_axis(
            np.broadcast_to(places, (count, real, 4)), kept[:count, :real], axis=2
        )
        rows = first + np.arange(count)[:, None, None]
        dense[rows, chosen] = drawn[:count, :real]
    return PackedWeight(
        np.concatenate([values for values, _ in parts]),
        np.concatenate([metadata for _, metadata in parts]),
        columns.reshape(-1).astype(np.uint16),
        (case.padded * np.arange(case.tiles + 1)).astype(np.int32),
        dense,
    )
