"""Kernels of a bundle through the CUDA driver, by ctypes: no toolkit, no compiler.

A bundle is what build_kernels.py makes: cubins, and manifest.json, which says how each
is launched.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAX_DYNAMIC_SHARED_BYTES = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_STATIC_LIMIT = 48 * 1024
#: Shared memory of a block on the chip that has most.
MAX_SHARED_BYTES = 227 * 1024


class DriverError(RuntimeError):
    """The driver refused a call."""


@dataclass(frozen=True)
class KernelInfo:
    """One kernel of a bundle.

    Attributes:
        name: its symbol.
        file: the cubin, beside the manifest.
        chip: what it was compiled for.
        dtype: of W and X, "f16" or "bf16".
        output: of Y.
        tile: V.
        row_index: whether it stores its rows by an index.
        schedule: the parameters of #hinm.schedule; those left out are its defaults.
        threads: of a block.
        shared_bytes: of dynamic shared memory; 0 if it is static. The resident kernel
            takes as many for each channel of X.
        registers: of a thread.
    """

    name: str
    file: str
    chip: str
    dtype: str
    output: str
    tile: int
    row_index: bool
    schedule: dict[str, Any]
    threads: int
    shared_bytes: int
    registers: int


@dataclass(frozen=True)
class MemRef:
    """An array in device memory, dense and row-major."""

    pointer: int
    shape: tuple[int, ...]

    def arguments(self) -> list[int]:
        """The words of MLIR's memref descriptor: pointers, offset, sizes, strides."""
        strides, step = [], 1
        for size in reversed(self.shape):
            strides.insert(0, step)
            step *= size
        return [self.pointer, self.pointer, 0, *self.shape, *strides]


def read_manifest(folder: Path) -> list[KernelInfo]:
    """The kernels of a bundle."""
    entries = json.loads((folder / "manifest.json").read_text())
    return [KernelInfo(**entry) for entry in entries["kernels"]]


class Driver:
    """libcuda, with the primary context of device 0, which PyTorch uses as well."""

    def __init__(self, library: str = "libcuda.so.1") -> None:
        """Loads the driver; raises OSError where there is none, and DriverError."""
        self._cuda = ctypes.CDLL(library)
        self._call("cuInit", ctypes.c_uint(0))
        device = ctypes.c_int()
        self._call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(0))
        context = ctypes.c_void_p()
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._call("cuCtxSetCurrent", context)

    def _call(self, name: str, *arguments: Any) -> None:  # noqa: ANN401
        code = getattr(self._cuda, name)(*arguments)
        if code:
            text = ctypes.c_char_p()
            self._cuda.cuGetErrorString(ctypes.c_int(code), ctypes.byref(text))
            raise DriverError(f"{name}: {(text.value or b'unknown').decode()} ({code})")

    def load(self, folder: Path, info: KernelInfo) -> Kernel:
        """Loads a kernel of the bundle in `folder`."""
        image = (folder / info.file).read_bytes()
        module = ctypes.c_void_p()
        self._call("cuModuleLoadData", ctypes.byref(module), ctypes.c_char_p(image))
        function = ctypes.c_void_p()
        self._call(
            "cuModuleGetFunction", ctypes.byref(function), module, info.name.encode()
        )
        return Kernel(self, info, function)

    def allow_shared(self, function: ctypes.c_void_p, shared_bytes: int) -> None:
        """Lets a function have more dynamic shared memory than is usual."""
        self._call(
            "cuFuncSetAttribute",
            function,
            ctypes.c_int(_MAX_DYNAMIC_SHARED_BYTES),
            ctypes.c_int(shared_bytes),
        )

    def launch(
        self,
        function: ctypes.c_void_p,
        grid: tuple[int, int, int],
        threads: int,
        shared_bytes: int,
        stream: int,
        words: Sequence[int],
    ) -> None:
        """Launches with 64-bit arguments."""
        storage = [ctypes.c_uint64(word & (1 << 64) - 1) for word in words]
        pointers = (ctypes.c_void_p * len(storage))(
            *(ctypes.cast(ctypes.pointer(word), ctypes.c_void_p) for word in storage)
        )
        self._call(
            "cuLaunchKernel",
            function,
            *(ctypes.c_uint(size) for size in grid),
            ctypes.c_uint(threads),
            ctypes.c_uint(1),
            ctypes.c_uint(1),
            ctypes.c_uint(shared_bytes),
            ctypes.c_void_p(stream),
            pointers,
            None,
        )


@dataclass(frozen=True)
class Kernel:
    """A loaded kernel."""

    driver: Driver
    info: KernelInfo
    function: ctypes.c_void_p

    def grid(self, rows: int, tokens: int) -> tuple[int, int, int]:
        """Blocks for a product with R rows and N tokens."""
        schedule = self.info.schedule
        blocks = self.info.tile // schedule["tile_m"]
        return (
            -(-rows // self.info.tile) * blocks,
            -(-tokens // schedule["tile_n"]),
            schedule.get("split_k", 1),
        )

    def workspace(self, rows: int, tokens: int) -> tuple[int, int]:
        """Floats and zeroed words that a split needs for such a product."""
        x, y, splits = self.grid(rows, tokens)
        if splits == 1:
            return 0, 0
        schedule = self.info.schedule
        return x * y * splits * schedule["tile_m"] * schedule["tile_n"], x * y

    def launch(
        self, weight: Sequence[MemRef], x: MemRef, rows: MemRef | None, y: MemRef,
        stream: int, workspace: Sequence[MemRef] = (),
    ) -> None:  # fmt: skip
        """Y = W · X; `weight` is values, metadata, columns and tile offsets.

        `workspace` holds the two arrays of a split; the words are zero afterwards.
        """
        words: list[int] = []
        for array in (*weight, x, *([rows] if rows else []), y, *workspace):
            words += array.arguments()
        shared = self.info.shared_bytes
        if self.info.schedule.get("kernel") == "resident":
            shared *= x.shape[0]
        if shared > _STATIC_LIMIT:
            self.driver.allow_shared(self.function, shared)
        self.driver.launch(
            self.function, self.grid(*y.shape), self.info.threads, shared, stream, words
        )
