"""VENOM's Spatha through peers/spatha.cu, which is built beside, not part of hinm."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

from cases import Case


class Spatha:
    """The library, and the weight that it was last asked for."""

    def __init__(self, path: Path) -> None:
        """Loads the library; raises OSError if it is none."""
        self._library = ctypes.CDLL(str(path.resolve()))
        self._library.spatha_create.restype = ctypes.c_void_p
        self._library.spatha_destroy.argtypes = [ctypes.c_void_p]
        self._library.spatha_launch.argtypes = [
            ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        self._key: tuple[int, int, int, int] | None = None
        self._weight: int | None = None

    @staticmethod
    def group(case: Case) -> int:
        """M of V:2:M at the case's sparsity 1 − 2/M; ValueError if there is none."""
        size = 2 / (1 - case.sparsity)
        if case.dtype != "f16" or size != int(size) or case.columns % int(size):
            raise ValueError("no V:2:M of this sparsity, width or type")
        return int(size)

    def launches(
        self, case: Case, tokens: int, x: int, y: int, stream: int
    ) -> dict[str, Callable[[], None]]:
        """All its kernels for a case, by name.

        Args:
            case: the product.
            tokens: columns of X and Y, with padding.
            x: address of X on the GPU, f16, columns × tokens.
            y: address of Y, f16, rows × tokens.
            stream: to launch on.

        Raises:
            ValueError: if it has none for such a case.
        """
        key = (case.rows, case.columns, self.group(case), case.tile)
        if key != self._key:
            if self._weight:
                self._library.spatha_destroy(self._weight)
            self._weight = self._library.spatha_create(*key)
            self._key = key
        if not self._weight:
            raise ValueError("no kernel for such rows, columns or tiles")
        weight = self._weight

        def make(config: int) -> Callable[[], None]:
            def launch() -> None:
                done = self._library.spatha_launch(weight, config, tokens, x, y, stream)
                if not done:
                    raise RuntimeError(f"kernel {config} was not launched")

            return launch

        count = self._library.spatha_configs(case.tile)
        return {f"spatha-{config}": make(config) for config in range(count)}
