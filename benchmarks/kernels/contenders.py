"""The contenders of a case: our kernels, and the libraries that PyTorch or we can call.

All multiply the same activations. Libraries are given every layout of X that they take,
and the fastest counts.
"""

from __future__ import annotations

import functools
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from cases import ELEMENTS, Case
from cutlass import Cutlass
from driver import Kernel, MemRef
from packed import random_packed
from slabs import make_slabs
from spatha import Spatha

Launch = Callable[[], None]

DTYPES = {
    "f16": torch.float16, "bf16": torch.bfloat16, "i8": torch.int8,
    "f8E4M3FN": torch.float8_e4m3fn, "f8E5M2": torch.float8_e5m2,
    "i32": torch.int32, "f32": torch.float32,
}  # fmt: skip
#: By type of Y: the largest relative error (Frobenius) that counts as right.
BOUND = {"f16": 2e-3, "bf16": 1.6e-2, "i32": 0.0, "f32": 1e-3}
#: Those beside ours.
OTHERS = ("cublas", "cusparselt", "semi_structured", "spatha", "cutlass")


class Gpu(Protocol):
    """Where launches are timed (timing.py)."""

    device: str
    stream: int

    def measure(
        self, launches: dict[str, Launch], count: int
    ) -> dict[str, list[float]]:
        """Microseconds of `count` launches of each."""

    def synchronize(self) -> None:
        """Waits for all launches."""


@dataclass(frozen=True)
class Libraries:
    """Those that are built beside; None if they are not there."""

    spatha: Spatha | None = None
    cutlass: Cutlass | None = None


def memref(tensor: torch.Tensor) -> MemRef:
    """A tensor on the GPU as a kernel's argument."""
    return MemRef(tensor.data_ptr(), tuple(tensor.shape))


@dataclass(frozen=True)
class Weight:
    """A packed weight on the GPU, and what it stands for.

    Attributes:
        arrays: values, metadata, columns, tile offsets.
        consecutive: the same with lists of neighbouring columns (of each window).
        dense: in f64.
        rows: a random order of the rows.
        scales: of the rows, if the type has them.
    """

    arrays: tuple[torch.Tensor, ...]
    consecutive: tuple[torch.Tensor, ...]
    dense: torch.Tensor
    rows: torch.Tensor
    scales: torch.Tensor | None


def _consecutive(case: Case, device: str) -> torch.Tensor:
    """Lists of neighbouring columns, as many for each tile as it keeps."""
    if case.window_blocks:
        # The first ones of each window: a slab has a place for what random lists have
        # in common, which is more.
        part = case.kept // case.windows
        windows = case.window * torch.arange(case.windows, device=device)[:, None]
        one = (windows + torch.arange(part, device=device)).flatten()
        return one.repeat(case.tiles, 1)
    # All of X for all tiles together.
    first = case.kept * torch.arange(case.tiles, device=device)[:, None]
    return (first + torch.arange(case.padded, device=device)) % case.columns


@functools.lru_cache(maxsize=1)
def packed_weight(case: Case, device: str) -> Weight:
    """The weight of a case, of which the tokens do not matter."""
    packed = random_packed(case)
    values, metadata, columns, offsets = (
        torch.from_numpy(array).to(device)
        for array in (
            packed.values, packed.metadata.view("int32"), packed.columns.view("int16"),
            packed.tile_offsets,
        )
    )  # fmt: skip
    values = values.to(DTYPES[case.dtype])
    straight = _consecutive(case, device)
    random = torch.Generator().manual_seed(0)
    return Weight(
        (values, metadata, columns, offsets),
        (values, metadata, straight.flatten().to(torch.int16), offsets),
        torch.from_numpy(packed.dense).to(device).double(),
        torch.randperm(case.rows, generator=random).to(device, torch.int32),
        torch.rand(case.rows, generator=random).add(0.5).to(device)
        if case.element.scaled
        else None,
    )


def random_operand(shape: tuple[int, int], dtype: str, device: str) -> torch.Tensor:
    """Numbers, of which none is likely to be zero."""
    if dtype == "i8":
        return torch.randint(-128, 128, shape, dtype=torch.int8, device=device)
    return torch.randn(shape, device=device).to(DTYPES[dtype])


@functools.lru_cache(maxsize=1)
def structured(rows: int, columns: int, dtype: str, device: str) -> torch.Tensor:
    """A random weight of N:M, 2:4 of most types.

    It is the same each time: libraries keep what they made of it.
    """
    random = torch.Generator(device).manual_seed(0)
    kept, group = ELEMENTS[dtype].kept, ELEMENTS[dtype].group
    groups = torch.randn(
        rows, columns // group, group, device=device, generator=random
    )
    largest = groups.abs().topk(kept, 2).indices
    keep = torch.zeros_like(groups).scatter_(2, largest, 1)
    scaled = 40 * groups if dtype == "i8" else groups
    return (scaled * keep).view(rows, columns).to(DTYPES[dtype])


