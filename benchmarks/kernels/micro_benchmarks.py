#!/usr/bin/env python3
"""Measure what the roof is made of, where there is a GPU: no PyTorch, no toolkit.

    python benchmarks/kernels/micro_benchmarks.py .bundle --out micro.json
    python benchmarks/kernels/bench_kernels.py .bundle --micro micro.json ...

`.bundle` comes from build_kernels.py, with nvcc at hand. The kernels are those of
micro/*.cu; each checks its own result, and one that is wrong is said to be so, and
makes the exit status 1. Times are medians of single launches by CUDA events.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driver import Arena, Driver, DriverError, read_micro
from machine import driver_version, sm_clock
from micro_data import (
    ATOM,
    EXACT,
    STAGE_K,
    STAGE_ROWS,
    STAGES_PER_WAIT,
    WGMMA_ROWS,
    column_sums,
    mma_data,
    ring_sum,
    row_list,
    wgmma_data,
)

KIB, MIB = 1 << 10, 1 << 20
#: Tokens of X, two bytes each: a row is 8 KiB.
TOKENS = 4096
ROW_BYTES = 2 * TOKENS
#: Tokens and stages of the rings, as micro/gather_*.cu instantiate them.
CP_ASYNC_RINGS = ((64, 4), (64, 8), (128, 3), (128, 6), (192, 4), (256, 3), (256, 5))
CP_ASYNC_THREADS = 256
TMA_RINGS = ((64, 8), (128, 6), (256, 5))
#: Warps that issue, and rows of a box.
TMA_SHAPES = ((2, 1), (4, 1), (4, 8))
#: Bytes of a copy and stages, as micro/stream_bulk.cu instantiates them.
BULK_RINGS = (
    (2048, 16), (4096, 8), (4096, 16), (8192, 8), (8192, 16), (16384, 4), (16384, 8),
    (32768, 4),
)  # fmt: skip
BULK_THREADS = 160
#: Shared memory of a block that is not the ring's: barriers, and what a chip reserves.
REST_BYTES = 2048
#: Loads of a thread; threads and blocks of an SM.
LOADS = (("evict_first", 2), ("evict_first", 4), ("evict_first", 8), ("normal", 4),
         ("normal", 8))  # fmt: skip
LOAD_GRIDS = ((1024, 1), (1024, 2), (512, 4), (256, 8))
PROXY_VARIANTS = (
    "block_with", "block_without", "mbarrier_with", "mbarrier_without", "control",
)  # fmt: skip


@dataclass(frozen=True)
class Measurement:
    """One kernel, launched in one way.

    Attributes:
        subject: the file of micro/ that it is in.
        kernel: its symbol.
        parameters: how it was launched.
        unit: of the work, "MAC" (of 2:4 operands as if they were dense), "B" or
            "mismatches".
        work: of a launch.
        median_us, best_us: microseconds of a launch.
        rate: work a second, by the median.
        per_clock: work of one SM in one of its clocks, by the slowest block.
        clock_mhz: of the SMs while it ran, by clocks and microseconds; 0 if the
            kernel does not count clocks.
        right: whether the result was what it must be; None if it may be anything.
    """

    subject: str
    kernel: str
    parameters: dict[str, int]
    unit: str
    work: float
    median_us: float
    best_us: float
    rate: float
    per_clock: float
    clock_mhz: float
    right: bool | None


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        count: launches of each.
        iterations: of the tensor cores' loops.
        sets: MiB of X that the gathers read, each a power of two.
        gathered: bytes that a block gathers in a launch.
        stream: MiB that the streams read.
        probes: stages that a block of the probe of the fence multiplies.
    """

    count: int
    iterations: int
    sets: tuple[int, ...]
    gathered: int
    stream: int
    probes: int


