"""Operands of the micro-benchmarks, and what their kernels must make of them.

The layouts are those of the PTX manual (sections 9.7.14 and 9.7.15). All numbers are
small integers, so that sums in f32 are exact in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from packed import LANES, PAIRS, fragment_places

#: Rows of a stage of a gather, tokens of an atom, stages by which blocks are apart:
#: those of micro/ring.cuh.
STAGE_ROWS, ATOM, BLOCK_STEP = 64, 64, 37
#: How often a warpgroup multiplies a stage between two waits, in micro/wgmma_sp.cu.
STAGES_PER_WAIT = 4
#: Rows of a warpgroup's product, k of the stage it is read from, k of one product.
WGMMA_ROWS, STAGE_K, STEP_K = 64, 128, 32
#: Sums beyond this are not exact in f32.
EXACT = 1 << 24


def _integers(draw: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Random, without zero: operands of zeros would draw less power."""
    sign = draw.choice(np.float32([-1, 1]), shape)
    return sign * draw.integers(1, 5, shape).astype(np.float32)


def _halves(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Neighbours on the last axis as the two halves of a register."""
    return values.astype(np.float16).view(np.uint16).copy().view(np.uint32)


def expand(
    kept: NDArray[np.float32], pairs: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Rows of kept weights as they stand among zeros.

    Args:
        kept: (..., rows, 2 · groups).
        pairs: (..., rows, groups, 2), the places in each group of four.
    """
    groups = kept.reshape(*pairs.shape)
    dense = np.zeros((*pairs.shape[:-1], 4), np.float32)
    np.put_along_axis(dense, pairs, groups, axis=-1)
    return dense.reshape(*kept.shape[:-1], 2 * kept.shape[-1])


def metadata_words(pairs: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Metadata registers of a warp for two products, with selector 0 and 1.

    Args:
        pairs: (selector, 16 rows, 8 groups, 2).

    Returns:
        (lane): of lane 4g + 2s + h the groups 4h … 4h + 3 of rows g and g + 8.
    """
    nibbles = (pairs[..., 0] | pairs[..., 1] << 2).astype(np.uint32)
    shifts = np.uint32(4) * np.arange(4, dtype=np.uint32)
    halves = (nibbles.reshape(2, 16, 2, 4) << shifts).sum(-1, dtype=np.uint32)
    words = halves[:, :8] | halves[:, 8:] << np.uint32(16)
    return words.transpose(1, 0, 2).reshape(LANES)


def a_fragment(kept: NDArray[np.float32]) -> NDArray[np.uint32]:
    """(lane, 4 registers) of 16 rows of 16 kept weights (or of a dense A)."""
    row, weight = fragment_places()
    return _halves(kept[row, weight])


def b_fragment(b: NDArray[np.float32]) -> NDArray[np.uint32]:
    """(lane, 4 registers) of 32 rows of 8 columns."""
    lane = np.arange(LANES)[:, None]
    element = np.arange(8)[None, :]
    row = 8 * (element // 2) + 2 * (lane % 4) + element % 2
    return _halves(b[row, lane // 4])


def sums_fragment(product: NDArray[np.float32]) -> NDArray[np.float32]:
    """(lane, sums) of 16 rows of N columns: four sums for every 8 columns."""
    lane = np.arange(LANES)[:, None]
    place = np.arange(product.shape[1] // 2)[None, :]
    row = lane // 4 + 8 * (place % 4 // 2)
    column = place // 4 * 8 + 2 * (lane % 4) + place % 2
    return product[row, column]


@dataclass(frozen=True)
class MmaData:
    """Operands of mma_sp.cu.

    Attributes:
        a: (slabs, lane, 4).
        b: (columns, lane, 4).
        metadata: (slabs, lane).
        sparse: (slabs, columns, lane, 4), the sums of one iteration.
        dense: the same of the dense product.
    """

    a: NDArray[np.uint32]
    b: NDArray[np.uint32]
    metadata: NDArray[np.uint32]
    sparse: NDArray[np.float32]
    dense: NDArray[np.float32]


def mma_data(slabs: int, columns: int, seed: int = 0) -> MmaData:
    """Random operands for a warp's tile of slabs × columns fragments."""
    draw = np.random.default_rng(seed)
    kept = _integers(draw, slabs, 16, 16)
    pairs = PAIRS[draw.integers(6, size=(slabs, 2, 16, 8))]
    b = _integers(draw, columns, 32, 8)
    sparse = np.empty((slabs, columns, LANES, 4), np.float32)
    dense = np.empty_like(sparse)
    for i in range(slabs):
        both = sum(expand(kept[i], pairs[i, selector]) for selector in range(2))
        for j in range(columns):
            sparse[i, j] = sums_fragment(both @ b[j])
            # The dense product takes the halves of B one after the other.
            dense[i, j] = sums_fragment(kept[i] @ (b[j, :16] + b[j, 16:]))
    return MmaData(
        np.stack([a_fragment(slab) for slab in kept]),
        np.stack([b_fragment(part) for part in b]),
        np.stack([metadata_words(slab) for slab in pairs]),
        sparse,
        dense,
    )


def swizzle(image: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Rows of 64 elements with chunk c of row r at c ^ (r mod 8).

    Args:
        image: (..., rows, 64).
    """
    rows = image.shape[-2]
    chunks = image.reshape(*image.shape[:-1], 8, 8)
    place = np.arange(8)[None, :] ^ (np.arange(rows)[:, None] % 8)
    return chunks[..., np.arange(rows)[:, None], place, :].reshape(image.shape)


@dataclass(frozen=True)
class WgmmaData:
    """Operands of wgmma_sp.cu.

    Attributes:
        a: the image of A in shared memory.
        fragments: (step, thread of the warpgroup, 4), A for registers.
        b: the image of B.
        metadata: (step / 2, thread of the warpgroup).
        sparse: (thread of the warpgroup, N / 2), the sums of one iteration.
        dense: the same of the dense product.
    """

    a: NDArray[np.uint16]
    fragments: NDArray[np.uint32]
    b: NDArray[np.uint16]
    metadata: NDArray[np.uint32]
    sparse: NDArray[np.float32]
    dense: NDArray[np.float32]


def wgmma_data(n: int, seed: int = 0) -> WgmmaData:
    """Random operands for 64 rows, 128 k and N columns."""
    draw = np.random.default_rng(seed)
    kept = _integers(draw, WGMMA_ROWS, STAGE_K // 2)
    steps = STAGE_K // STEP_K
    pairs = PAIRS[draw.integers(6, size=(steps, WGMMA_ROWS, 8))]
    b = _integers(draw, STAGE_K, n)
    by_step = kept.reshape(WGMMA_ROWS, steps, 16).transpose(1, 0, 2)
    sparse = sum(
        expand(by_step[step], pairs[step]) @ b[STEP_K * step : STEP_K * (step + 1)]
        for step in range(steps)
    )
    # The dense A is the kept weights, as 64 k, and the first 64 rows of B.
    dense = kept @ b[: STAGE_K // 2]
    warps = range(0, WGMMA_ROWS, 16)
    fragments = [
        np.concatenate([a_fragment(by_step[step, row : row + 16]) for row in warps])
        for step in range(steps)
    ]
    metadata = [
        np.concatenate(
            [metadata_words(pairs[step : step + 2, row : row + 16]) for row in warps]
        )
        for step in range(0, steps, 2)
    ]
    half = b.astype(np.float16).view(np.uint16)
    atoms = half.reshape(STAGE_K, n // ATOM, ATOM).transpose(1, 0, 2)

    def sums(product: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [sums_fragment(product[row : row + 16]) for row in warps]
        return STAGES_PER_WAIT * np.concatenate(parts)

    return WgmmaData(
        swizzle(kept.astype(np.float16).view(np.uint16)),
        np.stack(fragments),
        swizzle(atoms),
        np.stack(metadata),
        sums(sparse),
        sums(dense),
    )


def row_list(rows: int, least: int = 4096, seed: int = 0) -> NDArray[np.int32]:
    """All rows in random order, again and again; a power of two of whole stages.

    Raises:
        ValueError: if the rows are not a power of two.
    """
    if rows < STAGE_ROWS or rows & (rows - 1):
        raise ValueError(f"{rows} rows: not a power of two, of {STAGE_ROWS} or more")
    draw = np.random.default_rng(seed)
    rounds = max(1, least // rows)
    return np.concatenate(
        [draw.permutation(rows) for _ in range(rounds)]
    ).astype(np.int32)  # fmt: skip


def ring_sum(
    x: NDArray[np.uint16], rows: NDArray[np.int32], block: int, tokens: int,
    stages: int, iterations: int, box_rows: int = 1,
) -> int:  # fmt: skip
    """The weighed sum over a block's ring after all its stages (addRing of ring.cuh).

    Args:
        x: (rows of X, tokens of X).
        rows: the list.
        block: which.
        tokens: of a block.
        stages: of the ring.
        iterations: stages that the block has gathered.
        box_rows: of a copy by TMA.
    """
    slab = block % (x.shape[1] // tokens)
    places = len(rows) // STAGE_ROWS
    slots = []
    for slot in range(stages):
        last = iterations - 1 - (iterations - 1 - slot) % stages
        first = (block * BLOCK_STEP + last) % places * STAGE_ROWS
        listed = rows[first : first + STAGE_ROWS]
        place = np.arange(STAGE_ROWS)
        taken = listed[place // box_rows * box_rows] // box_rows * box_rows
        part = x[taken + place % box_rows, slab * tokens : (slab + 1) * tokens]
        atoms = part.reshape(STAGE_ROWS, tokens // ATOM, ATOM).transpose(1, 0, 2)
        slots.append(swizzle(np.ascontiguousarray(atoms)).reshape(-1))
    words = np.concatenate(slots).view(np.uint32).reshape(-1, 4).astype(np.uint64)
    weight = 2 * np.arange(len(words), dtype=np.uint64) + np.uint64(1)
    chunks = (words @ np.array([1, 3, 5, 7], np.uint64)) & np.uint64(0xFFFFFFFF)
    return int((chunks * weight & np.uint64(0xFFFFFFFF)).sum() & np.uint64(0xFFFFFFFF))


def column_sums(
    x: NDArray[np.float16], rows: NDArray[np.int32]
) -> NDArray[np.float32]:
    """What proxy_fence.cu must find: (slab, stage of the list, 64).

    The product with ones keeps the first two of four rows.
    """
    kept = rows.reshape(-1, STAGE_ROWS // 4, 4)[:, :, :2].reshape(
        -1, STAGE_ROWS // 2
    )
    sums = x.astype(np.float32)[kept].sum(axis=1)
    slabs = x.shape[1] // ATOM
    return sums.reshape(len(kept), slabs, ATOM).transpose(1, 0, 2).copy()
