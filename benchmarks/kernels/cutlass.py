"""CUTLASS's 2:4 products through peers/cutlass.cu, built beside, not part of hinm."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

from cases import Case


class Cutlass:
    """The library, the weight that it was last given, and its products with an X."""

    def __init__(self, path: Path) -> None:
        """Loads the library; raises OSError if it is none."""
        self._library = ctypes.CDLL(str(path.resolve()))
        pointer = ctypes.c_void_p
        for name, result, arguments in (
            ("configs", ctypes.c_int, []),
            ("name", ctypes.c_char_p, [ctypes.c_int]),
            ("create", pointer, [ctypes.c_int, ctypes.c_int, pointer]),
            ("destroy", None, [pointer]),
            ("prepare", pointer, [pointer, ctypes.c_int, ctypes.c_int, pointer,
                                  pointer]),
            ("launch", ctypes.c_int, [pointer, pointer]),
            ("release", None, [pointer]),
        ):  # fmt: skip
            function = getattr(self._library, f"cutlass_{name}")
            function.restype, function.argtypes = result, arguments
        self._key: tuple[int, int] | None = None
        self._weight: int | None = None
        self._products: list[int] = []

    @staticmethod
    def check(case: Case) -> None:
        """ValueError if the case is not a plain 2:4 product in f16."""
        if case.sparsity != 0.5 or case.dtype != "f16":
            raise ValueError("plain 2:4 in f16 only")

    def launches(
        self, case: Case, weight: int, tokens: int, x: int, y: int, stream: int
    ) -> dict[str, Callable[[], None]]:
        """All its kernels for a case, by name; those of the case before are gone.

        Args:
            case: the product.
            weight: address of W on the GPU, f16, rows × columns, 2:4; it is read when
                the shape is another than the last time.
            tokens: columns of X and Y, with padding.
            x: address of X on the GPU, f16, columns × tokens.
            y: address of Y, f16, rows × tokens.
            stream: to launch on.

        Raises:
            ValueError: if it has none for such a case.
        """
        self.check(case)
        for product in self._products:
            self._library.cutlass_release(product)
        self._products = []
        key = (case.rows, case.columns)
        if key != self._key:
            if self._weight:
                self._library.cutlass_destroy(self._weight)
            self._weight = self._library.cutlass_create(*key, weight)
            self._key = key
        if not self._weight:
            raise ValueError("no kernel for such rows and columns, or a weight not 2:4")

        def make(name: str, product: int) -> Callable[[], None]:
            def launch() -> None:
                if not self._library.cutlass_launch(product, stream):
                    raise RuntimeError(f"{name} was not launched")

            return launch

        found = {}
        for config in range(self._library.cutlass_configs()):
            name = self._library.cutlass_name(config).decode()
            product = self._library.cutlass_prepare(self._weight, config, tokens, x, y)
            if product:
                self._products.append(product)
                found[f"cutlass-{name}"] = make(name, product)
        if not found:
            raise ValueError("no kernel for so many tokens")
        return found