class Bench:
    """The device, the kernels, and how they are timed."""

    def __init__(
        self, driver: Driver, cubins: dict[str, Path], options: Options
    ) -> None:
        """Loads the cubins."""
        self.driver = driver
        self.options = options
        self.sms = driver.attribute("sms")
        self.l2_bytes = driver.attribute("l2_bytes")
        self.shared_bytes = driver.attribute("shared_bytes")
        self._modules = {
            subject: driver.load_module(path) for subject, path in cubins.items()
        }

    def fits(self, ring: int, blocks: int = 1) -> bool:
        """Whether so many blocks of an SM may each have a ring of so many bytes."""
        return blocks * (ring + REST_BYTES) <= self.shared_bytes + REST_BYTES

    def has(self, subject: str) -> bool:
        """Whether the bundle has the subject's kernels (not every chip can)."""
        return subject in self._modules

    def measure(
        self, arena: Arena, subject: str, kernel: str, *, work: float, unit: str,
        blocks: int, threads: int, shared: int, parameters: dict[str, int],
        words: Callable[[int], list[int | bytes]], check: Callable[[], bool | None],
        prepare: Callable[[], None] = lambda: None,
    ) -> Measurement:  # fmt: skip
        """Times a kernel, and looks at what the last launch has left.

        Args:
            arena: for the clocks.
            subject: the kernel's file.
            kernel: its symbol.
            work: of a launch, in `unit`.
            unit: see Measurement.
            blocks: of the grid.
            threads: of a block.
            shared: bytes of dynamic shared memory.
            parameters: for the record.
            words: the arguments; is given where a block stores its clocks.
            check: whether the result is right.
            prepare: before each launch, not timed.
        """
        function = self.driver.function(self._modules[subject], kernel, shared)
        cycles = np.zeros(blocks, np.uint64)
        address = arena.upload(cycles)
        arguments = words(address)

        def launch() -> None:
            self.driver.launch(
                function, (blocks, 1, 1), threads, shared, 0, arguments
            )

        times = []
        for repetition in range(self.options.count + 2):
            prepare()
            time = self.driver.time(launch)
            # The first two warm up.
            if repetition >= 2:
                times.append(time)
        median = statistics.median(times)
        self.driver.copy_from(cycles, address)
        slowest = int(cycles.max())
        return Measurement(
            subject, kernel, parameters, unit, work, median, min(times),
            1e6 * work / median,
            work / (self.sms * slowest) if slowest else 0.0,
            slowest / median, check(),
        )  # fmt: skip

    def equal(self, pointer: int, expected: NDArray[Any], copies: int) -> bool:
        """Whether all copies of an array on the device are what is expected.

        Raises:
            ValueError: if the expected sums are too large to be exact.
        """
        if np.abs(expected).max() >= EXACT:
            raise ValueError("so many iterations leave sums that are not exact in f32")
        found = np.empty((copies, *expected.shape), expected.dtype)
        self.driver.copy_from(found, pointer)
        return bool((found == expected).all())


def measure_mma(bench: Bench) -> Iterator[Measurement]:
    """mma.sp, ordered and plain, and the dense mma, by tile of a warp and warps."""
    iterations = bench.options.iterations
    for slabs, columns in ((1, 1), (2, 2), (2, 4), (4, 4)):
        data = mma_data(slabs, columns)
        for kind in ("sp_ordered", "sp_plain", "dense"):
            sums = data.dense if kind == "dense" else data.sparse
            macs = 16 * 8 * (16 if kind == "dense" else 32)
            for warps in (1, 4, 8, 16):
                copies = bench.sms * warps
                with Arena(bench.driver) as arena:
                    out = arena.empty(copies * sums.nbytes)
                    inputs = [
                        arena.upload(array) for array in (data.a, data.b, data.metadata)
                    ]
                    yield bench.measure(
                        arena, "mma_sp", f"mma_{kind}_{slabs}x{columns}",
                        # Twice, once with each selector.
                        work=copies * iterations * 2 * slabs * columns * macs,
                        unit="MAC", blocks=bench.sms, threads=32 * warps, shared=0,
                        parameters={"warps": warps},
                        words=lambda clocks, head=(*inputs, out): [
                            *head, clocks, iterations
                        ],
                        check=lambda out=out, sums=sums, copies=copies: bench.equal(
                            out, np.float32(iterations) * sums, copies
                        ),
                    )  # fmt: skip


