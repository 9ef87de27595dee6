"""VENOM's Spatha through peers/spatha.cu, which is built beside, not part of hinm."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cases import Case

#: Rows that share words of metadata, rows of a strip of values, kept weights of a step.
PAIR, STRIP, STEP = 32, 16, 16


def expand(
    values: NDArray[np.float16], metadata: NDArray[np.uint32],
    indices: NDArray[np.uint32], columns: int, group: int, tile: int,
) -> NDArray[np.int8]:  # fmt: skip
    """What a weight of Spatha stands for, (rows, columns).

    Each tile chooses four columns of every group, and each row two of the four. The
    order of the arrays is that in which its kernel reads them: of a step, two products
    of 16 rows each, of which every row of Y's 32 is of the other product or eight rows
    further in it.

    Args:
        values: small integers, of (strip, step, half of the step, row / 4, pair of kept
            weights, row mod 4, kept weight).
        metadata: of (32 rows, step, half of the step, row / 4, product), a nibble for
            each of a row's four groups, those of the product's later row above.
        indices: of (tile, group, four chosen), inside the group.
        columns: of the weight.
        group: M of V:2:M.
        tile: V.
    """
    groups = columns // group
    steps = 2 * groups // STEP
    rows = len(values) // (2 * groups)
    kept = values.reshape(rows // STRIP, steps, 2, 4, 4, 4, 2)
    kept = kept.transpose(0, 3, 5, 1, 2, 4, 6).reshape(rows, groups, 2)
    words = metadata.reshape(rows // PAIR, steps, 2, 8, 2, 1, 1)
    later, number = np.arange(2)[:, None], np.arange(4)
    shifts = (16 * later + 4 * number).astype(np.uint32)
    nibbles = (words >> shifts).transpose(0, 3, 4, 5, 1, 2, 6).reshape(rows, groups, 1)
    chosen = (nibbles >> np.array([0, 2], np.uint32) & 3).astype(np.int64)
    listed = indices.reshape(rows // tile, 1, groups, 4).astype(np.int64)
    listed = np.broadcast_to(listed, (rows // tile, tile, groups, 4))
    places = np.take_along_axis(listed.reshape(rows, groups, 4), chosen, axis=2)
    dense = np.zeros((rows, groups, group), np.int8)
    np.put_along_axis(dense, places, kept.astype(np.int8), axis=2)
    return dense.reshape(rows, columns)


class Spatha:
    """The library, and the weight that it was last asked for."""

    def __init__(self, path: Path) -> None:
        """Loads the library; raises OSError if it is none."""
        self._library = ctypes.CDLL(str(path.resolve()))
        pointer = ctypes.c_void_p
        for name, result, arguments in (
            ("configs", ctypes.c_int, [ctypes.c_int]),
            ("tokens", ctypes.c_int, []),
            ("create", pointer, [ctypes.c_int] * 4),
            ("destroy", None, [pointer]),
            ("values", pointer, [pointer]),
            ("metadata", pointer, [pointer]),
            ("indices", pointer, [pointer]),
            ("launch", ctypes.c_int, [pointer, ctypes.c_int, ctypes.c_int, pointer,
                                      pointer, pointer]),
        ):  # fmt: skip
            function = getattr(self._library, f"spatha_{name}")
            function.restype, function.argtypes = result, arguments
        self._key: tuple[int, int, int, int] | None = None
        self._weight: int | None = None
        self._dense: NDArray[np.int8] | None = None

    @staticmethod
    def group(case: Case) -> int:
        """M of V:2:M at the case's sparsity 1 − 2/M; ValueError if there is none."""
        size = 2 / (1 - case.sparsity)
        if case.dtype != "f16" or size != int(size) or case.columns % int(size):
            raise ValueError("no V:2:M of this sparsity, width or type")
        return int(size)

    def padded(self, tokens: int) -> int:
        """Tokens that it can multiply: it reads and writes whole blocks of them."""
        block = self._library.spatha_tokens()
        return -(-tokens // block) * block

    def _take(self, case: Case) -> int:
        """The weight of a case.

        Raises:
            ValueError: if it has no kernel for such a case.
        """
        key = (case.rows, case.columns, self.group(case), case.tile)
        if key != self._key:
            if self._weight:
                self._library.spatha_destroy(self._weight)
            self._weight = self._library.spatha_create(*key)
            self._key, self._dense = key, None
        if not self._weight:
            raise ValueError("no kernel for such rows, columns or tiles")
        return self._weight

    def dense(self, case: Case) -> NDArray[np.int8]:
        """What the weight of a case stands for, (rows, columns).

        Raises:
            ValueError: if it has no kernel for such a case.
        """
        weight = self._take(case)
        if self._dense is None:
            rows, columns, group, tile = self._key
            kept = rows * columns // group * 2

            def read(name: str, kind: type, size: int) -> NDArray:
                pointer = getattr(self._library, f"spatha_{name}")(weight)
                memory = (ctypes.c_char * (size * np.dtype(kind).itemsize))
                return np.frombuffer(memory.from_address(pointer), kind)

            self._dense = expand(
                read("values", np.float16, kept),
                read("metadata", np.uint32, kept // 16),
                read("indices", np.uint32, 2 * kept // tile),
                columns, group, tile,
            )  # fmt: skip
        return self._dense

    def launches(
        self, case: Case, tokens: int, x: int, y: int, stream: int
    ) -> dict[str, Callable[[], None]]:
        """All its kernels for a case, by name.

        Args:
            case: the product.
            tokens: columns of X and Y, as many as `padded` says.
            x: address of X on the GPU, f16, columns × tokens.
            y: address of Y, f16, rows × tokens.
            stream: to launch on.

        Raises:
            ValueError: if it has none for such a case, or so many tokens.
        """
        weight = self._take(case)
        if tokens != self.padded(tokens):
            raise ValueError(f"{tokens} tokens are no whole blocks")

        def make(config: int) -> Callable[[], None]:
            def launch() -> None:
                done = self._library.spatha_launch(weight, config, tokens, x, y, stream)
                if not done:
                    raise RuntimeError(f"kernel {config} was not launched")

            return launch

        count = self._library.spatha_configs(case.tile)
        return {f"spatha-{config}": make(config) for config in range(count)}
