"""What a kernel does with its arguments, on the host: for tests without a GPU.

Reads the packed format as docs/format.md has it, with nothing of packed.py.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cases import BLOCK, ELEMENT_BYTES, SCALED
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
    slabs, size = -(-info.tile // 16), ELEMENT_BYTES[info.dtype]
    dense = np.zeros((len(offsets) * info.tile, shape[1]))
    lane, element = np.indices((32, 16 // size))
    g, q = lane // 4, lane % 4
    share = 4 // size
    register, part = element // share, element % share
    row = g + 8 * (register & 1)
    weight = share * q + part + 4 * share * (register >> 1)
    group, half = weight // 2, weight % 2
    for tile in range(len(offsets) - 1):
        for block in range(offsets[tile] // BLOCK, offsets[tile + 1] // BLOCK):
            listed = columns[BLOCK * block :][:BLOCK].view(np.uint16)
            for slab in range(slabs):
                unit = block * slabs + slab
                words = metadata[32 * unit :][:32].view(np.uint32)
                for step in range(size):
                    of_step = 512 // size
                    stored = values[unit * 512 + step * of_step :][:of_step]
                    if size == 2:
                        owner = 4 * (row % 8) + 2 * step + group // 4
                        shift = 16 * (row // 8) + 4 * (group % 4)
                    else:
                        owner = 4 * (row % 8) + 2 * (group // 8) + row // 8
                        shift = 4 * (group % 8)
                    place = words[owner] >> (shift + 2 * half).astype(np.uint32) & 3
                    listed_at = step * 32 + 4 * group + place
                    at = tile * info.tile + slab * 16 + row
                    kept = stored.reshape(lane.shape).astype(np.float64)
                    np.add.at(dense, (at, listed[listed_at]), kept)
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
    scales = take(np.float32, 1)[:, None] if info.dtype in SCALED else 1
    y = take(OUTPUT[info.output], 2)
    if info.schedule.get("split_k", 1) > 1:
        take(np.float32, 1).fill(1)
        take(np.int32, 1).fill(wrong)
    if rest:
        raise ValueError(f"{len(rest)} words are left")
    shape = len(y), len(x)
    product = _dense(info, values, metadata, columns, offsets, shape) @ x.astype(float)
    y[rows] = (product * scales + wrong).astype(y.dtype)
