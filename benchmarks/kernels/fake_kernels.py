"""What a kernel does with its arguments, on the host: for tests without a GPU.

Reads the packed format as docs/format.md has it, with nothing of packed.py.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cases import ELEMENTS
from driver import KernelInfo
from emulated import NUMPY

OUTPUT = {**NUMPY, "i32": np.int32}


def _array(pointer: int, shape: Sequence[int], kind: type) -> NDArray:
    dtype = np.dtype(kind)
    size = int(np.prod(shape)) * dtype.itemsize
    memory = (ctypes.c_char * size).from_address(pointer)
    return np.frombuffer(memory, dtype).reshape(shape)


def _dense(
    info: KernelInfo, values: NDArray, metadata: NDArray, columns: NDArray,
    offsets: NDArray, shape: tuple[int, int],
) -> NDArray[np.float64]:  # fmt: skip
    element = ELEMENTS[info.dtype]
    slabs, size, steps = -(-info.tile // 16), element.size, element.steps
    dense = np.zeros((len(offsets) * info.tile, shape[1]))
    lane, place = np.indices((32, 16 // size))
    g, q = lane // 4, lane % 4
    share = 4 // size
    register, part = place // share, place % share
    row = g + 8 * (register & 1)
    weight = share * q + part + 4 * share * (register >> 1)
    group, entry = weight // element.kept, weight % element.kept
    unit_of = 8 * element.block
    stored_of = unit_of // steps
    for tile in range(len(offsets) - 1):
        first, last = offsets[tile] // element.block, offsets[tile + 1] // element.block
        for block in range(first, last):
            listed = columns[element.block * block :][: element.block].view(np.uint16)
            for slab in range(slabs):
                unit = block * slabs + slab
                words = metadata[32 * unit :][:32].view(np.uint32)
                for step in range(steps):
                    start = unit * unit_of + step * stored_of
                    kept = values[start : start + stored_of].astype(np.float64)
                    if steps == 2:
                        owner = 4 * (row % 8) + 2 * step + group // 4
                        shift = 16 * (row // 8) + 4 * (group % 4)
                    else:
                        owner = 4 * (row % 8) + 2 * (group // 8) + row // 8
                        shift = 4 * (group % 8)
                    nibble = words[owner] >> shift.astype(np.uint32) & 15
                    chosen = nibble >> (2 * entry).astype(np.uint32) & 3
                    if element.kept == 1:
                        chosen = (nibble == 14).astype(np.uint32)
                    of_step = element.block // steps
                    column = listed[step * of_step + element.group * group + chosen]
                    at = tile * info.tile + slab * 16 + row
                    np.add.at(dense, (at, column), kept.reshape(lane.shape))
    return dense[: shape[0]]


def multiply(info: KernelInfo, words: Sequence[int], wrong: bool = False) -> None:
    """The product that the arguments of a launch ask for, or one that is wrong.

    Raises:
        ValueError: if there are more arguments than the kernel has.
    """
    rest = list(words)

    def take(kind: type, rank: int) -> NDArray:
        pointer, _, _, *sizes = rest[: 3 + 2 * rank]
        del rest[: 3 + 2 * rank]
        return _array(pointer, sizes[:rank], kind)

    values = take(NUMPY[info.dtype], 1)
    metadata, columns, offsets = (take(k, 1) for k in (np.int32, np.int16, np.int32))
    x = take(NUMPY[info.dtype], 2)
    rows = take(np.int32, 1) if info.row_index else slice(None)
    scales = take(np.float32, 1)[:, None] if ELEMENTS[info.dtype].scaled else 1
    y = take(OUTPUT[info.output], 2)
    if info.schedule.get("split_k", 1) > 1:
        take(np.float32, 1).fill(1)
        take(np.int32, 1).fill(wrong)
    if rest:
        raise ValueError(f"{len(rest)} words are left")
    if info.token_major:
        x, y = x.T, y.T
    shape = len(y), len(x)
    product = _dense(info, values, metadata, columns, offsets, shape) @ x.astype(float)
    y[rows] = (product * scales + wrong).astype(y.dtype)