@functools.lru_cache(maxsize=1)
def compressed(rows: int, columns: int, dtype: str, device: str) -> torch.Tensor:
    """The same as cuSPARSELt has it."""
    return torch._cslt_compress(structured(rows, columns, dtype, device))


#: cuSPARSELt's choice, by shape, tokens, type and layout: the search takes long.
_ALGORITHMS: dict[tuple[int, int, int, str, str], int] = {}


class Product:
    """The operands of a case on the GPU, and the contenders."""

    def __init__(self, case: Case, gpu: Gpu, libraries: Libraries) -> None:
        """Draws X and takes the case's weight."""
        self.case = case
        self.gpu = gpu
        self.libraries = libraries
        multiple = case.element.tokens
        padded = -(-case.tokens // multiple) * multiple
        torch.manual_seed(0)
        self.x = random_operand((case.columns, padded), case.dtype, gpu.device)
        self.turned = self.x.t().contiguous()
        self.weight = packed_weight(replace(case, tokens=0), gpu.device)
        self.reference = self.weight.dense @ self.x.double()
        if self.weight.scales is not None:
            self.reference *= self.weight.scales.double()[:, None]
        self.output = DTYPES[case.element.output]
        self.y = torch.empty(
            case.rows, padded, dtype=self.output, device=gpu.device
        )
        # Of kernels whose blocks share tiles: one runs at a time, and each writes its
        # sums before it reads them.
        self._sums = torch.empty(0, device=gpu.device)
        # What libraries write to, whose addresses their launches hold.
        self.kept_alive: list[torch.Tensor] = []

    def hinm(self, kernel: Kernel, consecutive: bool = False) -> Launch:
        """One of our kernels.

        Args:
            kernel: which.
            consecutive: columns as they come, and rows where they are: what an
                arbitrary order is compared with.
        """
        weight = self.weight
        rows = None
        if kernel.info.row_index:
            rows = weight.rows
            if consecutive:
                rows = torch.arange(len(rows), dtype=rows.dtype, device=rows.device)
        floats, words = kernel.workspace(*self.y.shape)
        if len(self._sums) < floats:
            self._sums = torch.empty(floats, device=self.gpu.device)
        held = [
            self._sums[:floats],
            torch.zeros(words, dtype=torch.int32, device=self.gpu.device),
        ]
        arrays = weight.consecutive if consecutive else weight.arrays
        info, slabs = kernel.info, []
        if info.slab_places:
            lists = arrays[2].cpu().numpy().view("uint16").reshape(self.case.tiles, -1)
            made = make_slabs(
                lists, self.case.windows, info.slab_tiles, info.slab_places
            )
            slabs = [
                torch.from_numpy(array.view("int16")).to(self.gpu.device)
                for array in (made.rows, made.places)
            ]
        # Nothing but the launch is between the events.
        prepared = kernel.prepare(
            [memref(array) for array in arrays],
            memref(self.x),
            None if rows is None else memref(rows),
            memref(self.y),
            [memref(array) for array in held] if words else [],
            None if weight.scales is None else memref(weight.scales),
            [memref(array) for array in slabs],
        )

        def launch(_held: object = (held, rows, slabs)) -> None:
            prepared(self.gpu.stream)

        return launch

    def error(self, launch: Launch, row_index: bool = False) -> float:
        """How far one of our kernels is off."""
        self.y.fill_(float("nan") if self.output.is_floating_point else -1)
        launch()
        self.gpu.synchronize()
        y = self.y[self.weight.rows.long()] if row_index else self.y
        return relative_error(y, self.reference)

    def _fastest(self, launches: dict[str, Launch], count: int = 5) -> Launch:
        times = self.gpu.measure(launches, count)
        return launches[min(times, key=lambda name: statistics.median(times[name]))]

    def _possible(self, makers: dict[str, Callable[[], Launch]]) -> Launch:
        """The fastest of what the library does; its last reason if it does nothing."""
        launches: dict[str, Launch] = {}
        reason: Exception = ValueError("nothing to try")
        for name, make in makers.items():
            try:
                launch = make()
                launch()
                self.gpu.synchronize()
                launches[name] = launch
            except (RuntimeError, ValueError, NotImplementedError) as error:
                reason = error
        if not launches:
            raise ValueError(str(reason))
        return self._fastest(launches, 10)

    def cublas(self) -> Launch:
        """The dense product, by either of its libraries, in any layout of X."""
        case = self.case
        dense = random_operand((case.rows, case.columns), case.dtype, self.gpu.device)
        x = self.x[:, : case.tokens].contiguous()
        turned = x.t().contiguous()
        if case.dtype == "i8":
            return self._possible(
                {
                    "features": lambda: lambda: torch._int_mm(dense, self.x),
                    "columns": lambda: lambda: torch._int_mm(dense, self.turned.t()),
                    "tokens": lambda: lambda: torch._int_mm(self.turned, dense.t()),
                }
            )
        if case.element.scaled:
            scales = self.weight.scales[None, :]
            ones = torch.ones(len(turned), 1, device=self.gpu.device)
            return self._possible(
                {
                    "tokens": lambda: lambda: torch._scaled_mm(
                        turned, dense.t(), ones, scales, out_dtype=self.output
                    )
                }
            )
        by_column = torch.empty(
            case.rows, case.tokens, dtype=self.output, device=self.gpu.device
        )
        by_token = by_column.t().contiguous()

        def make(library: str, features: bool) -> Callable[[], Launch]:
            def launch() -> None:
                torch.backends.cuda.preferred_blas_library(library)
                if features:
                    torch.mm(dense, x, out=by_column)
                else:
                    torch.mm(turned, dense.t(), out=by_token)

            return lambda: launch

        return self._possible(
            {
                f"{library} {features}": make(library, features)
                for library in ("cublas", "cublaslt")
                for features in (True, False)
            }
        )

    def cusparselt(self) -> Launch:
        """2:4 by cuSPARSELt, with its own search for an algorithm."""
        case = self.case
        shape = (case.rows, case.columns, case.dtype, self.gpu.device)
        output = None if self.output == self.x.dtype else self.output

        def make(layout: str, x: torch.Tensor) -> Callable[[], Launch]:
            def prepare() -> Launch:
                weight = compressed(*shape)
                key = (case.rows, case.columns, x.shape[1], case.dtype, layout)
                if key not in _ALGORITHMS:
                    _ALGORITHMS[key] = torch._cslt_sparse_mm_search(
                        weight, x, out_dtype=output
                    )
                algorithm = _ALGORITHMS[key]
                return lambda: torch._cslt_sparse_mm(
                    weight, x, out_dtype=output, alg_id=algorithm
                )

            return prepare

        layouts = {"features": self.x, "tokens": self.turned.t()}
        return self._possible({name: make(name, x) for name, x in layouts.items()})

    def semi_structured(self) -> Launch:
        """2:4 as PyTorch offers it."""
        case = self.case
        weight = torch.sparse.to_sparse_semi_structured(
            structured(case.rows, case.columns, case.dtype, self.gpu.device)
        )
        if case.element.scaled:
            one = torch.ones((), device=self.gpu.device)
            return lambda: torch._scaled_mm(
                weight, self.turned.t(), one, one, out_dtype=self.output
            )
        return self._possible(
            {
                "features": lambda: lambda: torch.mm(weight, self.x),
                "tokens": lambda: lambda: torch.mm(weight, self.turned.t()),
            }
        )

    def _right(
        self, launches: dict[str, Launch], y: torch.Tensor, product: torch.Tensor
    ) -> dict[str, Launch]:
        """Those of a library's kernels that write the product to Y.

        Raises:
            ValueError: if there are none.
        """
        found = {}
        for name, launch in launches.items():
            y.fill_(float("nan"))
            try:
                launch()
            except RuntimeError as error:
                print(f"{name}: {error}", file=sys.stderr)
                continue
            self.gpu.synchronize()
            off = relative_error(y, product)
            if off <= BOUND[self.case.element.output]:
                found[name] = launch
            else:
                print(f"{name} is off by {off:.1e} on {self.case}", file=sys.stderr)
        if not found:
            raise ValueError("none of its kernels is right")
        return found

    def spatha(self) -> Launch:
        """V:2:M by VENOM's Spatha, the fastest of its kernels that are right.

        It multiplies whole blocks of tokens: X is padded for it, and its time is that
        of the padded product.
        """
        case, library = self.case, self.libraries.spatha
        if library is None:
            raise ValueError("not given (--spatha)")
        dense = torch.from_numpy(library.dense(case)).to(self.gpu.device).double()
        more = library.padded(case.tokens) - case.tokens
        x = torch.nn.functional.pad(self.x[:, : case.tokens], (0, more))
        y = torch.empty(case.rows, x.shape[1], dtype=x.dtype, device=self.gpu.device)
        self.kept_alive += [x, y]
        launches = library.launches(
            case, x.shape[1], x.data_ptr(), y.data_ptr(), self.gpu.stream
        )
        return self._fastest(self._right(launches, y, dense @ x.double()), 10)

    def cutlass(self) -> Launch:
        """2:4 by CUTLASS, the fastest of its kernels, each of which must be right."""
        case = self.case
        if self.libraries.cutlass is None:
            raise ValueError("not given (--cutlass)")
        self.libraries.cutlass.check(case)
        weight = structured(case.rows, case.columns, case.dtype, self.gpu.device)
        y = torch.empty_like(self.y)
        self.kept_alive.append(y)
        launches = self.libraries.cutlass.launches(
            case, weight.data_ptr(), self.x.shape[1], self.x.data_ptr(), y.data_ptr(),
            self.gpu.stream,
        )  # fmt: skip
        product = weight.double() @ self.x.double()
        return self._fastest(self._right(launches, y, product))


def relative_error(y: torch.Tensor, reference: torch.Tensor) -> float:
    """By Frobenius norms, in f64."""
    difference = torch.linalg.norm(y.double() - reference)
    return float(difference / torch.linalg.norm(reference))