def measure_wgmma(bench: Bench) -> Iterator[Measurement]:
    """wgmma.sp with A from shared memory and from registers, and dense, by N."""
    # A product of a warpgroup is as much as 16 of mma.sp and more.
    iterations = max(1, bench.options.iterations // 8)
    for n in (64, 128, 256):
        data = wgmma_data(n)
        for kind in ("sp_ss", "sp_rs", "dense"):
            sums = data.dense if kind == "dense" else data.sparse
            depth = STAGE_K // 2 if kind == "dense" else STAGE_K
            for groups in (1, 2):
                copies = bench.sms * groups
                with Arena(bench.driver) as arena:
                    out = arena.empty(copies * sums.nbytes)
                    arrays = (
                        (data.a, data.b)
                        if kind == "dense"
                        else (data.a, data.fragments, data.b, data.metadata)
                    )
                    inputs = [arena.upload(array) for array in arrays]
                    yield bench.measure(
                        arena, "wgmma_sp", f"wgmma_{kind}_{n}",
                        work=copies * iterations * STAGES_PER_WAIT * WGMMA_ROWS
                        * depth * n,
                        unit="MAC", blocks=bench.sms, threads=128 * groups,
                        shared=data.a.nbytes + data.b.nbytes,
                        parameters={"n": n, "warpgroups": groups},
                        words=lambda clocks, head=(*inputs, out): [
                            *head, clocks, iterations
                        ],
                        check=lambda out=out, sums=sums, copies=copies: bench.equal(
                            out, np.float32(iterations) * sums, copies
                        ),
                    )  # fmt: skip


def stage_bytes(tokens: int) -> int:
    """Of a ring for so many tokens."""
    return STAGE_ROWS * tokens * 2


def _measure_gather(
    bench: Bench, arena: Arena, x: NDArray[np.uint16], pointer: int,
    rows: NDArray[np.int32], listed: int, subject: str, kernel: str, threads: int,
    tokens: int, stages: int, shape: dict[str, int], box_rows: int,
) -> Measurement:  # fmt: skip
    """One ring of one gather; X is on the device at `pointer`, the list at `listed`."""
    stage = stage_bytes(tokens)
    iterations = max(stages, bench.options.gathered // stage)
    # A ring of three atoms leaves tokens over at the end of X.
    slabs = TOKENS // tokens
    blocks = bench.sms
    sums = arena.empty(4 * blocks)
    if subject == "gather_tma":
        head: list[int | bytes] = [
            bench.driver.encode_tensor_map(pointer, x.shape, (box_rows, ATOM)),
            listed, len(rows) // STAGE_ROWS, slabs,
        ]  # fmt: skip
    else:
        head = [pointer, listed, len(rows) // STAGE_ROWS, ROW_BYTES, slabs]

    def check() -> bool:
        found = np.empty(blocks, np.uint32)
        bench.driver.copy_from(found, sums)
        return all(
            int(found[block])
            == ring_sum(
                x[:, : slabs * tokens], rows, block, tokens, stages, iterations,
                box_rows,
            )
            for block in range(blocks)
        )  # fmt: skip

    return bench.measure(
        arena, subject, kernel, work=blocks * iterations * stage, unit="B",
        blocks=blocks, threads=threads, shared=stages * stage,
        parameters={"tokens": tokens, "stages": stages, "set_mib": x.nbytes // MIB,
                    **shape},
        words=lambda clocks: [*head, sums, clocks, iterations], check=check,
        prepare=lambda: bench.driver.fill(sums, 0, 4 * blocks),
    )  # fmt: skip


def measure_gathers(bench: Bench) -> Iterator[Measurement]:
    """Rows of X by cp.async and by TMA, by the length of a piece and the set."""
    draw = np.random.default_rng(0)
    for mib in bench.options.sets:
        x = draw.integers(
            1 << 32, size=(mib * MIB // ROW_BYTES, TOKENS // 2), dtype=np.uint32
        ).view(np.uint16)
        rows = row_list(len(x))
        with Arena(bench.driver) as data:
            pointer, listed = data.upload(x), data.upload(rows)
            for tokens, stages in CP_ASYNC_RINGS:
                if not bench.fits(stages * stage_bytes(tokens)):
                    continue
                with Arena(bench.driver) as arena:
                    yield _measure_gather(
                        bench, arena, x, pointer, rows, listed, "gather_cp_async",
                        f"gather_cp_async_{tokens}_s{stages}", CP_ASYNC_THREADS,
                        tokens, stages, {}, 1,
                    )  # fmt: skip
            if not bench.has("gather_tma"):
                continue
            for tokens, stages in TMA_RINGS:
                if not bench.fits(stages * stage_bytes(tokens)):
                    continue
                for warps, box_rows in TMA_SHAPES:
                    name = f"gather_tma_{tokens}_s{stages}_w{warps}_b{box_rows}"
                    with Arena(bench.driver) as arena:
                        yield _measure_gather(
                            bench, arena, x, pointer, rows, listed, "gather_tma", name,
                            32 * warps, tokens, stages,
                            {"warps": warps, "box_rows": box_rows}, box_rows,
                        )  # fmt: skip


def measure_proxy(bench: Bench) -> Iterator[Measurement]:
    """Wrong sums of wgmma after cp.async, with a fence between them and without."""
    draw = np.random.default_rng(0)
    iterations = bench.options.probes
    # More than an L1 holds: the copies come late.
    mib = 8
    x = draw.integers(-8, 9, (mib * MIB // ROW_BYTES, TOKENS)).astype(np.float16)
    rows = row_list(len(x))
    expected = column_sums(x, rows)
    with Arena(bench.driver) as arena:
        pointer, listed = arena.upload(x), arena.upload(rows)
        sums, count = arena.upload(expected), arena.empty(8)
        for variant in PROXY_VARIANTS:
            bench.driver.fill(count, 0, 8)
            found = np.zeros(1, np.uint64)
            blocks = 4 * bench.sms
            groups = 2 if variant.startswith("mbarrier") else 1

            def check(variant: str = variant, found: NDArray = found) -> bool | None:
                bench.driver.copy_from(found, count)
                # The rule is kept, or broken on purpose; else we only look.
                if variant.endswith("_with"):
                    return bool(found[0] == 0)
                return bool(found[0] > 0) if variant == "control" else None

            measured = bench.measure(
                arena, "proxy_fence", f"proxy_fence_{variant}",
                work=0, unit="mismatches", blocks=blocks, threads=128 * groups,
                shared=groups * STAGE_ROWS * 128,
                parameters={
                    "sums": blocks * iterations * WGMMA_ROWS * ATOM,
                    "launches": bench.options.count + 2,
                },
                words=lambda _: [
                    pointer, listed, len(rows) // STAGE_ROWS, ROW_BYTES,
                    TOKENS // ATOM, sums, count, iterations,
                ],
                check=check,
            )  # fmt: skip
            yield replace(measured, work=float(found[0]))


def measure_streams(bench: Bench) -> Iterator[Measurement]:
    """Weights from memory, once, by bulk copies and by loads, from a cold L2."""
    size = bench.options.stream * MIB
    draw = np.random.default_rng(0)
    part = draw.integers(1 << 32, size=min(size, 64 * MIB) // 4, dtype=np.uint32)
    copies = size // part.nbytes
    total = int(part.sum(dtype=np.uint64)) * copies % (1 << 32)
    with Arena(bench.driver) as data:
        weights, sum_ = data.empty(size), data.empty(4)
        for copy in range(copies):
            bench.driver.copy_to(weights + copy * part.nbytes, part)
        flushed = max(4 * bench.l2_bytes, 64 * MIB)
        flush = data.empty(flushed)

        def prepare() -> None:
            bench.driver.fill(flush, 0, flushed)
            bench.driver.fill(sum_, 0, 4)

        def check() -> bool:
            found = np.empty(1, np.uint32)
            bench.driver.copy_from(found, sum_)
            return int(found[0]) == total

        def run(
            subject: str, kernel: str, pieces: int, per_sm: int, threads: int,
            shared: int, parameters: dict[str, int],
        ) -> Measurement:  # fmt: skip
            with Arena(bench.driver) as arena:
                return bench.measure(
                    arena, subject, kernel, work=size, unit="B",
                    blocks=per_sm * bench.sms, threads=threads, shared=shared,
                    parameters=parameters | {"blocks_per_sm": per_sm},
                    words=lambda clocks: [weights, pieces, sum_, clocks],
                    check=check, prepare=prepare,
                )  # fmt: skip

        if bench.has("stream_bulk"):
            for chunk, stages in BULK_RINGS:
                for per_sm in (1, 2):
                    if bench.fits(chunk * stages, per_sm):
                        yield run(
                            "stream_bulk", f"stream_bulk_{chunk}_s{stages}",
                            size // chunk, per_sm, BULK_THREADS, chunk * stages,
                            {"chunk": chunk, "stages": stages},
                        )  # fmt: skip
        for policy, loads in LOADS:
            for threads, per_sm in LOAD_GRIDS:
                yield run(
                    "stream_loads", f"stream_loads_{policy}_{loads}", size // 16,
                    per_sm, threads, 0, {"loads": loads, "threads": threads},
                )  # fmt: skip


#: What can be asked for by --only, and the kernels that it needs.
BENCHMARKS = {
    "mma": (measure_mma, "mma_sp"),
    "wgmma": (measure_wgmma, "wgmma_sp"),
    "gather": (measure_gathers, "gather_cp_async"),
    "stream": (measure_streams, "stream_loads"),
    "proxy": (measure_proxy, "proxy_fence"),
}


def describe(measured: Measurement) -> str:
    """A line for the reader."""
    parameters = " ".join(f"{k}={v}" for k, v in measured.parameters.items())
    figure = (
        f"{measured.work:.0f} mismatches"
        if measured.unit == "mismatches"
        else f"{measured.rate / 1e12:8.2f} T{measured.unit}/s "
        f"{measured.per_clock:8.1f} {measured.unit}/clock/SM"
    )
    verdict = {True: "right", False: "WRONG", None: "-"}[measured.right]
    return (
        f"{measured.kernel:32} {parameters:44} {measured.median_us:10.1f} us {figure} "
        f"{measured.clock_mhz:6.0f} MHz {verdict}"
    )


def about(driver: Driver, folder: Path) -> dict[str, str]:
    """Where and when."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat("T", "minutes"),
        "gpu": driver.name,
        "driver": driver_version(),
        "clock_mhz": str(sm_clock()),
        "python": platform.python_version(),
        "commit": json.loads((folder / "manifest.json").read_text())["commit"],
    }


def main() -> int:
    """Runs what the flags ask for; 1 if a result was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS)
    parser.add_argument("--count", type=int, default=10, help="launches of each")
    parser.add_argument("--iterations", type=int, default=8192)
    parser.add_argument(
        "--sets", type=int, nargs="+", default=[4, 16, 32, 128, 512],
        help="MiB of X, each a power of two",
    )  # fmt: skip
    parser.add_argument("--gathered", type=int, default=32768, help="KiB of a block")
    parser.add_argument("--stream", type=int, default=1024, help="MiB")
    parser.add_argument("--probes", type=int, default=20000)
    arguments = parser.parse_args()
    cubins = read_micro(arguments.bundle)
    if not cubins:
        print(
            f"micro_benchmarks: {arguments.bundle} has no micro-benchmarks: build it "
            "with nvcc on the PATH, or $HINM_NVCC",
            file=sys.stderr,
        )
        return 1
    driver = Driver()
    options = Options(
        arguments.count, arguments.iterations, tuple(arguments.sets),
        arguments.gathered * KIB, arguments.stream, arguments.probes,
    )  # fmt: skip
    bench = Bench(driver, cubins, options)
    record: dict[str, Any] = {
        "version": 1, "provenance": about(driver, arguments.bundle), "results": [],
    }  # fmt: skip
    wrong = 0
    for name in arguments.only or BENCHMARKS:
        run, subject = BENCHMARKS[name]
        if not bench.has(subject):
            print(f"{name}: not on this chip", file=sys.stderr)
            continue
        try:
            for measured in run(bench):
                record["results"].append(asdict(measured))
                wrong += measured.right is False
                print(describe(measured), flush=True)
        except (DriverError, ValueError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            wrong += 1
        # What there is is kept, should a later one hang.
        arguments.out.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
