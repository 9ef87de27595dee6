#!/usr/bin/env python3
r"""Time hinm's kernels beside cuBLAS and cuSPARSELt, where there is a GPU and PyTorch.

    python benchmarks/kernels/bench_kernels.py .bundle --out results.csv \
        --trials trials.csv
    python benchmarks/kernels/kernel_report.py results.csv docs/results/kernels

`.bundle` comes from build_kernels.py and needs no LLVM. All contenders of a case get
the same activations and are timed by turns (CUDA events, L2 flushed before every
launch); ours are checked against a product in f32. What a library cannot do is left out
and said so.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import functools
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch

from cases import SHAPES, SPARSITIES, TILES, TOKENS, Case, all_cases
from cutlass import Cutlass
from driver import (
    MAX_SHARED_BYTES,
    Driver,
    Kernel,
    KernelInfo,
    MemRef,
    read_manifest,
)
from machine import driver_version, sm_clock
from packed import random_packed
from roof import CHIPS, H200, Chip, compute_roof, measured_chip
from spatha import Spatha

Launch = Callable[[], None]
#: The library of --spatha.
SPATHA: Spatha | None = None
#: The library of --cutlass.
CUTLASS: Cutlass | None = None
DTYPES = {"f16": torch.float16, "bf16": torch.bfloat16}
OTHERS = ("cublas", "cusparselt", "semi_structured", "spatha", "cutlass")
#: Tokens of a row of X are padded to 16 bytes.
TOKEN_MULTIPLE = 8
#: Largest relative error (Frobenius) against f32 that counts as right.
BOUND = {"f16": 2e-3, "bf16": 1.6e-2}


@dataclass(frozen=True)
class Row:
    """One line of the results.

    Attributes:
        case..dtype: the product (cases.Case).
        contender: "hinm", "cublas", "cusparselt", "semi_structured", "spatha" or
            "cutlass".
        kernel: which of our kernels; empty for others.
        median_us, best_us, p90_us: microseconds of one launch.
        error: relative, Frobenius, against f32.
        floor_us, bound: the roof of the case, and what makes it (roof.py).
        clock_mhz: of the SMs, after the case.
    """

    case: str
    rows: int
    columns: int
    tokens: int
    sparsity: float
    tile: int
    dtype: str
    contender: str
    kernel: str
    median_us: float
    best_us: float
    p90_us: float
    error: float
    floor_us: float
    bound: str
    clock_mhz: int


@functools.cache
def flush_buffer() -> torch.Tensor:
    """Memory that takes L2's place when it is written."""
    size = torch.cuda.get_device_properties(0).L2_cache_size
    return torch.empty(4 * max(size, 1 << 26), dtype=torch.int8, device="cuda")


def measure(launches: dict[str, Launch], count: int) -> dict[str, list[float]]:
    """Microseconds of `count` launches of each, by turns, L2 flushed before each."""
    for launch in launches.values():
        for _ in range(3):
            launch()
    events: dict[str, list[tuple[torch.cuda.Event, torch.cuda.Event]]] = {
        name: [] for name in launches
    }
    for _ in range(count):
        for name, launch in launches.items():
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            flush_buffer().zero_()
            begin.record()
            launch()
            end.record()
            events[name].append((begin, end))
    torch.cuda.synchronize()
    return {
        name: [1e3 * begin.elapsed_time(end) for begin, end in pairs]
        for name, pairs in events.items()
    }


def memref(tensor: torch.Tensor) -> MemRef:
    """A tensor on the GPU as a kernel's argument."""
    return MemRef(tensor.data_ptr(), tuple(tensor.shape))


@functools.lru_cache(maxsize=1)
def packed_weight(case: Case) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The packed arrays of a case's weight on the GPU, and the weight, in f32."""
    packed = random_packed(case)
    arrays = [
        torch.from_numpy(packed.values).cuda().to(DTYPES[case.dtype]),
        *(
            torch.from_numpy(array).cuda()
            for array in (
                packed.metadata.view("int32"),
                packed.columns.view("int16"),
                packed.tile_offsets,
            )
        ),
    ]
    return arrays, torch.from_numpy(packed.dense).cuda()


