"""Kernels of a bundle through the CUDA driver, by ctypes: no toolkit, no compiler.

A bundle is what build_kernels.py makes: cubins, and manifest.json, which says how each
is launched. Memory and events are for the micro-benchmarks, which run without PyTorch.
"""

from __future__ import annotations

import ctypes
import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_DYNAMIC_SHARED_BYTES = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_STATIC_LIMIT = 48 * 1024
#: Shared memory of a block on the chip that has most.
MAX_SHARED_BYTES = 227 * 1024
#: CU_DEVICE_ATTRIBUTE_...
_ATTRIBUTES = {"sms": 16, "l2_bytes": 38, "shared_bytes": 97}
#: CU_TENSOR_MAP_DATA_TYPE_FLOAT16, ..._SWIZZLE_128B, and the bytes of a CUtensorMap.
_FLOAT16, _SWIZZLE_128B, _MAP_BYTES, _MAP_ALIGNMENT = 6, 3, 128, 64


class DriverError(RuntimeError):
    """The driver refused a call."""


@dataclass(frozen=True)
class KernelInfo:
    """One kernel of a bundle.

    Attributes:
        name: its symbol.
        file: the cubin, beside the manifest, compressed if it ends in .gz.
        chip: what it was compiled for.
        dtype: of W and X.
        output: of Y.
        tile: V.
        row_index: whether it stores its rows by an index.
        schedule: the parameters of #hinm.schedule; those left out are its defaults.
        threads: of a block.
        shared_bytes: of dynamic shared memory; 0 if it is static. The resident kernel
            takes as many for each channel of X.
        registers: of a thread.
        max_blocks: to launch, as they go on to further tiles; 0: one for each tile.
        window, window_blocks: by which the lists have to go, and k-blocks of a window;
            0: they need not.
        slab_places: of the slabs that its tiles share; 0: it has none.
        without: the stage that was left out of it (stages.py); its results are wrong.
        token_major: whether X is N×C and Y N×R.
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
    max_blocks: int = 0
    window: int = 0
    window_blocks: int = 0
    without: str = ""
    slab_places: int = 0
    token_major: bool = False

    @property
    def slab_tiles(self) -> int:
        """How many tiles of the weight share a slab."""
        return max(self.schedule["tile_m"] // self.tile, 1)

    @property
    def product(self) -> tuple[object, ...]:
        """What it has in common with those that differ in rows or stages only."""
        return (self.chip, self.tile, self.dtype, self.window, self.window_blocks,
                self.token_major, tuple(sorted(self.schedule.items())))  # fmt: skip


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


def read_cubin(path: Path) -> bytes:
    """The machine code of a kernel's file."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def read_micro(folder: Path) -> dict[str, Path]:
    """The cubins of the micro-benchmarks of a bundle, by subject."""
    entries = json.loads((folder / "manifest.json").read_text())
    return {
        subject: folder / file for subject, file in entries.get("micro", {}).items()
    }


