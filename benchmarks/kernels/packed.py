"""Random packed weights, and what they stand for: an independent reader of the format.

The arrays are those of docs/format.md. No search and no pruning: which weights are kept
is drawn at random, as the time of a kernel does not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cases import Case, Element
from slabs import PATTERN, draw_list

#: Rows of a slab, lanes of a warp.
SLAB, LANES = 16, 32
#: The two kept entries of four, the lower one first.
PAIRS = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], np.int32)


@dataclass(frozen=True)
class PackedWeight:
    """The four arrays, and the weight as it was before.

    Attributes:
        values: (L/K · S · 8 K,) float32, to be rounded to the case's type; small
            integers, of floats over 8, exact in every one.
        metadata: (L/K · S · 32,) uint32.
        columns: (L,) uint16, enough for the benchmark's weights.
        tile_offsets: (T + 1,) int32.
        dense: (R, C) float32, zero where nothing is kept.
    """

    values: NDArray[np.float32]
    metadata: NDArray[np.uint32]
    columns: NDArray[np.uint16]
    tile_offsets: NDArray[np.int32]
    dense: NDArray[np.float32]


def fragment_places(size: int = 2) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Row and kept weight of each (lane, value) of a step, by bytes of an element."""
    lane = np.arange(LANES)[:, None]
    # Four registers of a word each.
    share = 4 // size
    register, part = np.divmod(np.arange(4 * share)[None, :], share)
    row = lane // 4 + 8 * (register % 2)
    weight = share * (lane % 4) + part + 4 * share * (register // 2)
    return row.astype(np.int32), weight.astype(np.int32)


def _nibbles(kept: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Metadata of groups whose kept entries are the innermost numbers."""
    if kept.shape[-1] == 2:
        return (kept[..., 0] | kept[..., 1] << 2).astype(np.uint32)
    # Of 1:2: an element of 32 bits is two of 16.
    return np.where(kept[..., 0] == 0, 0b0100, 0b1110).astype(np.uint32)


def _pack_tile(
    kept: NDArray[np.int32], drawn: NDArray[np.float32], element: Element
) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Values and metadata of one tile, in the order of the lanes.

    Args:
        kept: (S · 16, K/M, N), the kept entries of each group, rising.
        drawn: the weights there.
        element: of the weight.
    """
    slabs = kept.shape[0] // SLAB
    blocks = kept.shape[1] * element.group // element.block
    row_of, weight_of = fragment_places(element.size)
    of_step = element.block // 2 // element.steps
    by_step = drawn.reshape(slabs, SLAB, blocks, element.steps, of_step)
    fragments = by_step[:, row_of, :, :, weight_of]  # lane, value, slab, kb, step
    values = fragments.transpose(3, 2, 4, 0, 1).reshape(-1)
    nibbles = _nibbles(kept)
    if element.steps == 2:
        # Half a word: four groups of a row, those of row + 8 above.
        parts = nibbles.reshape(slabs, SLAB, blocks, 2, 2, 4)
        halves = _nibbles_of_words(parts)
        # (slab, row, block, step, h); lane = 4 · (row mod 8) + 2 · step + h.
        words = halves[:, :8] | halves[:, 8:] << np.uint32(16)
        ordered = words.transpose(2, 0, 1, 3, 4)
    else:
        # (slab, u, row, block, h); lane = 4 · row + 2 · h + u.
        words = _nibbles_of_words(nibbles.reshape(slabs, 2, 8, blocks, 2, 8))
        ordered = words.transpose(3, 0, 2, 4, 1)
    return values, ordered.reshape(-1)


def _nibbles_of_words(nibbles: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The innermost nibbles as one number, the first one lowest."""
    shifts = np.uint32(4) * np.arange(nibbles.shape[-1], dtype=np.uint32)
    return (nibbles << shifts).sum(-1, dtype=np.uint32)


def random_packed(
    case: Case, seed: int = 0, kept_of: Sequence[int] | None = None
) -> PackedWeight:
    """A weight of the case's shape.

    All tiles hold the same numbers, at columns of their own.

    Args:
        case: the product.
        seed: of what is drawn.
        kept_of: how many columns each tile keeps, multiples of four; `case.kept` of
            all if it is not given.
    """
    draw = np.random.default_rng(seed)
    counts = list(kept_of if kept_of is not None else [case.kept] * case.tiles)
    element = case.element
    choices = PAIRS if element.kept == 2 else np.array([(0,), (1,)], np.int32)
    group = element.group

    def padded(count: int) -> int:
        # Listed columns, with those that fill the last k-block.
        return -(-count // element.block) * element.block

    groups = padded(max(counts)) // group
    rows = -(-case.tile // SLAB) * SLAB
    kept = choices[draw.integers(len(choices), size=(rows, groups))]
    drawn = draw.integers(-8, 9, size=kept.shape).astype(np.float32)
    if case.dtype != "i8":
        drawn /= 8
    # Rows that do not exist hold zeros, and so do columns that pad.
    drawn[case.tile :] = 0

    made: dict[tuple[int, int], tuple[NDArray[np.float32], NDArray[np.uint32]]] = {}

    def packed(count: int, height: int) -> tuple[NDArray, NDArray]:
        if (count, height) not in made:
            listed = padded(count) // group
            cut = drawn[:, :listed].copy()
            cut[:, count // group :] = 0
            cut[height:] = 0
            made[count, height] = _pack_tile(kept[:, :listed], cut, element)
        return made[count, height]

    dense = np.zeros((case.rows, case.columns), np.float32)
    parts, lists, offsets = [], [], [0]
    share = case.window or case.columns
    for tile, count in enumerate(counts):
        first = tile * case.tile
        height = min(case.tile, case.rows - first)
        parts.append(packed(count, height))
        listed = np.zeros(padded(count), np.int32)
        part = count // case.windows
        listed[:count] = np.concatenate(
            [
                window
                + (
                    draw_list(draw, share, part)
                    if case.window_blocks and part % len(PATTERN) == 0
                    else draw.permutation(share)[:part]
                )
                for window in range(0, case.windows * share, share)
            ]
        )
        lists.append(listed)
        offsets.append(offsets[-1] + len(listed))
        real = count // group
        places = listed.reshape(1, -1, group)[:, :real]
        chosen = np.take_along_axis(
            np.broadcast_to(places, (height, real, group)), kept[:height, :real], axis=2
        )
        at = first + np.arange(height)[:, None, None]
        dense[at, chosen] = drawn[:height, :real]
    return PackedWeight(
        np.concatenate([values for values, _ in parts]),
        np.concatenate([metadata for _, metadata in parts]),
        np.concatenate(lists).astype(np.uint16),
        np.asarray(offsets, np.int32),
        dense,
    )