def structured(rows: int, columns: int, dtype: str) -> torch.Tensor:
    """A random 2:4 weight."""
    groups = torch.randn(rows, columns // 4, 4, device="cuda")
    keep = torch.zeros_like(groups).scatter_(2, groups.abs().topk(2, 2).indices, 1)
    return (groups * keep).view(rows, columns).to(DTYPES[dtype])


@functools.lru_cache(maxsize=1)
def cutlass_weight(rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The 2:4 weight that CUTLASS is given, and the same in f32."""
    weight = structured(rows, columns, "f16")
    return weight, weight.float()


class Product:
    """The operands of a case on the GPU, and the contenders."""

    def __init__(self, case: Case) -> None:
        """Draws X and takes the case's weight."""
        self.case = case
        dtype = DTYPES[case.dtype]
        torch.manual_seed(0)
        padded = -(-case.tokens // TOKEN_MULTIPLE) * TOKEN_MULTIPLE
        x = torch.randn(case.columns, padded, device="cuda")
        self.x = x.to(dtype)
        self.weight, dense = packed_weight(replace(case, tokens=0))
        self.reference = dense @ self.x.float()
        self.y = torch.empty(case.rows, padded, dtype=dtype, device="cuda")
        # What libraries write to, whose addresses their launches hold.
        self.kept_alive: list[torch.Tensor] = []

    def hinm(self, kernel: Kernel) -> Launch:
        """One of our kernels."""
        stream = torch.cuda.current_stream().cuda_stream
        arguments = [memref(array) for array in self.weight]
        x, y = memref(self.x), memref(self.y)
        floats, words = kernel.workspace(*self.y.shape)
        shared = [
            torch.empty(floats, device="cuda"),
            torch.zeros(words, dtype=torch.int32, device="cuda"),
        ]
        workspace = [memref(array) for array in shared] if words else []
        # Nothing but the launch is between the events.
        prepared = kernel.prepare(arguments, x, None, y, workspace)

        def launch(_held: object = shared) -> None:
            prepared(stream)

        return launch

    def cublas(self) -> Launch:
        """The dense product, in the faster of the two layouts of X."""
        dtype = DTYPES[self.case.dtype]
        weight = torch.randn(self.case.rows, self.case.columns, device="cuda").to(dtype)
        x = self.x[:, : self.case.tokens].contiguous()
        turned = x.t().contiguous()
        by_column = torch.empty(
            self.case.rows, self.case.tokens, dtype=dtype, device="cuda"
        )
        by_token = torch.empty(
            self.case.tokens, self.case.rows, dtype=dtype, device="cuda"
        )
        launches = {
            "features": lambda: torch.mm(weight, x, out=by_column),
            "tokens": lambda: torch.mm(turned, weight.t(), out=by_token),
        }
        times = measure(launches, 10)
        return launches[min(times, key=lambda name: statistics.median(times[name]))]

    def _structured(self) -> torch.Tensor:
        """A 2:4 weight of the case's shape."""
        return structured(self.case.rows, self.case.columns, self.case.dtype)

    def cusparselt(self) -> Launch:
        """2:4 by cuSPARSELt, with its own search for an algorithm."""
        compressed = torch._cslt_compress(self._structured())
        x = self.x
        algorithm = torch._cslt_sparse_mm_search(compressed, x)
        return lambda: torch._cslt_sparse_mm(compressed, x, alg_id=algorithm)

    def semi_structured(self) -> Launch:
        """2:4 as PyTorch offers it."""
        weight = torch.sparse.to_sparse_semi_structured(self._structured())
        x = self.x
        return lambda: torch.mm(weight, x)

    def spatha(self) -> Launch:
        """V:2:M by VENOM's Spatha, the fastest of its kernels."""
        if SPATHA is None:
            raise ValueError("not given (--spatha)")
        stream = torch.cuda.current_stream().cuda_stream
        y = torch.empty_like(self.y)
        self.kept_alive.append(y)
        launches = SPATHA.launches(
            self.case, self.x.shape[1], self.x.data_ptr(), y.data_ptr(), stream
        )
        times = measure(launches, 5)
        return launches[min(times, key=lambda name: statistics.median(times[name]))]

    def cutlass(self) -> Launch:
        """2:4 by CUTLASS, the fastest of its kernels, each of which must be right."""
        if CUTLASS is None:
            raise ValueError("not given (--cutlass)")
        CUTLASS.check(self.case)
        weight, reference = cutlass_weight(self.case.rows, self.case.columns)
        stream = torch.cuda.current_stream().cuda_stream
        y = torch.empty_like(self.y)
        self.kept_alive.append(y)
        launches = CUTLASS.launches(
            self.case, weight.data_ptr(), self.x.shape[1], self.x.data_ptr(),
            y.data_ptr(), stream,
        )  # fmt: skip
        product = reference @ self.x.float()
        for name, launch in list(launches.items()):
            y.fill_(float("nan"))
            launch()
            torch.cuda.synchronize()
            off = torch.linalg.norm(y.float() - product) / torch.linalg.norm(product)
            if not off <= BOUND[self.case.dtype]:
                print(f"{name} is off by {off:.1e} on {self.case}", file=sys.stderr)
                del launches[name]
        times = measure(launches, 5)
        return launches[min(times, key=lambda name: statistics.median(times[name]))]

    def error(self, launch: Launch) -> float:
        """How far our kernel is off."""
        self.y.fill_(float("nan"))
        launch()
        torch.cuda.synchronize()
        difference = torch.linalg.norm(self.y.float() - self.reference)
        return float(difference / torch.linalg.norm(self.reference))


def fitting(
    kernels: list[KernelInfo], case: Case, shared_bytes: int = MAX_SHARED_BYTES
) -> Iterator[KernelInfo]:
    """Our kernels that make sense for a case, on a chip with so much shared memory."""
    for info in kernels:
        wide = info.schedule["tile_n"]
        if info.tile != case.tile or info.dtype != case.dtype:
            continue
        if wide > max(TOKEN_MULTIPLE, 2 * case.tokens) or (wide < 64 <= case.tokens):
            continue
        if info.window and (info.window, info.window_blocks) != (
            case.window, case.window_blocks
        ):  # fmt: skip
            continue
        # All of X in shared memory, where it fits.
        rows = case.columns if info.schedule.get("kernel") == "resident" else 0
        if rows * info.shared_bytes >= shared_bytes:
            continue
        yield info


def run_case(
    case: Case,
    loaded: dict[str, Kernel],
    kernels: list[KernelInfo],
    count: int,
    trials: dict[str, float],
    chip: Chip,
    shared_bytes: int,
) -> Iterator[Row]:
    """All contenders on one case; of our kernels the three best after a short trial.

    The trial's medians go into `trials`, by kernel.
    """
    product = Product(case)
    launches: dict[str, Launch] = {}
    errors: dict[str, float] = {}
    ours = {
        info.name: product.hinm(loaded[info.name])
        for info in fitting(kernels, case, shared_bytes)
    }
    samples = measure(ours, 5)
    trials.update({name: statistics.median(samples[name]) for name in ours})
    best = sorted(ours, key=trials.__getitem__)[:3]
    for name in best:
        errors[name] = product.error(ours[name])
        if not errors[name] <= BOUND[case.dtype]:
            raise RuntimeError(f"{name} is off by {errors[name]:.1e} on {case}")
        launches[name] = ours[name]
    for other in OTHERS:
        try:
            launches[other] = getattr(product, other)()
            launches[other]()
            torch.cuda.synchronize()
        except (RuntimeError, ValueError, AttributeError) as error:
            launches.pop(other, None)
            print(f"{other}: {case}: {str(error).splitlines()[0]}", file=sys.stderr)
    times = measure(launches, count)
    roof = compute_roof(case, chip)
    clock = sm_clock()
    for name, samples in times.items():
        mine = name in ours
        yield Row(
            case.name, case.rows, case.columns, case.tokens, case.sparsity, case.tile,
            case.dtype, "hinm" if mine else name, name if mine else "",
            statistics.median(samples), min(samples),
            sorted(samples)[int(0.9 * len(samples))], errors.get(name, float("nan")),
            1e6 * roof.floor, roof.bound, clock,
        )  # fmt: skip


def about(folder: Path, chip: Chip, window: int) -> dict[str, str]:
    """Where and when, of which lists, and what the roof is of."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat("T", "minutes"),
        "gpu": torch.cuda.get_device_name(),
        "driver": driver_version(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": json.loads((folder / "manifest.json").read_text())["commit"],
        **({"window": str(window)} if window else {}),
        "roof": f"{chip.name}; {chip.said()}",
    }


def main() -> int:
    """Runs the cases that the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--trials", type=Path, help="times of all schedules, to tune by"
    )
    parser.add_argument("--spatha", type=Path, help="libspatha.so (peers/spatha.cu)")
    parser.add_argument(
        "--cutlass", type=Path, help="libcutlass_peer.so (peers/cutlass.cu)"
    )
    parser.add_argument(
        "--micro", type=Path, help="measured rates for the roof (micro_benchmarks.py)"
    )
    parser.add_argument("--shapes", nargs="+", choices=SHAPES)
    parser.add_argument("--tokens", type=int, nargs="+", default=list(TOKENS))
    parser.add_argument("--sparsities", type=float, nargs="+", default=list(SPARSITIES))
    parser.add_argument("--tiles", type=int, nargs="+", default=list(TILES))
    parser.add_argument("--dtypes", nargs="+", default=["f16"], choices=DTYPES)
    parser.add_argument("--window", type=int, default=0,
                        help="lists that go by windows of so many columns")  # fmt: skip
    parser.add_argument("--count", type=int, default=50, help="launches of each")
    arguments = parser.parse_args()
    if arguments.spatha:
        global SPATHA  # noqa: PLW0603
        SPATHA = Spatha(arguments.spatha)
    if arguments.cutlass:
        global CUTLASS  # noqa: PLW0603
        CUTLASS = Cutlass(arguments.cutlass)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.cuda.init()
    chip = CHIPS.get(torch.cuda.get_device_name(), H200)
    if arguments.micro:
        try:
            chip = measured_chip(arguments.micro, chip)
        except ValueError as error:
            print(f"bench_kernels: {error}", file=sys.stderr)
            return 1
    driver = Driver()
    shared_bytes = driver.attribute("shared_bytes")
    kernels = read_manifest(arguments.bundle)
    loaded = {info.name: driver.load(arguments.bundle, info) for info in kernels}
    head = "".join(
        f"# {key}: {value}\n"
        for key, value in about(arguments.bundle, chip, arguments.window).items()
    )
    trial_path = arguments.trials or Path(os.devnull)
    with (
        arguments.out.open("w", newline="") as results,
        trial_path.open("w", newline="") as trial_stream,
    ):
        results.write(head)
        trial_stream.write(head)
        writer = csv.DictWriter(results, [field.name for field in fields(Row)])
        writer.writeheader()
        case_keys = [field.name for field in fields(Case)]
        trial_writer = csv.writer(trial_stream)
        trial_writer.writerow([*case_keys, "kernel", "median_us"])
        for case in all_cases(
            arguments.shapes, tuple(arguments.tokens), tuple(arguments.sparsities),
            tuple(arguments.tiles), tuple(arguments.dtypes), arguments.window,
        ):  # fmt: skip
            trials: dict[str, float] = {}
            for row in run_case(
                case, loaded, kernels, arguments.count, trials, chip, shared_bytes
            ):
                writer.writerow(vars(row))
            for name, time in trials.items():
                trial_writer.writerow([*vars(case).values(), name, time])
            results.flush()
            trial_stream.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