class Driver:
    """libcuda, with the primary context of device 0, which PyTorch uses as well."""

    def __init__(self, library: str = "libcuda.so.1") -> None:
        """Loads the driver; raises OSError where there is none, and DriverError."""
        self._cuda = ctypes.CDLL(library)
        self._call("cuInit", ctypes.c_uint(0))
        self._device = ctypes.c_int()
        self._call("cuDeviceGet", ctypes.byref(self._device), ctypes.c_int(0))
        context = ctypes.c_void_p()
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), self._device)
        self._call("cuCtxSetCurrent", context)

    def _call(self, name: str, *arguments: Any) -> None:  # noqa: ANN401
        code = getattr(self._cuda, name)(*arguments)
        if code:
            text = ctypes.c_char_p()
            self._cuda.cuGetErrorString(ctypes.c_int(code), ctypes.byref(text))
            raise DriverError(f"{name}: {(text.value or b'unknown').decode()} ({code})")

    @property
    def name(self) -> str:
        """The device's."""
        text = ctypes.create_string_buffer(256)
        self._call("cuDeviceGetName", text, ctypes.c_int(256), self._device)
        return text.value.decode()

    def attribute(self, name: str) -> int:
        """One of the device's: "sms", "l2_bytes", or "shared_bytes" of a block."""
        value = ctypes.c_int()
        self._call(
            "cuDeviceGetAttribute", ctypes.byref(value),
            ctypes.c_int(_ATTRIBUTES[name]), self._device,
        )  # fmt: skip
        return value.value

    def load(self, folder: Path, info: KernelInfo) -> Kernel:
        """Loads a kernel of the bundle in `folder`."""
        module = self.load_module(folder / info.file)
        return Kernel(self, info, self.function(module, info.name))

    def load_module(self, path: Path) -> ctypes.c_void_p:
        """Loads a cubin."""
        module = ctypes.c_void_p()
        self._call(
            "cuModuleLoadData", ctypes.byref(module), ctypes.c_char_p(read_cubin(path))
        )
        return module

    def function(
        self, module: ctypes.c_void_p, name: str, shared_bytes: int = 0
    ) -> ctypes.c_void_p:
        """A kernel of a module, that may use so much dynamic shared memory."""
        function = ctypes.c_void_p()
        self._call(
            "cuModuleGetFunction", ctypes.byref(function), module, name.encode()
        )
        if shared_bytes > _STATIC_LIMIT:
            self.allow_shared(function, shared_bytes)
        return function

    def allow_shared(self, function: ctypes.c_void_p, shared_bytes: int) -> None:
        """Lets a function have more dynamic shared memory than is usual."""
        self._call(
            "cuFuncSetAttribute",
            function,
            ctypes.c_int(_MAX_DYNAMIC_SHARED_BYTES),
            ctypes.c_int(shared_bytes),
        )

    def prepare(
        self,
        function: ctypes.c_void_p,
        grid: tuple[int, int, int],
        threads: int,
        shared_bytes: int,
        words: Sequence[int | bytes],
    ) -> Callable[[int], None]:
        """A launch for a stream, which does nothing but that.

        The arguments are words of 64 bits, or structures.
        """
        storage = [
            ctypes.create_string_buffer(word, len(word))
            if isinstance(word, bytes)
            else ctypes.c_uint64(word & (1 << 64) - 1)
            for word in words
        ]
        pointers = (ctypes.c_void_p * len(storage))(
            *(ctypes.cast(ctypes.pointer(word), ctypes.c_void_p) for word in storage)
        )
        sizes = [
            ctypes.c_uint(size) for size in (*grid, threads, 1, 1, shared_bytes)
        ]

        def launch(stream: int, _held: object = storage) -> None:
            self._call(
                "cuLaunchKernel", function, *sizes, ctypes.c_void_p(stream), pointers,
                None,
            )  # fmt: skip

        return launch

    def launch(
        self,
        function: ctypes.c_void_p,
        grid: tuple[int, int, int],
        threads: int,
        shared_bytes: int,
        stream: int,
        words: Sequence[int | bytes],
    ) -> None:
        """Prepares a launch and does it."""
        self.prepare(function, grid, threads, shared_bytes, words)(stream)

    def allocate(self, size: int) -> int:
        """Address of so many bytes of device memory."""
        pointer = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
        return pointer.value

    def free(self, pointer: int) -> None:
        """Gives memory back."""
        self._call("cuMemFree_v2", ctypes.c_uint64(pointer))

    def copy_to(self, pointer: int, array: NDArray[Any]) -> None:
        """Copies a dense array to the device."""
        self._copy(pointer, array.ctypes.data, array.nbytes)

    def copy_from(self, array: NDArray[Any], pointer: int) -> None:
        """Fills a dense array from the device."""
        self._copy(array.ctypes.data, pointer, array.nbytes)

    def _copy(self, to: int, source: int, size: int) -> None:
        # Addresses are unified: the driver sees which one is the host's.
        self._call(
            "cuMemcpyAsync", ctypes.c_uint64(to), ctypes.c_uint64(source),
            ctypes.c_size_t(size), None,
        )  # fmt: skip
        self.synchronize()

    def fill(self, pointer: int, word: int, size: int) -> None:
        """Fills bytes, a multiple of four, with a word; does not wait."""
        self._call(
            "cuMemsetD32Async", ctypes.c_uint64(pointer), ctypes.c_uint(word),
            ctypes.c_size_t(size // 4), None,
        )  # fmt: skip

    def synchronize(self) -> None:
        """Waits for all that was asked of the default stream."""
        self._call("cuStreamSynchronize", None)

    def time(self, launch: Callable[[], None]) -> float:
        """Microseconds of a launch on the default stream, by events."""
        begin, end = ctypes.c_void_p(), ctypes.c_void_p()
        for event in (begin, end):
            self._call("cuEventCreate", ctypes.byref(event), ctypes.c_uint(0))
        self._call("cuEventRecord", begin, None)
        launch()
        self._call("cuEventRecord", end, None)
        self._call("cuEventSynchronize", end)
        milliseconds = ctypes.c_float()
        self._call("cuEventElapsedTime", ctypes.byref(milliseconds), begin, end)
        for event in (begin, end):
            self._call("cuEventDestroy_v2", event)
        return 1e3 * milliseconds.value

    def encode_tensor_map(
        self, pointer: int, shape: tuple[int, int], box: tuple[int, int]
    ) -> bytes:
        """A descriptor of a dense f16 matrix for TMA, swizzled by 128 bytes.

        Args:
            pointer: its address.
            shape: rows and columns.
            box: rows and columns of what one copy takes.
        """
        storage = ctypes.create_string_buffer(_MAP_BYTES + _MAP_ALIGNMENT)
        skip = -ctypes.addressof(storage) % _MAP_ALIGNMENT
        (rows, columns), (box_rows, box_columns) = shape, box
        self._call(
            "cuTensorMapEncodeTiled",
            ctypes.c_void_p(ctypes.addressof(storage) + skip),
            ctypes.c_int(_FLOAT16), ctypes.c_uint32(2), ctypes.c_uint64(pointer),
            # The innermost dimension first; the strides are of the others, in bytes.
            (ctypes.c_uint64 * 2)(columns, rows), (ctypes.c_uint64 * 1)(2 * columns),
            (ctypes.c_uint32 * 2)(box_columns, box_rows), (ctypes.c_uint32 * 2)(1, 1),
            # Not interleaved, swizzled, not promoted in L2, zeros outside.
            ctypes.c_int(0), ctypes.c_int(_SWIZZLE_128B), ctypes.c_int(0),
            ctypes.c_int(0),
        )  # fmt: skip
        return storage.raw[skip : skip + _MAP_BYTES]


class Arena:
    """Device memory that is given back together."""

    def __init__(self, driver: Driver) -> None:
        """Begins with none."""
        self.driver = driver
        self._pointers: list[int] = []

    def __enter__(self) -> Arena:
        """To be given back at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Gives all back."""
        self.driver.synchronize()
        while self._pointers:
            self.driver.free(self._pointers.pop())

    def empty(self, size: int) -> int:
        """Address of so many bytes."""
        self._pointers.append(self.driver.allocate(size))
        return self._pointers[-1]

    def upload(self, array: NDArray[Any]) -> int:
        """Address of a copy of an array."""
        array = np.ascontiguousarray(array)
        pointer = self.empty(array.nbytes)
        self.driver.copy_to(pointer, array)
        return pointer


@dataclass(frozen=True)
class Kernel:
    """A loaded kernel."""

    driver: Driver
    info: KernelInfo
    function: ctypes.c_void_p

    def grid(self, rows: int, tokens: int) -> tuple[int, int, int]:
        """Blocks for a product with R rows and N tokens."""
        schedule = self.info.schedule
        tiles = -(-rows // self.info.tile)
        x = -(-tiles * self.info.tile // schedule["tile_m"])
        cluster = schedule.get("cluster", 1)  # of blocks side by side
        y = -(-tokens // (schedule["tile_n"] * cluster)) * cluster
        if self.info.max_blocks:
            # All of them where they share the tiles.
            tiles = self.info.max_blocks if schedule.get("stream_k") else x * y
            return min(tiles, self.info.max_blocks), 1, 1
        return x, y, schedule.get("split_k", 1)

    def workspace(self, rows: int, tokens: int) -> tuple[int, int]:
        """Floats and zeroed words for sums of tiles that blocks share."""
        x, y, splits = self.grid(rows, tokens)
        schedule = self.info.schedule
        block = schedule["tile_m"] * schedule["tile_n"]
        if schedule.get("stream_k"):
            # Of two tiles that a block shares at most; warps are counted.
            warps = schedule["warps_m"] * schedule["warps_n"]
            return x * y * 2 * block, x * y * warps
        return (x * y * splits * block, x * y) if splits > 1 else (0, 0)

    def prepare(
        self, weight: Sequence[MemRef], x: MemRef, rows: MemRef | None, y: MemRef,
        workspace: Sequence[MemRef] = (), scales: MemRef | None = None,
        slabs: Sequence[MemRef] = (),
    ) -> Callable[[int], None]:  # fmt: skip
        """Y = W · X on a stream; `weight` is values, metadata, columns, tile offsets.

        X and Y are transposed where the kernel is token-major.

        `workspace` holds the two arrays of a split; the words are zero afterwards.
        `scales` has a number for each row of Y, and `rows` its place; `slabs` are the
        rows and places of a kernel that has them.
        """
        words: list[int] = []
        given = [*slabs, *(array for array in (rows, scales) if array)]
        for array in (*weight, x, *given, y, *workspace):
            words += array.arguments()
        of_x, of_y = x.shape, y.shape
        if self.info.token_major:
            of_x, of_y = of_x[::-1], of_y[::-1]
        shared = self.info.shared_bytes
        if self.info.schedule.get("kernel") == "resident":
            shared *= of_x[0]
        if shared > _STATIC_LIMIT:
            self.driver.allow_shared(self.function, shared)
        return self.driver.prepare(
            self.function, self.grid(*of_y), self.info.threads, shared, words
        )
