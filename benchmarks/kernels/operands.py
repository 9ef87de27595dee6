"""The operands of a product in device memory, by the driver alone."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from driver import Arena, Kernel, MemRef
from elements import decode, encode, storage
from odd_shapes import Problem
from packed import random_packed
from slabs import make_slabs

#: Bytes on either side of Y that nothing may be written to, and what stands there. As a
#: float of any type it is not a number, or large.
GUARD, PATTERN = 4096, 0xFF


class Operands:
    """W, X and Y of a product, of small numbers, so that all sums are exact."""

    def __init__(self, arena: Arena, problem: Problem, seed: int = 0) -> None:
        """Draws and uploads them; the arena has to live as long."""
        case = problem.case
        packed = random_packed(case, seed, problem.kept_of)
        draw = np.random.default_rng(seed + 1)
        x = draw.integers(-4, 5, (case.columns, case.tokens)).astype(np.float32)
        self._arena = arena
        self._case = case
        self._output = case.element.output
        self._dense, self._drawn = packed.dense, x
        self._weight = [
            self._upload(encode(packed.values, case.dtype)),
            self._upload(packed.metadata),
            self._upload(packed.columns),
            self._upload(packed.tile_offsets),
        ]
        self._lists = packed.columns
        self._x = encode(x, case.dtype)
        self._order = draw.permutation(case.rows).astype(np.int32)
        self._rows = self._upload(self._order)
        self._scales = None
        if case.element.scaled:
            # Powers of two: nothing is rounded but Y.
            scales = draw.choice(np.float32([0.5, 1, 2]), case.rows)
            self._scales = self._upload(scales)
        self._scale_of = 1 if self._scales is None else scales
        self._bytes = case.rows * case.tokens * storage(self._output).itemsize
        self._memory = arena.empty(self._bytes + 2 * GUARD)
        self._indexed = self._is_turned = False
        self._words: tuple[int, int] | None = None

    @functools.cached_property
    def reference(self) -> NDArray[np.float64]:
        """Y in f64, without scales, by rows of W."""
        return self._dense.astype(np.float64) @ self._drawn

    def _upload(self, array: NDArray) -> MemRef:
        return MemRef(self._arena.upload(array), array.shape)

    def prepare(self, kernel: Kernel) -> Callable[[int], None]:
        """The launch of a kernel; Y, and what is around it, is no product yet."""
        case = self._case
        guarded = np.full(self._bytes + 2 * GUARD, PATTERN, np.uint8)
        self._arena.driver.copy_to(self._memory, guarded)
        self._is_turned = kernel.info.token_major
        y = MemRef(self._memory + GUARD, self._shape)
        floats, words = kernel.workspace(case.rows, case.tokens)
        workspace = []
        self._words = None
        if words:
            workspace = [
                MemRef(self._arena.empty(4 * floats), (floats,)),
                self._upload(np.zeros(words, np.int32)),
            ]
            self._words = workspace[1].pointer, words
        self._indexed = kernel.info.row_index
        slabs = []
        if kernel.info.slab_places:
            lists = self._lists.reshape(case.tiles, -1)
            made = make_slabs(
                lists, case.windows, kernel.info.slab_tiles, kernel.info.slab_places
            )
            slabs = [self._upload(made.rows), self._upload(made.places)]
        return kernel.prepare(
            self._weight, self._upload(self._x.T if self._is_turned else self._x),
            self._rows if self._indexed else None, y, workspace, self._scales, slabs,
        )  # fmt: skip

    @property
    def _shape(self) -> tuple[int, int]:
        """Of Y as it is stored."""
        case = self._case
        shape = case.rows, case.tokens
        return shape[::-1] if self._is_turned else shape

    def faults(self, rounding: float) -> list[str]:
        """What is wrong after the launch.

        Args:
            rounding: the largest relative error of an element.
        """
        driver = self._arena.driver
        driver.synchronize()
        memory = np.empty(self._bytes + 2 * GUARD, np.uint8)
        driver.copy_from(memory, self._memory)
        found = []
        around = np.concatenate([memory[:GUARD], memory[-GUARD:]])
        if (around != PATTERN).any():
            found.append(f"{int((around != PATTERN).sum())} bytes around Y are changed")
        stored = memory[GUARD:-GUARD].view(storage(self._output))
        y = decode(stored.reshape(self._shape), self._output)
        if self._is_turned:
            y = y.T
        if self._indexed:
            y = y[self._order]
        expected = self.reference * np.reshape(self._scale_of, (-1, 1))
        # Not "greater": a NaN is wrong.
        wrong = ~(np.abs(y - expected) <= rounding * np.abs(expected))
        if wrong.any():
            row, token = np.argwhere(wrong)[0]
            found.append(
                f"{int(wrong.sum())} of {wrong.size} elements are wrong, the first at "
                f"[{row}, {token}]: {y[row, token]:g}, not {expected[row, token]:g}"
            )
        if self._words:
            pointer, count = self._words
            words = np.empty(count, np.int32)
            driver.copy_from(words, pointer)
            if words.any():
                found.append("the words of the split are not zero again")
        return found
